//! Calls as a table: one column a process, events downwards.

use crate::linearizability::brief;
use crate::linearizability::history::{Call, History};
use crate::linearizability::spec::Spec;

/// Calls in a table, at most: the last ones.
const ROWS: usize = 32;

/// A line of a table.
struct Row {
    label: String,
    process: usize,
    text: String,
    note: String,
}

/// The calls `names` of `whole`, event by event; a line after position `at`; then
/// what the calls `later` did.
pub(crate) fn real_time<S: Spec>(
    spec: &S,
    whole: &History<S::Op, S::Ret>,
    names: &[usize],
    later: &[usize],
    at: u64,
) -> String {
    let shown = &names[names.len().saturating_sub(ROWS)..];
    let mut events: Vec<(u64, Row)> = Vec::new();
    for name in shown.iter().chain(later) {
        let call = &whole.calls()[*name];
        // A call that began and ended with nothing between has one line.
        let alone = |end: u64| {
            let between = |other: &Call<S::Op, S::Ret>| {
                [Some(other.invoked), other.returned]
                    .into_iter()
                    .flatten()
                    .any(|p| call.invoked < p && p < end)
            };
            let cut = call.invoked <= at && at < end;
            !cut && !shown.iter().chain(later).any(|other| other != name && between(&whole.calls()[*other]))
        };
        let row =
            |label: String, text: String| Row { label, process: call.process, text, note: String::new() };
        let begins = brief::call(spec.show(&call.op, None));
        match call.returned {
            Some(end) if alone(end) => {
                let text = brief::call(spec.show(&call.op, call.ret.as_ref()));
                events.push((call.invoked, row(format!("{}-{end}", call.invoked), text)));
            }
            Some(end) => {
                events.push((call.invoked, row(call.invoked.to_string(), format!("{begins} ..."))));
                let text = format!("... {}", brief::call(spec.show(&call.op, call.ret.as_ref())));
                events.push((end, row(end.to_string(), text)));
            }
            None => {
                let text = format!("{begins} ... never returns");
                events.push((call.invoked, row(call.invoked.to_string(), text)));
            }
        }
    }
    events.sort_by_key(|(position, _)| *position);
    let cut = events.partition_point(|(position, _)| *position <= at);
    let after = match cut == events.len() {
        true => "up to here it cannot be linearized, and nothing later concerns these calls",
        false => "up to here it cannot be linearized; afterwards:",
    };
    let rows: Vec<Row> = events.into_iter().map(|(_, row)| row).collect();
    print("event", &rows, names.len() - shown.len(), Some((cut, after)))
}

/// All calls of a history in a partial order, with those of other processes that
/// precede them.
pub(crate) fn partial<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, names: &[usize]) -> String {
    let calls = history.calls();
    let mut order: Vec<usize> = (0..calls.len()).collect();
    order.sort_by_key(|call| calls[*call].invoked);
    let rows: Vec<Row> = order
        .into_iter()
        .map(|at| {
            let call = &calls[at];
            let mut text = brief::call(spec.show(&call.op, call.ret.as_ref()));
            if call.returned.is_none() {
                text.push_str(" ... never returns");
            }
            let before = history.before().map_or(&[][..], |before| &before[at]);
            let others = before.iter().filter(|earlier| calls[**earlier].process != call.process);
            let list: Vec<String> = others.map(|earlier| format!("#{}", names[*earlier] + 1)).collect();
            let note = if list.is_empty() { String::new() } else { format!("after {}", list.join(", ")) };
            Row { label: format!("#{}", names[at] + 1), process: call.process, text, note }
        })
        .collect();
    print("call", &rows, 0, None)
}

/// `cell` and blanks. A width in a format string has a limit.
fn padded(cell: &str, width: usize) -> String {
    let blanks = width.saturating_sub(cell.chars().count());
    format!("{cell}{}", " ".repeat(blanks))
}

fn print(head: &str, rows: &[Row], left_out: usize, cut: Option<(usize, &str)>) -> String {
    let mut processes: Vec<usize> = rows.iter().map(|row| row.process).collect();
    processes.sort_unstable();
    processes.dedup();
    let heads: Vec<String> = processes.iter().map(|process| format!("process {process}")).collect();
    let longest = |process: usize, head: &str| {
        let of = rows.iter().filter(|row| row.process == process).map(|row| row.text.chars().count());
        of.chain([head.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> =
        processes.iter().zip(&heads).map(|(process, head)| longest(*process, head)).collect();
    let first = rows.iter().map(|row| row.label.len()).chain([head.len()]).max().unwrap_or(0);
    let mut table = String::new();
    let mut line = |label: &str, cells: &[&str], note: &str| {
        let mut text = format!("  {label:>first$}");
        for (cell, width) in cells.iter().zip(&widths) {
            text.push_str(" | ");
            text.push_str(&padded(cell, *width));
        }
        if !note.is_empty() {
            text.push_str(" | ");
            text.push_str(note);
        }
        table.push_str(text.trim_end());
        table.push('\n');
    };
    line(head, &heads.iter().map(String::as_str).collect::<Vec<_>>(), "");
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    line(&"-".repeat(first), &rule.iter().map(String::as_str).collect::<Vec<_>>(), "");
    let empty = vec![""; processes.len()];
    if left_out > 0 {
        line("...", &empty, &format!("{left_out} earlier calls"));
    }
    for (at, row) in rows.iter().enumerate() {
        if let Some((_, said)) = cut.filter(|(cut, _)| *cut == at) {
            line("====", &[], said);
        }
        let cells: Vec<&str> =
            processes.iter().map(|process| if *process == row.process { &*row.text } else { "" }).collect();
        line(&row.label, &cells, &row.note);
    }
    if let Some((_, said)) = cut.filter(|(cut, _)| *cut == rows.len()) {
        line("====", &[], said);
    }
    table
}

/// A scenario: what comes first, the lanes side by side, what comes last.
pub(crate) fn scenario(
    heads: &[String],
    init: &[(&str, usize, String)],
    parallel: &[Vec<String>],
    post: &[(&str, usize, String)],
) -> String {
    let aside = |row: &(&str, usize, String)| {
        let cells: Vec<String> =
            (0..heads.len()).map(|lane| if lane == row.1 { row.2.clone() } else { String::new() }).collect();
        (row.0.to_owned(), cells)
    };
    let mut rows: Vec<(String, Vec<String>)> = init.iter().map(aside).collect();
    rows.extend(parallel.iter().map(|cells| ("threads".to_owned(), cells.clone())));
    rows.extend(post.iter().map(aside));
    let width = |lane: usize| {
        rows.iter().map(|(_, cells)| cells[lane].chars().count()).chain([heads[lane].chars().count()]).max()
    };
    let widths: Vec<usize> = (0..heads.len()).filter_map(width).collect();
    let mut table = String::new();
    for (label, cells) in std::iter::once((String::new(), heads.to_vec())).chain(rows) {
        let cells: Vec<String> =
            cells.iter().zip(&widths).map(|(cell, width)| padded(cell, *width)).collect();
        table.push_str(format!("  {label:>7} | {}", cells.join(" | ")).trim_end());
        table.push('\n');
    }
    table
}
