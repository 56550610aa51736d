//! The rows, and how they are printed.

use crate::machine::Machine;
use crate::peers::Entry;
use crate::shape::{CAPACITY, Shape};
use crate::statistics::Estimate;
use serde::Serialize;
use std::fmt::Write as _;

/// The unit of `median`, `low` and `high`.
pub const UNIT: &str = "M items/s";

/// The share of the cores' time above which other processes are warned of.
const BUSY: f64 = 0.05;

/// What the numbers cannot tell, in the words that are printed below a table.
pub const FOOTNOTE: &str = "\
median: million items a second of a saturated queue, one u64 item a call.
[low, high]: 95 % order-statistic interval of the median.
ratio: median of the paired ratios to the best peer, round by round, with its interval;
       `tie` where the interval spans 1.0. The best peer is the one that is not ringwright's
       with the highest median here, so its figure is a little lucky.
Not told: latency, batches, large items, memory (crossbeam-seg-queue is unbounded), and your
load: work between the items hides most of these differences. With more threads than cores
the rows measure what a waiting thread does with its core more than the queue. Compare
ratios within one run, never figures of two.
";

/// A finished comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// What it ran on.
    pub machine: Machine,
    /// One row for each contender in each shape.
    pub rows: Vec<Row>,
    /// Ours against each peer. Only the table shows them.
    #[serde(skip)]
    pub paired_ratios: Vec<PairedRatio>,
}

/// One contender in one shape.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Row {
    /// Producers and consumers, such as `2p1c`.
    pub shape: String,
    /// The contender's name.
    pub contender: String,
    /// The version linked.
    pub version: String,
    /// Always [`UNIT`].
    pub unit: String,
    /// The median throughput.
    pub median: f64,
    /// The lower end of its 95 % interval.
    pub low: f64,
    /// The upper end of its 95 % interval.
    pub high: f64,
    /// The median of the paired ratios to the best peer; 1 for that peer.
    pub ratio_to_best_peer: f64,
    /// The lower end of its 95 % interval.
    pub ratio_low: f64,
    /// The upper end of its 95 % interval.
    pub ratio_high: f64,
    /// The number of rounds.
    pub rounds: usize,
    /// Whether the interval of the ratio spans 1.0. The best peer ties with
    /// itself.
    pub tie: bool,
}

/// One of ours against one peer, in one shape.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PairedRatio {
    /// The shape.
    pub shape: String,
    /// Ours.
    pub ours: &'static str,
    /// The peer.
    pub peer: &'static str,
    /// The paired ratio.
    pub ratio: Estimate,
}

/// The throughputs of one contender in one shape, round by round.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Series {
    /// The contender's name.
    pub name: &'static str,
    /// The version linked.
    pub version: String,
    /// Whether it is one of Ringwright's own.
    pub ours: bool,
    /// Million items a second, in the order of the rounds.
    pub rounds: Vec<f64>,
}

impl Series {
    /// The empty series of a contender.
    #[must_use]
    pub fn of(entry: &Entry) -> Series {
        Series { name: entry.name, version: entry.version(), ours: entry.is_ours(), rounds: Vec::new() }
    }
}

/// The rows of a shape, in the order of `series`.
///
/// # Panics
///
/// Panics if no series is a peer's, or if one is too short for an interval.
#[must_use]
pub fn rows(shape: Shape, series: &[Series]) -> Vec<Row> {
    let best = best_peer(series);
    series
        .iter()
        .map(|one| {
            let own = Estimate::of(&one.rounds);
            let ratio = Estimate::of_ratios(&one.rounds, &best.rounds);
            Row {
                shape: shape.to_string(),
                contender: String::from(one.name),
                version: one.version.clone(),
                unit: String::from(UNIT),
                median: own.median,
                low: own.low,
                high: own.high,
                ratio_to_best_peer: ratio.median,
                ratio_low: ratio.low,
                ratio_high: ratio.high,
                rounds: one.rounds.len(),
                tie: ratio.is_tie(),
            }
        })
        .collect()
}

