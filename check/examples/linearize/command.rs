//! The command without its `main`: from arguments to an exit code and what is printed.

use crate::arguments::{Arguments, SpecName, USAGE};
use ringwright_check::linearize::files::{self, Events, FileError};
use ringwright_check::linearize::{
    Counterexample, History, Keyed, Linearizability, Queue, Register, Set, Spec, Stack, explain_within,
};
use std::time::Instant;

/// How the command ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CommandResult {
    /// The exit code.
    pub(crate) code: u8,
    /// What it prints.
    pub(crate) output: String,
    /// What it prints on standard error.
    pub(crate) error: String,
}

impl CommandResult {
    fn refusal(error: impl Into<String>) -> CommandResult {
        CommandResult { code: 2, output: String::new(), error: error.into() }
    }
}

/// What came of the calls in a file.
struct CheckedFile {
    result: Linearizability<Counterexample>,
    calls: usize,
    /// Calls without a response.
    open: usize,
}

/// What the file says beside its calls.
struct FileNotes {
    /// Whether events are numbered by lines.
    lines: bool,
    skipped: usize,
    /// Who has which number, for clients with names.
    names: Vec<String>,
}

/// Runs the command with these arguments, without the program's name.
pub(crate) fn run(args: impl IntoIterator<Item = String>) -> CommandResult {
    let args: Vec<String> = args.into_iter().collect();
    if args.iter().any(|arg| arg == "--help" || arg == "-h") {
        return CommandResult { code: 0, output: USAGE.into(), error: String::new() };
    }
    let arguments = match Arguments::parse(args) {
        Ok(arguments) => arguments,
        Err(error) => return CommandResult::refusal(format!("{error}\n{USAGE}")),
    };
    let file = &arguments.file;
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => return CommandResult::refusal(format!("{file}: {error}")),
    };
    let started = Instant::now();
    let events = files::read(&bytes, arguments.format);
    let checked = events.and_then(|events| {
        let checked = check(&arguments, &events)?;
        let name = |(process, name)| format!("process {process} is {name:?}");
        let names = events.names().into_iter().map(name).collect();
        let lines = files::has_line_positions(&events);
        Ok((checked, FileNotes { lines, skipped: events.skipped(), names }))
    });
    match checked {
        Err(FileError { line, kind, .. }) => CommandResult::refusal(format!("{file}:{line}: {kind}")),
        Ok((checked, notes)) => result(&arguments, &checked, &notes, started),
    }
}

fn check(arguments: &Arguments, events: &Events) -> Result<CheckedFile, FileError> {
    let budget = arguments.budget;
    Ok(match arguments.spec {
        SpecName::Register => check_by(&Register::new(), &files::register_history(events)?, budget),
        SpecName::CasRegister => check_by(&Register::new(), &files::cas_register_history(events)?, budget),
        SpecName::KeyValue => {
            check_by(&Keyed::new(Register::new()), &files::key_value_history(events)?, budget)
        }
        SpecName::Queue => {
            let queue = arguments.capacity.map_or_else(Queue::of_unknown_capacity, Queue::bounded);
            check_by(&queue, &files::buffer_history(events)?, budget)
        }
        SpecName::Stack => {
            let stack = arguments.capacity.map_or_else(Stack::of_unknown_capacity, Stack::bounded);
            check_by(&stack, &files::buffer_history(events)?, budget)
        }
        SpecName::Set => check_by(&Set::new(), &files::set_history(events)?, budget),
    })
}

fn check_by<S: Spec>(spec: &S, history: &History<S::Op, S::Ret>, budget: u64) -> CheckedFile {
    CheckedFile {
        result: explain_within(spec, history, budget),
        calls: history.len(),
        open: history.calls().iter().filter(|call| call.returned.is_none()).count(),
    }
}

fn result(
    arguments: &Arguments,
    checked: &CheckedFile,
    notes: &FileNotes,
    started: Instant,
) -> CommandResult {
    let skipped = match notes.skipped {
        0 => String::new(),
        1 => "; 1 event of the nemesis skipped".to_owned(),
        n => format!("; {n} events of the nemesis skipped"),
    };
    let counts = format!(
        "{} calls, {} of them open, as {}, {:.3} s{skipped}",
        checked.calls,
        checked.open,
        arguments.spec,
        started.elapsed().as_secs_f64()
    );
    let file = &arguments.file;
    let (code, output) = match &checked.result {
        Linearizability::Linearizable => (0, format!("{file}: linearizable ({counts})")),
        Linearizability::GaveUp(undecided) => {
            (3, format!("{file}: {undecided} ({counts}); try a larger --budget"))
        }
        Linearizability::NotLinearizable(counterexample) => {
            let numbers = if notes.lines { "lines" } else { "events" };
            let (why, table) = (&counterexample.why, &counterexample.table);
            let text = format!(
                "{file}: not linearizable ({counts})\n{why}\nthe first window, numbered by {numbers} of the file:\n{table}"
            );
            let lines = std::iter::once(text.trim_end()).chain(notes.names.iter().map(String::as_str));
            (1, lines.collect::<Vec<&str>>().join("\n"))
        }
    };
    CommandResult { code, output, error: String::new() }
}
