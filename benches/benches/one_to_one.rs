//! Criterion bench: throughput with one producer and one consumer.
//!
//! An iteration is [`ITEMS`] items through a queue that all iterations of a
//! sample share. The contenders are timed one after the other, so ratios drift
//! with the machine: `compare` is the tool for ratios.

use contenders::{Shape, criterion_entry, peers};
use criterion::{BenchmarkId, Criterion, Throughput};
use std::process::ExitCode;

/// The items of one iteration.
const ITEMS: u64 = 10_000;

fn main() -> ExitCode {
    criterion_entry::enter(&[Shape::OneToOne], || {
        let mut criterion = Criterion::default().configure_from_args();
        let mut group = criterion.benchmark_group("one_to_one");
        group.throughput(Throughput::Elements(ITEMS));
        for entry in peers::fitting(Shape::OneToOne) {
            group.bench_function(BenchmarkId::new(entry.name, Shape::OneToOne), |bencher| {
                bencher.iter_custom(|iterations| {
                    entry
                        .time(Shape::OneToOne, iterations * ITEMS)
                        .unwrap_or_else(|error| panic!("{}: {error}", entry.name))
                });
            });
        }
        group.finish();
        criterion.final_summary();
    })
}
