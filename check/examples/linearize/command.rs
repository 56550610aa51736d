//! The command without its `main`: from arguments to an exit code and what is printed.

use crate::arguments::{Arguments, SpecName, USAGE};
use ringwright_check::linearize::files::{self, Event, FileError};
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
        let checked = check(arguments.spec, &events, arguments.budget)?;
        Ok((checked, files::has_line_positions(&events)))
    });
    match checked {
        Err(FileError { line, kind, .. }) => CommandResult::refusal(format!("{file}:{line}: {kind}")),
        Ok((checked, lines)) => result(&arguments, &checked, lines, started),
    }
}

fn check(spec: SpecName, events: &[Event], budget: u64) -> Result<CheckedFile, FileError> {
    Ok(match spec {
        SpecName::Register => check_by(&Register::new(), &files::register_history(events)?, budget),
        SpecName::CasRegister => check_by(&Register::new(), &files::cas_register_history(events)?, budget),
        SpecName::KeyValue => {
            check_by(&Keyed::new(Register::new()), &files::key_value_history(events)?, budget)
        }
        SpecName::Queue => check_by(&Queue::new(), &files::buffer_history(events)?, budget),
        SpecName::Stack => check_by(&Stack::new(), &files::buffer_history(events)?, budget),
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

fn result(arguments: &Arguments, checked: &CheckedFile, lines: bool, started: Instant) -> CommandResult {
    let counts = format!(
        "{} calls, {} of them open, as {}, {:.3} s",
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
            let numbers = if lines { "lines" } else { "events" };
            let (why, table) = (&counterexample.why, &counterexample.table);
            let text = format!(
                "{file}: not linearizable ({counts})\n{why}\nthe first window, numbered by {numbers} of the file:\n{table}"
            );
            (1, text.trim_end().to_owned())
        }
    };
    CommandResult { code, output, error: String::new() }
}
