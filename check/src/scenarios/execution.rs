//! One execution of a scenario as a model, and the check of the history that comes out.

use crate::door::thread;
use crate::linearizability::check::{BUDGET, Linearizability};
use crate::linearizability::explain::explain_within;
use crate::linearizability::history::{History, Value};
use crate::linearizability::spec::Spec;
use crate::linearizability::table;
use crate::linearizability::wgl::{self, OpenCalls, SearchResult};
use crate::scenarios::program::{OpOf, RetOf, Scenario, Subject};
use crate::scenarios::record::{Log, Order};
use crate::seam::context;
use crate::seam::panic_memory;
use crate::seam::runtime;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is wrong with a history, if anything, by history and whether no thread could go on.
type CheckedHistories<O, R> = HashMap<(History<O, R>, bool), Option<String>>;

/// Checks the histories of a scenario, each once.
pub(crate) struct HistoryChecker<O, R> {
    checked: Mutex<CheckedHistories<O, R>>,
}

impl<O, R> Default for HistoryChecker<O, R> {
    fn default() -> Self {
        HistoryChecker { checked: Mutex::default() }
    }
}

impl<O: Value, R: Value> HistoryChecker<O, R> {
    /// How many different histories there were.
    pub(crate) fn count(&self) -> u64 {
        self.lock().len() as u64
    }

    fn lock(&self) -> MutexGuard<'_, CheckedHistories<O, R>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is wrong with `history`, if anything. If it is `stuck`, no thread could go on.
    fn error<T: Spec<Op = O, Ret = R>>(
        &self,
        spec: &T,
        history: History<O, R>,
        stuck: bool,
    ) -> Option<String> {
        let mut checked = self.lock();
        if let Some(error) = checked.get(&(history.clone(), stuck)) {
            return error.clone();
        }
        let error = match explain_within(spec, &history, BUDGET) {
            Linearizability::Linearizable if stuck => needless_wait(spec, &history),
            Linearizability::Linearizable => None,
            Linearizability::NotLinearizable(counterexample) => Some(counterexample.to_string()),
            Linearizability::GaveUp(undecided) => Some(undecided.to_string()),
        };
        checked.insert((history, stuck), error.clone());
        error
    }
}

/// Whether some call waits for ever that the specification lets run.
fn needless_wait<T: Spec>(spec: &T, history: &History<T::Op, T::Ret>) -> Option<String> {
    match wgl::search(spec, history, OpenCalls::Waiting, BUDGET).result {
        SearchResult::Linearization(_) => None,
        SearchResult::GaveUp { .. } => Some(format!("undecided after {BUDGET} configurations")),
        SearchResult::NoLinearization { .. } => {
            let all: Vec<usize> = (0..history.len()).collect();
            let table = table::partial(spec, history, &all);
            Some(format!("a call waits for ever though it could run:\n{table}"))
        }
    }
}

/// The model: one execution of `scenario`.
pub(crate) fn execute<S: Subject>(
    subject: &Arc<S>,
    scenario: &Arc<Scenario<OpOf<S>>>,
    order: Order,
    checker: &Arc<HistoryChecker<OpOf<S>, RetOf<S>>>,
) {
    let log = {
        let _engine = runtime::engine_code();
        let log = Arc::new(Log::<OpOf<S>, RetOf<S>>::new(order));
        let (subject, checker, log_when_stuck) = (Arc::clone(subject), Arc::clone(checker), Arc::clone(&log));
        context::when_stuck(Some(Rc::new(move || {
            if log_when_stuck.open() == 0 {
                return Err("no call is open".into());
            }
            checker.error(&subject.spec(), log_when_stuck.history(), true).map_or(Ok(()), Err)
        })));
        log
    };
    let roles: Vec<usize> = scenario.lanes.iter().map(|lane| lane.role).collect();
    let mut handles: Vec<Option<S::Handle>> = subject.handles(&roles).into_iter().map(Some).collect();
    assert!(handles.len() == roles.len(), "`handles` gives one handle a lane");
    let one = |handles: &mut Vec<Option<S::Handle>>, phase: u8, (lane, op): &(usize, OpOf<S>)| {
        let handle = handles[*lane].as_mut().expect("it is here outside the threads");
        log.call(phase, *lane, op, |op| subject.call(handle, op));
    };
    scenario.init.iter().for_each(|call| one(&mut handles, 0, call));
    let mut threads = Vec::new();
    for lane in (0..roles.len()).filter(|lane| !scenario.lanes[*lane].ops.is_empty()) {
        let mut handle = handles[lane].take().expect("it is here outside the threads");
        let (subject, scenario, log) = (Arc::clone(subject), Arc::clone(scenario), Arc::clone(&log));
        let body = move || {
            for op in &scenario.lanes[lane].ops {
                log.call(1, lane, op, |op| subject.call(&mut handle, op));
            }
            handle
        };
        let started = thread::Builder::new().name(format!("process {lane}")).spawn(body);
        threads.push((lane, started.expect("a model thread starts")));
    }
    for (lane, thread) in threads {
        match thread.join() {
            Ok(handle) => handles[lane] = Some(handle),
            Err(payload) => panic!("process {lane} panicked: {}", panic_memory::message(&*payload)),
        }
    }
    scenario.post.iter().for_each(|call| one(&mut handles, 2, call));
    drop(handles);
    let error = {
        let _engine = runtime::engine_code();
        checker.error(&subject.spec(), log.history(), false)
    };
    if let Some(error) = error {
        panic!("{error}");
    }
}