/// Ours against each peer of a shape.
///
/// # Panics
///
/// Panics if a series is too short for an interval.
#[must_use]
pub fn paired_ratios(shape: Shape, series: &[Series]) -> Vec<PairedRatio> {
    let (ours, peers): (Vec<_>, Vec<_>) = series.iter().partition(|one| one.ours);
    let mut paired = Vec::new();
    for our in ours {
        for peer in &peers {
            paired.push(PairedRatio {
                shape: shape.to_string(),
                ours: our.name,
                peer: peer.name,
                ratio: Estimate::of_ratios(&our.rounds, &peer.rounds),
            });
        }
    }
    paired
}

/// The peer with the highest median.
fn best_peer(series: &[Series]) -> &Series {
    let median = |one: &Series| Estimate::of(&one.rounds).median;
    series
        .iter()
        .filter(|one| !one.ours)
        .max_by(|a, b| median(a).total_cmp(&median(b)))
        .expect("every shape has a peer")
}

/// The report as one JSON object.
#[must_use]
pub fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).expect("strings and finite numbers can be written")
}

/// The report as tables, one a shape, the fastest first.
#[must_use]
pub fn table(report: &Report) -> String {
    let mut text = String::new();
    let machine = &report.machine;
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{}, {} cores, {}\n{}, {}, {}\n{}, load {} before and {} after, capacity {CAPACITY}\nother processes used {} of the cores' time{}\npinning: {}",
        machine.cpu,
        machine.cores,
        machine.os,
        machine.rustc,
        machine.target,
        machine.profile,
        machine.date,
        shown(machine.load_before),
        shown(machine.load_after),
        machine
            .others
            .map_or_else(|| String::from("an unknown share"), |share| format!("{:.0} %", share * 100.0)),
        if machine.others.is_some_and(|share| share > BUSY) {
            ": THE MACHINE WAS BUSY, run again when it is not"
        } else {
            ""
        },
        machine.pinning,
    );
    for rows in report.rows.chunk_by(|a, b| a.shape == b.shape) {
        let shape = &rows[0].shape;
        shape_table(&mut text, rows);
        let paired: Vec<&PairedRatio> =
            report.paired_ratios.iter().filter(|pair| pair.shape == *shape).collect();
        paired_table(&mut text, &paired);
    }
    let _ = write!(text, "\n{FOOTNOTE}");
    text
}

fn shown(load: Option<f64>) -> String {
    load.map_or_else(|| String::from("unknown"), |load| format!("{load:.2}"))
}

