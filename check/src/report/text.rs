//! A report as text: what `{}` prints, and what a failed assertion says.

use crate::report::data::{Failure, Report, Trace};
use crate::report::lanes::Lanes;
use crate::report::terminal;
use crate::report::words::count;
use std::fmt;

/// A report as text, in colour or not.
#[derive(Debug)]
pub(super) struct ReportText<'a> {
    pub(super) report: &'a Report,
    pub(super) colour: bool,
}

impl fmt::Display for ReportText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { name, verdict, engine, executions, blocked, elapsed, .. } = self.report;
        let seconds = elapsed.as_secs_f64();
        write!(f, "{name}: {verdict} by {engine}, {executions} complete, {blocked} blocked, {seconds:.3} s")?;
        for note in &self.report.notes {
            write!(f, "\n  note: {note}")?;
        }
        if let Some(failure) = &self.report.failure {
            let text = FailureText { failure, colour: self.colour, command: self.report.command.as_deref() };
            write!(f, "\n{text}")?;
        }
        Ok(())
    }
}

/// A failure as text, in colour or not.
struct FailureText<'a> {
    failure: &'a Failure,
    colour: bool,
    command: Option<&'a str>,
}

impl fmt::Display for FailureText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { kind, message, sites, trace, token } = self.failure;
        write!(f, "{kind}: {message}")?;
        for site in sites {
            write!(f, "\n  at {site}")?;
        }
        write!(f, "\n{}", Lanes { trace, colour: self.colour, width: terminal::width() })?;
        if let Some(interleaving) = &trace.interleaving {
            write!(f, "  {interleaving}")?;
            if trace.left_out > 0 {
                let steps = count(trace.left_out as u64, "step");
                write!(f, "; {steps} left out, as the failure does not depend on them")?;
            }
        }
        match self.command {
            _ if token.is_empty() => Ok(()),
            Some(command) => write!(f, "\nreplay: {command}\n        (with the same features as this run)"),
            None => write!(f, "\nreplay: run the same command with RINGWRIGHT_REPLAY={token}"),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ReportText { report: self, colour: false }.fmt(f)
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Lanes { trace: self, colour: false, width: terminal::width() }.fmt(f)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        FailureText { failure: self, colour: false, command: None }.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::data::FailureKind;
    use crate::report::step::Interleaving;

    #[test]
    fn the_end_of_a_failure_says_what_is_left_out_and_how_to_replay() {
        let trace = Trace { interleaving: Some(Interleaving::Plain), left_out: 1, ..Trace::default() };
        let (kind, message, token) = (FailureKind::Race, "it races".to_owned(), "x1-7".to_owned());
        let failure = Failure { kind, message, sites: Vec::new(), trace, token };
        let text = failure.to_string();
        assert!(text.contains("; 1 step left out, as the failure does not depend on them\n"), "{text}");
        assert!(text.ends_with("\nreplay: run the same command with RINGWRIGHT_REPLAY=x1-7"), "{text}");
        let known = FailureText {
            failure: &failure,
            colour: false,
            command: Some("RINGWRIGHT_REPLAY=x1-7 cargo test it"),
        };
        let known = known.to_string();
        assert!(known.contains("\nreplay: RINGWRIGHT_REPLAY=x1-7 cargo test it\n"), "{known}");
    }
}
