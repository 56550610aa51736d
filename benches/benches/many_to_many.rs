//! Criterion bench: throughput with several producers, consumers, or both.
//!
//! An iteration is [`ITEMS`] items through a queue that all iterations of a
//! sample share. The contenders are timed one after the other, so ratios drift
//! with the machine: `compare` is the tool for ratios.

use contenders::{Shape, criterion_entry, peers};
use criterion::{BenchmarkId, Criterion, Throughput};
use std::process::ExitCode;

/// The items of one iteration.
const ITEMS: u64 = 10_000;

/// Every shape but the one of `one_to_one`.
const SHAPES: [Shape; 4] = [Shape::TwoToOne, Shape::OneToTwo, Shape::TwoToTwo, Shape::FourToFour];

fn main() -> ExitCode {
    criterion_entry::enter(&SHAPES, || {
        let mut criterion = Criterion::default().configure_from_args();
        let mut group = criterion.benchmark_group("many_to_many");
        group.throughput(Throughput::Elements(ITEMS));
        for shape in SHAPES {
            for entry in peers::fitting(shape) {
                group.bench_function(BenchmarkId::new(entry.name, shape), |bencher| {
                    bencher.iter_custom(|iterations| {
                        entry
                            .time(shape, iterations * ITEMS)
                            .unwrap_or_else(|error| panic!("{}: {error}", entry.name))
                    });
                });
            }
        }
        group.finish();
        criterion.final_summary();
    })
}