fn shape_table(text: &mut String, rows: &[Row]) {
    let _ = writeln!(
        text,
        "\n{:<27}{:>9}{:>10}{:>21}{:>8}{:>17}  {} rounds",
        rows[0].shape, "version", UNIT, "[low, high]", "ratio", "[low, high]", rows[0].rounds
    );
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by(|a, b| b.median.total_cmp(&a.median));
    for row in sorted {
        let best = row.ratio_low == 1.0 && row.ratio_high == 1.0;
        let verdict = match (best, row.tie) {
            (true, _) => "best peer",
            (false, true) => "tie",
            (false, false) => "",
        };
        let line = format!(
            "{:<27}{:>9}{:>10.2}{:>21}{:>8.3}{:>17}  {verdict}",
            row.contender,
            row.version,
            row.median,
            format!("[{:.2}, {:.2}]", row.low, row.high),
            row.ratio_to_best_peer,
            format!("[{:.3}, {:.3}]", row.ratio_low, row.ratio_high),
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

fn paired_table(text: &mut String, paired: &[&PairedRatio]) {
    for ours in paired.chunk_by(|a, b| a.ours == b.ours) {
        let _ = writeln!(text, "  {} over", ours[0].ours);
        for pair in ours {
            let ratio = &pair.ratio;
            let tie = if ratio.is_tie() { "  tie" } else { "" };
            let _ = writeln!(
                text,
                "    {:<27}{:>8.3} [{:.3}, {:.3}]{tie}",
                pair.peer, ratio.median, ratio.low, ratio.high
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Report, Series, json, paired_ratios, rows, table};
    use crate::machine::Machine;
    use crate::shape::Shape;
    use serde_json::Value;

    fn series(name: &'static str, ours: bool, rounds: [f64; 6]) -> Series {
        Series { name, version: String::from("1.2.3"), ours, rounds: rounds.to_vec() }
    }

    fn three() -> Vec<Series> {
        vec![
            series("ringwright-x", true, [40.0, 44.0, 36.0, 40.0, 48.0, 40.0]),
            series("slow", false, [10.0, 11.0, 9.0, 10.0, 12.0, 10.0]),
            series("quick", false, [20.0, 22.0, 18.0, 20.0, 24.0, 20.0]),
        ]
    }

    fn report() -> Report {
        Report {
            machine: Machine::look(),
            rows: rows(Shape::TwoToOne, &three()),
            paired_ratios: paired_ratios(Shape::TwoToOne, &three()),
        }
    }

    #[test]
    fn the_best_peer_is_never_ours_and_everyone_is_measured_by_it() {
        let ratios: Vec<(f64, bool)> =
            rows(Shape::OneToOne, &three()).iter().map(|row| (row.ratio_to_best_peer, row.tie)).collect();
        assert_eq!(ratios, [(2.0, false), (0.5, false), (1.0, true)]);
    }

    #[test]
    fn ours_is_measured_against_each_peer() {
        let ratios: Vec<(&str, f64)> = paired_ratios(Shape::OneToOne, &three())
            .iter()
            .map(|pair| (pair.peer, pair.ratio.median))
            .collect();
        assert_eq!(ratios, [("slow", 4.0), ("quick", 2.0)]);
    }

    #[test]
    fn the_json_has_exactly_the_promised_fields() {
        let value: Value = serde_json::from_str(&json(&report())).expect("it is JSON");
        let fields = |value: &Value| -> Vec<String> {
            let mut names: Vec<String> =
                value.as_object().expect("it is an object").keys().cloned().collect();
            names.sort();
            names
        };
        assert_eq!(fields(&value), ["machine", "rows"]);
        let rows = value["rows"].as_array().expect("rows are an array");
        assert_eq!(rows.len(), 3);
        for row in rows {
            assert_eq!(
                fields(row),
                [
                    "contender",
                    "high",
                    "low",
                    "median",
                    "ratio_high",
                    "ratio_low",
                    "ratio_to_best_peer",
                    "rounds",
                    "shape",
                    "tie",
                    "unit",
                    "version"
                ]
            );
            for text in ["shape", "contender", "version", "unit"] {
                assert!(row[text].is_string(), "{text}");
            }
            let numbers = ["median", "low", "high", "ratio_to_best_peer"];
            for number in numbers.into_iter().chain(["ratio_low", "ratio_high"]) {
                assert!(row[number].is_f64(), "{number}");
            }
            assert_eq!(row["rounds"], 6);
            assert!(row["tie"].is_boolean());
            assert_eq!(row["shape"], "2p1c");
        }
        for field in ["cpu", "os", "rustc", "profile", "date"] {
            assert!(value["machine"][field].is_string(), "{field}");
        }
        assert!(value["machine"]["cores"].is_u64());
    }

    #[test]
    fn the_table_shows_every_row_the_fastest_first_and_the_footnote() {
        let text = table(&report());
        let place = |name: &str| text.find(&format!("\n{name} ")).expect(name);
        assert!(place("ringwright-x") < place("quick"));
        assert!(place("quick") < place("slow"));
        assert!(text.contains("best peer"));
        assert!(text.contains("Not told: latency"));
    }
}
