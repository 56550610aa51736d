//! How the events of a file pair up to the calls of a history.

use crate::linearizability::files::error::{FileError, FileErrorKind};
use crate::linearizability::files::event::{Event, EventKind};
use crate::linearizability::files::value::EventValue;
use crate::linearizability::history::{CallId, History, Recorder};
use std::collections::HashMap;

/// Whether each event has a line of its own: then positions in its
/// [`history`] are lines of the file, otherwise they count events.
pub fn has_line_positions(events: &[Event]) -> bool {
    events.windows(2).all(|pair| pair[0].line < pair[1].line)
}

/// The history that the events are. `op` reads an operation from its name and
/// value, `ret` its result from the value that came back.
///
/// # Errors
///
/// The first event that does not fit: a process ends what it has not called, calls
/// twice, or `op` or `ret` refuses.
pub fn history<O: Clone, R>(
    events: &[Event],
    op: impl Fn(&str, &EventValue) -> Result<O, FileErrorKind>,
    ret: impl Fn(&O, &EventValue) -> Result<R, FileErrorKind>,
) -> Result<History<O, R>, FileError> {
    pair(events, op, |op, value| ret(op, value).map(Some))
}

/// [`history`] where `ret` may find that a value says nothing of the result.
pub(crate) fn pair<O: Clone, R>(
    events: &[Event],
    op: impl Fn(&str, &EventValue) -> Result<O, FileErrorKind>,
    ret: impl Fn(&O, &EventValue) -> Result<Option<R>, FileErrorKind>,
) -> Result<History<O, R>, FileError> {
    let by_line = has_line_positions(events);
    let mut recorder = Recorder::new();
    let mut open: HashMap<usize, (CallId, &Event, O)> = HashMap::new();
    for event in events {
        let error = |kind| FileError::new(event.line, kind);
        let (process, f) = (event.process, event.f.clone());
        if by_line {
            recorder.at(event.line as u64);
        }
        if event.kind == EventKind::Invoke {
            if let Some((_, earlier, _)) = open.get(&process) {
                let (process, open, line) = (event.caller(), earlier.f.clone(), earlier.line);
                return Err(error(FileErrorKind::Overlap { process, f, open, line }));
            }
            let op = op(&f, &event.value).map_err(error)?;
            let id = recorder.invoke(process, op.clone());
            open.insert(process, (id, event, op));
            continue;
        }
        let Some((id, call, op)) = open.remove(&process) else {
            return Err(error(FileErrorKind::NotCalled { process: event.caller(), f }));
        };
        if call.f != f {
            let (process, open, line) = (event.caller(), call.f.clone(), call.line);
            return Err(error(FileErrorKind::OtherCalled { process, f, open, line }));
        }
        match event.kind {
            EventKind::Ok => match ret(&op, &event.value).map_err(error)? {
                Some(ret) => recorder.ok(id, ret),
                None => recorder.done(id),
            },
            EventKind::Fail => recorder.fail(id),
            EventKind::Info | EventKind::Invoke => recorder.info(id),
        }
    }
    Ok(recorder.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linearizability::history::Call;

    fn event(line: usize, process: usize, kind: EventKind, value: i64) -> Event {
        Event { line, process, client: None, kind, f: "f".into(), value: EventValue::Int(value) }
    }

    fn values(events: &[Event]) -> Result<Vec<Call<i64, i64>>, FileError> {
        let int = |value: &EventValue| match value {
            EventValue::Int(value) => Ok(*value),
            _ => Err("no number".into()),
        };
        history(events, |_, value| int(value), |_, value| int(value)).map(|h| h.calls().to_vec())
    }

    #[test]
    fn positions_are_lines_where_each_event_has_its_own() {
        let events = [event(3, 0, EventKind::Invoke, 1), event(7, 0, EventKind::Ok, 2)];
        let call = Call { process: 0, op: 1, ret: Some(2), invoked: 3, returned: Some(7) };
        assert_eq!(values(&events), Ok(vec![call]));
        let events = [event(3, 0, EventKind::Invoke, 1), event(3, 0, EventKind::Ok, 2)];
        let call = Call { process: 0, op: 1, ret: Some(2), invoked: 1, returned: Some(2) };
        assert_eq!(values(&events), Ok(vec![call]));
    }

    #[test]
    fn a_failed_call_is_none_and_one_without_an_answer_is_open() {
        let events = [
            event(1, 0, EventKind::Invoke, 1),
            event(2, 0, EventKind::Fail, 1),
            event(3, 0, EventKind::Invoke, 2),
            event(4, 0, EventKind::Info, 2),
            event(5, 0, EventKind::Invoke, 3),
        ];
        let open = |op, invoked| Call { process: 0, op, ret: None, invoked, returned: None };
        assert_eq!(values(&events), Ok(vec![open(2, 3), open(3, 5)]));
    }

    #[test]
    fn what_a_reader_of_operations_says_has_the_line_of_its_event() {
        let mut events = [event(1, 0, EventKind::Invoke, 1), event(9, 0, EventKind::Ok, 1)];
        events[1].value = EventValue::Nil;
        let error = values(&events).expect_err("nil is no number");
        assert_eq!(error.to_string(), "line 9: no number");
        assert_eq!(error.kind, FileErrorKind::Operation("no number".into()));
    }
}
