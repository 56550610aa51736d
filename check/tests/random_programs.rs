//! Random programs of reader-writer locks, of shared handles and of loops that wait, against a reference that knows
//! nothing of the checker: it interleaves atomic steps on a plain state. The set of outcomes must be the same, whole,
//! divided among threads, divided among shards, and for small programs without reduction.

use ringwright_check::door::atomic::{AtomicU32, Ordering};
use ringwright_check::door::{Arc, Mutex, RwLock, RwLockWriteGuard, Weak, hint, thread};
use ringwright_check::{Check, FailureKind, Report, Verdict, outcome};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;

#[global_allocator]
static ALLOC: ringwright_check::alloc::Quarantine = ringwright_check::alloc::Quarantine;

/// Pseudo-random numbers (an xorshift), from a seed that a failure names.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % n
    }
}

/// A program of the reference: `None` if thread `thread` cannot go on in `state`.
trait Reference: Clone + Eq + Hash {
    fn threads(&self) -> usize;
    fn done(&self, thread: usize) -> bool;
    fn step(&self, thread: usize) -> Option<Self>;
    fn outcome(&self) -> String;
}

/// Every outcome, and whether some interleaving is stuck.
fn enumerate<R: Reference>(start: R) -> (BTreeSet<String>, bool) {
    let (mut open, mut seen) = (vec![start], HashSet::new());
    let (mut outcomes, mut stuck) = (BTreeSet::new(), false);
    while let Some(state) = open.pop() {
        if !seen.insert(state.clone()) {
            continue;
        }
        let left: Vec<usize> = (0..state.threads()).filter(|t| !state.done(*t)).collect();
        let next: Vec<R> = left.iter().filter_map(|t| state.step(*t)).collect();
        if left.is_empty() {
            outcomes.insert(state.outcome());
        } else {
            stuck |= next.is_empty();
        }
        open.extend(next);
    }
    (outcomes, stuck)
}

/// The reports of one model: whole, on three threads, in three shards, and if it is `small` without reduction.
fn searched<M: Fn() + Send + Sync + 'static>(
    seed: u64,
    small: bool,
    model: impl Fn() -> M,
) -> Vec<(&'static str, Vec<Report>)> {
    let check = || Check::new(format!("seed {seed}")).exhaustive().spurious(0);
    let shards = (1..=3).map(|number| check().shard(number, 3).run(model())).collect();
    let mut searched = vec![
        ("whole", vec![check().run(model())]),
        ("three threads", vec![check().threads(3).run(model())]),
        ("three shards", shards),
    ];
    if small {
        searched.push(("without reduction", vec![check().reduction(false).run(model())]));
    }
    searched
}

/// Compares every search of the model with the reference.
fn compare<M: Fn() + Send + Sync + 'static>(
    seed: u64,
    small: bool,
    (outcomes, stuck): &(BTreeSet<String>, bool),
    program: &str,
    model: impl Fn() -> M,
) {
    for (how, reports) in searched(seed, small, model) {
        let failed: Vec<FailureKind> = reports.iter().filter_map(Report::failed).collect();
        let told = || format!("seed {seed}, {how}: {program}\n{}", reports[0]);
        if *stuck {
            assert!(
                failed.iter().all(|kind| *kind == FailureKind::Deadlock) && !failed.is_empty(),
                "{}",
                told()
            );
            continue;
        }
        assert!(failed.is_empty(), "{}", told());
        let found: BTreeSet<String> = reports.iter().flat_map(|r| r.outcomes.iter().cloned()).collect();
        assert_eq!(&found, outcomes, "{}", told());
        let complete = |r: &Report| matches!(r.verdict, Verdict::Exhaustive | Verdict::Bounded(_));
        assert!(reports.iter().all(complete), "{}", told());
    }
}

// ---- Reader-writer locks

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum LockStep {
    Read(usize),
    Write(usize),
    Set(usize, u32),
    Downgrade(usize),
    Get(usize),
    Release(usize),
}

/// What is done under one of two locks; `inner` is done under the other, before the lock is given back.
#[derive(Clone, Debug)]
struct Section {
    lock: usize,
    kind: usize,
    value: u32,
    inner: Option<Box<Section>>,
}

impl Section {
    fn random(rng: &mut Rng, lock: usize, nested: bool) -> Section {
        let inner = (nested && rng.below(3) == 0).then(|| Box::new(Section::random(rng, 1 - lock, false)));
        Section { lock, kind: rng.below(3), value: 1 + rng.below(9) as u32, inner }
    }

    fn steps(&self, out: &mut Vec<LockStep>) {
        let Section { lock, kind, value, inner } = self;
        out.push(if *kind == 0 { LockStep::Read(*lock) } else { LockStep::Write(*lock) });
        if *kind > 0 {
            out.push(LockStep::Set(*lock, *value));
        }
        if *kind == 2 {
            out.push(LockStep::Downgrade(*lock));
        }
        inner.iter().for_each(|inner| inner.steps(out));
        out.extend([LockStep::Get(*lock), LockStep::Release(*lock)]);
    }

    fn run(&self, locks: &[RwLock<u32>; 2], log: &mut Vec<u32>) {
        let inner = |log: &mut Vec<u32>| self.inner.iter().for_each(|inner| inner.run(locks, log));
        let lock = &locks[self.lock];
        if self.kind == 0 {
            let guard = lock.read().unwrap();
            inner(log);
            log.push(*guard);
            return;
        }
        let mut guard = lock.write().unwrap();
        *guard = self.value;
        if self.kind == 2 {
            let guard = RwLockWriteGuard::downgrade(guard);
            inner(log);
            log.push(*guard);
        } else {
            inner(log);
            log.push(*guard);
        }
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Locks {
    programs: Vec<Vec<LockStep>>,
    at: Vec<usize>,
    logs: Vec<Vec<u32>>,
    /// Of each lock: its readers, or -1 for a writer; its value.
    locks: [(i32, u32); 2],
    /// Which threads hold each lock for writing.
    writing: Vec<[bool; 2]>,
    /// Whether a writer that waits holds readers up, and for which lock each thread waits so.
    writers_first: bool,
    queued: Vec<Option<usize>>,
}

impl Reference for Locks {
    fn threads(&self) -> usize {
        self.programs.len()
    }

    fn done(&self, thread: usize) -> bool {
        self.at[thread] == self.programs[thread].len()
    }

    fn step(&self, thread: usize) -> Option<Locks> {
        let mut next = self.clone();
        match self.programs[thread][self.at[thread]] {
            LockStep::Read(l) if self.locks[l].0 >= 0 && !self.queued.contains(&Some(l)) => {
                next.locks[l].0 += 1
            }
            LockStep::Write(l) if self.locks[l].0 == 0 => {
                next.locks[l].0 = -1;
                next.writing[thread][l] = true;
                next.queued[thread] = None;
            }
            LockStep::Write(l) if self.writers_first && self.queued[thread].is_none() => {
                next.queued[thread] = Some(l);
                return Some(next);
            }
            LockStep::Read(_) | LockStep::Write(_) => return None,
            LockStep::Set(l, value) => next.locks[l].1 = value,
            LockStep::Downgrade(l) => {
                next.locks[l].0 = 1;
                next.writing[thread][l] = false;
            }
            LockStep::Get(l) => next.logs[thread].push(self.locks[l].1),
            LockStep::Release(l) if self.writing[thread][l] => {
                next.locks[l].0 = 0;
                next.writing[thread][l] = false;
            }
            LockStep::Release(l) => next.locks[l].0 -= 1,
        }
        next.at[thread] += 1;
        Some(next)
    }

    fn outcome(&self) -> String {
        format!("{:?}", self.logs)
    }
}

#[test]
fn random_programs_of_locks() {
    let mut deadlocks = 0;
    for seed in 1..=120 {
        let mut rng = Rng(seed * 0x9e37_79b9);
        let threads = 2 + rng.below(2);
        let programs: Vec<Vec<Section>> = (0..threads)
            .map(|_| {
                let sections = 1 + rng.below(if threads == 2 { 2 } else { 1 });
                let random = |_| {
                    let lock = rng.below(2);
                    Section::random(&mut rng, lock, true)
                };
                (0..sections).map(random).collect()
            })
            .collect();
        let flat = |program: &Vec<Section>| {
            let mut steps = Vec::new();
            program.iter().for_each(|section| section.steps(&mut steps));
            steps
        };
        let reference = [false, true].map(|writers_first| {
            enumerate(Locks {
                programs: programs.iter().map(flat).collect(),
                at: vec![0; threads],
                logs: vec![Vec::new(); threads],
                locks: [(0, 0); 2],
                writing: vec![[false; 2]; threads],
                writers_first,
                queued: vec![None; threads],
            })
        });
        // std says that either may be so.
        let [(mut outcomes, stuck), (more, stuck_too)] = reference;
        outcomes.extend(more);
        let reference = (outcomes, stuck || stuck_too);
        deadlocks += u32::from(reference.1);
        compare(seed, threads == 2, &reference, &format!("{programs:?}"), || {
            let programs = programs.clone();
            move || {
                let locks = Arc::new([RwLock::new(0), RwLock::new(0)]);
                let run = |program: Vec<Section>| {
                    let locks = Arc::clone(&locks);
                    thread::spawn(move || {
                        let mut log = Vec::new();
                        program.iter().for_each(|section| section.run(&locks, &mut log));
                        log
                    })
                };
                let threads: Vec<_> = programs.iter().cloned().map(run).collect();
                let logs: Vec<Vec<u32>> = threads.into_iter().map(|t| t.join().unwrap()).collect();
                outcome(format!("{logs:?}"));
            }
        });
    }
    assert!(
        (3..80).contains(&deadlocks),
        "both kinds of programs are tried: {deadlocks} of 120 can be stuck"
    );
}

// ---- Shared handles

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum HandleStep {
    /// Drops a strong handle.
    Drop,
    /// Makes another strong handle.
    Clone,
    Downgrade,
    DropWeak,
    /// Makes a strong handle of a weak one, if there is a value.
    Upgrade,
    /// Whether this is the only handle.
    GetMut,
    /// Takes the value out if this is the only strong handle; otherwise drops nothing.
    TryUnwrap,
    /// Takes the value out if this is the last strong handle; drops the handle.
    IntoInner,
}

const HANDLE_STEPS: [HandleStep; 8] = {
    use HandleStep::{Clone, Downgrade, Drop, DropWeak, GetMut, IntoInner, TryUnwrap, Upgrade};
    [Drop, Clone, Downgrade, DropWeak, Upgrade, GetMut, TryUnwrap, IntoInner]
};

/// The handles of each thread, and what it was told.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Handles {
    programs: Vec<Vec<HandleStep>>,
    at: Vec<usize>,
    strong: Vec<usize>,
    weak: Vec<usize>,
    logs: Vec<String>,
}

impl Reference for Handles {
    fn threads(&self) -> usize {
        self.programs.len()
    }

    fn done(&self, thread: usize) -> bool {
        self.at[thread] == self.programs[thread].len() && self.strong[thread] + self.weak[thread] == 0
    }

    fn step(&self, thread: usize) -> Option<Handles> {
        let mut next = self.clone();
        if self.at[thread] == self.programs[thread].len() {
            // What is left is dropped when the thread ends, in the order of its variables.
            let left = if self.weak[thread] > 0 { &mut next.weak } else { &mut next.strong };
            left[thread] -= 1;
            return Some(next);
        }
        let (strong, weak) = (self.strong.iter().sum::<usize>(), self.weak.iter().sum::<usize>());
        let (own, own_weak) = (self.strong[thread], self.weak[thread]);
        let mut told = |yes: bool| next.logs[thread].push(if yes { 'y' } else { 'n' });
        match self.programs[thread][self.at[thread]] {
            HandleStep::Drop if own > 0 => next.strong[thread] -= 1,
            HandleStep::Clone if own > 0 => next.strong[thread] += 1,
            HandleStep::Downgrade if own > 0 => next.weak[thread] += 1,
            HandleStep::DropWeak if own_weak > 0 => next.weak[thread] -= 1,
            HandleStep::Upgrade if own_weak > 0 => {
                told(strong > 0);
                next.strong[thread] += usize::from(strong > 0);
            }
            HandleStep::GetMut if own > 0 => told(strong == 1 && weak == 0),
            HandleStep::TryUnwrap if own > 0 => {
                told(strong == 1);
                next.strong[thread] -= usize::from(strong == 1);
            }
            HandleStep::IntoInner if own > 0 => {
                told(strong == 1);
                next.strong[thread] -= 1;
            }
            // Without a handle there is nothing to do.
            _ => next.logs[thread].push('-'),
        }
        next.at[thread] += 1;
        Some(next)
    }

    fn outcome(&self) -> String {
        format!("{:?}", self.logs)
    }
}

fn run_handles(program: &[HandleStep], first: Arc<Mutex<u32>>, mut weak: Vec<Weak<Mutex<u32>>>) -> String {
    let mut strong = vec![first];
    let mut log = String::new();
    let mut told = |yes: bool| log.push(if yes { 'y' } else { 'n' });
    let mut idle = Vec::new();
    for (nth, step) in program.iter().enumerate() {
        match step {
            HandleStep::Drop if !strong.is_empty() => drop(strong.pop()),
            HandleStep::Clone if !strong.is_empty() => strong.push(Arc::clone(&strong[0])),
            HandleStep::Downgrade if !strong.is_empty() => weak.push(Arc::downgrade(&strong[0])),
            HandleStep::DropWeak if !weak.is_empty() => drop(weak.pop()),
            HandleStep::Upgrade if !weak.is_empty() => {
                let up = weak[0].upgrade();
                told(up.is_some());
                strong.extend(up);
            }
            HandleStep::GetMut if !strong.is_empty() => told(Arc::get_mut(&mut strong[0]).is_some()),
            HandleStep::TryUnwrap if !strong.is_empty() => match Arc::try_unwrap(strong.pop().unwrap()) {
                Ok(_) => told(true),
                Err(back) => {
                    told(false);
                    strong.push(back);
                }
            },
            HandleStep::IntoInner if !strong.is_empty() => {
                told(Arc::into_inner(strong.pop().unwrap()).is_some());
            }
            _ => idle.push(nth),
        }
    }
    // Where nothing was done, as in the reference: the answers and the idle steps in their order.
    let answers = log.chars().collect::<Vec<_>>();
    let (mut answers, mut all) = (answers.into_iter(), String::new());
    for (nth, step) in program.iter().enumerate() {
        use HandleStep::{GetMut, IntoInner, TryUnwrap, Upgrade};
        if idle.contains(&nth) {
            all.push('-');
        } else if matches!(step, Upgrade | GetMut | TryUnwrap | IntoInner) {
            all.extend(answers.next());
        }
    }
    all
}

#[test]
fn random_programs_of_handles() {
    for seed in 1..=80 {
        let mut rng = Rng(seed * 0x2545_f491);
        let threads = 2 + rng.below(2);
        let steps = if threads == 2 { 3 } else { 2 };
        // Three threads with a weak handle each have millions of interleavings.
        let weak = usize::from(threads == 2);
        let programs: Vec<Vec<HandleStep>> = (0..threads)
            .map(|_| (0..steps).map(|_| HANDLE_STEPS[rng.below(HANDLE_STEPS.len())]).collect())
            .collect();
        let reference = enumerate(Handles {
            programs: programs.clone(),
            at: vec![0; threads],
            strong: vec![1; threads],
            weak: vec![weak; threads],
            logs: vec![String::new(); threads],
        });
        compare(seed, threads == 2, &reference, &format!("{programs:?}"), || {
            let programs = programs.clone();
            move || {
                let first = Arc::new(Mutex::new(7));
                let of_thread = |_| (Arc::clone(&first), vec![Arc::downgrade(&first); weak]);
                let handles: Vec<_> = (0..programs.len()).map(of_thread).collect();
                drop(first);
                let threads: Vec<_> = programs
                    .iter()
                    .cloned()
                    .zip(handles)
                    .map(|(program, (strong, weak))| {
                        thread::spawn(move || run_handles(&program, strong, weak))
                    })
                    .collect();
                let logs: Vec<String> = threads.into_iter().map(|t| t.join().unwrap()).collect();
                outcome(format!("{logs:?}"));
            }
        });
    }
}

// ---- Loops that wait

/// What a thread does. A loop gives up after so many turns, or never.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum LoopStep {
    Store(usize, u32),
    /// Waits until the variable has the value, and pauses in between in one of four ways.
    Await {
        var: usize,
        value: u32,
        most: Option<u32>,
        pause: usize,
    },
    /// Writes under the lock.
    Set(u32),
    /// Looks under the lock until it finds the value.
    Poll {
        value: u32,
        most: Option<u32>,
        pause: usize,
    },
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Loops {
    programs: Vec<Vec<LoopStep>>,
    at: Vec<usize>,
    turns: Vec<u32>,
    logs: Vec<Vec<u32>>,
    vars: [u32; 2],
    data: u32,
    holder: Option<usize>,
}

/// What is logged of a loop that has given up.
const GAVE_UP: u32 = 99;

impl Loops {
    /// The thread has made a turn of its loop, and `found` what it waits for.
    fn turned(&mut self, thread: usize, found: bool, most: Option<u32>) {
        let turns = self.turns[thread];
        if found || most == Some(turns + 1) {
            self.logs[thread].push(match (found, most) {
                (true, Some(_)) => turns,
                (true, None) => 0,
                (false, _) => GAVE_UP,
            });
            (self.turns[thread], self.at[thread]) = (0, self.at[thread] + 1);
        } else if most.is_some() {
            self.turns[thread] += 1;
        }
    }
}

impl Reference for Loops {
    fn threads(&self) -> usize {
        self.programs.len()
    }

    fn done(&self, thread: usize) -> bool {
        self.at[thread] == self.programs[thread].len()
    }

    fn step(&self, thread: usize) -> Option<Loops> {
        let mut next = self.clone();
        let step = self.programs[thread][self.at[thread]];
        let locks = matches!(step, LoopStep::Set(_) | LoopStep::Poll { .. });
        if locks && self.holder != Some(thread) {
            next.holder = Some(thread);
            return self.holder.is_none().then_some(next);
        }
        match step {
            LoopStep::Store(var, value) => {
                next.vars[var] = value;
                next.at[thread] += 1;
            }
            LoopStep::Await { var, value, most, .. } => next.turned(thread, self.vars[var] == value, most),
            LoopStep::Set(value) => {
                (next.data, next.holder) = (value, None);
                next.at[thread] += 1;
            }
            LoopStep::Poll { value, most, .. } => {
                next.holder = None;
                next.turned(thread, self.data == value, most);
            }
        }
        Some(next)
    }

    fn outcome(&self) -> String {
        format!("{:?}", self.logs)
    }
}

/// Every outcome, and whether some interleaving comes to where the end cannot be reached any more.
fn enumerate_loops(start: Loops) -> (BTreeSet<String>, bool) {
    let mut numbers: HashMap<Loops, usize> = HashMap::from([(start.clone(), 0)]);
    let (mut open, mut before, mut ends) = (vec![start], vec![Vec::new()], Vec::new());
    let mut outcomes = BTreeSet::new();
    while let Some(state) = open.pop() {
        let number = numbers[&state];
        let left: Vec<usize> = (0..state.threads()).filter(|t| !state.done(*t)).collect();
        if left.is_empty() {
            outcomes.insert(state.outcome());
            ends.push(number);
        }
        for next in left.iter().filter_map(|t| state.step(*t)) {
            let fresh = numbers.len();
            let to = *numbers.entry(next.clone()).or_insert(fresh);
            if to == fresh {
                before.push(Vec::new());
                open.push(next);
            }
            before[to].push(number);
        }
    }
    let mut reaches = vec![false; before.len()];
    while let Some(number) = ends.pop() {
        if !std::mem::replace(&mut reaches[number], true) {
            ends.extend(&before[number]);
        }
    }
    (outcomes, reaches.contains(&false))
}

fn pause(how: usize) {
    match how {
        0 => thread::yield_now(),
        1 => hint::spin_loop(),
        2 => (0..3).for_each(|_| hint::spin_loop()),
        _ => {}
    }
}

fn run_loops(program: &[LoopStep], shared: &([AtomicU32; 2], Mutex<u32>)) -> Vec<u32> {
    let mut log = Vec::new();
    let mut wait = |most: Option<u32>, how: usize, found: &dyn Fn() -> bool| match most {
        Some(most) => {
            let turns = (0..most).find(|_| {
                let found = found();
                if !found {
                    pause(how);
                }
                found
            });
            log.push(turns.unwrap_or(GAVE_UP));
        }
        None => {
            while !found() {
                pause(how);
            }
            log.push(0);
        }
    };
    // SeqCst, all of them: the reference interleaves.
    for step in program {
        match *step {
            LoopStep::Store(var, value) => shared.0[var].store(value, Ordering::SeqCst),
            LoopStep::Await { var, value, most, pause } => {
                wait(most, pause, &|| shared.0[var].load(Ordering::SeqCst) == value);
            }
            LoopStep::Set(value) => *shared.1.lock().unwrap() = value,
            LoopStep::Poll { value, most, pause } => {
                wait(most, pause, &|| *shared.1.lock().unwrap() == value);
            }
        }
    }
    log
}

#[test]
fn random_programs_of_loops() {
    let (mut stuck, mut exact) = (0, 0);
    for seed in 1..=300 {
        let mut rng = Rng(seed * 0x1234_5677);
        let threads = 2 + rng.below(2);
        let programs: Vec<Vec<LoopStep>> = (0..threads)
            .map(|_| {
                let steps = 1 + rng.below(if threads == 2 { 3 } else { 2 });
                let random = |_| {
                    let (var, value) = (rng.below(2), 1 + rng.below(2) as u32);
                    let most = (rng.below(3) > 0).then(|| 1 + rng.below(4) as u32);
                    match rng.below(5) {
                        0 | 1 => LoopStep::Store(var, value),
                        2 => LoopStep::Set(value),
                        3 => LoopStep::Await { var, value, most, pause: rng.below(4) },
                        _ => LoopStep::Poll { value, most, pause: rng.below(3) },
                    }
                };
                (0..steps).map(random).collect()
            })
            .collect();
        let (outcomes, cannot_end) = enumerate_loops(Loops {
            programs: programs.clone(),
            at: vec![0; threads],
            turns: vec![0; threads],
            logs: vec![Vec::new(); threads],
            vars: [0; 2],
            data: 0,
            holder: None,
        });
        stuck += u32::from(cannot_end);
        let model = || {
            let programs = programs.clone();
            move || {
                let shared = Arc::new(([AtomicU32::new(0), AtomicU32::new(0)], Mutex::new(0)));
                let run = |program: Vec<LoopStep>| {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || run_loops(&program, &shared))
                };
                let threads: Vec<_> = programs.iter().cloned().map(run).collect();
                let logs: Vec<Vec<u32>> = threads.into_iter().map(|t| t.join().unwrap()).collect();
                outcome(format!("{logs:?}"));
            }
        };
        for (how, reports) in searched(seed, threads == 2, model) {
            let told = || format!("seed {seed}, {how}: {programs:?}\n{}", reports[0]);
            let failed: Vec<FailureKind> = reports.iter().filter_map(Report::failed).collect();
            let waits = |kind: &FailureKind| matches!(kind, FailureKind::Deadlock | FailureKind::Livelock);
            assert!(failed.iter().all(waits), "{}", told());
            assert_eq!(!failed.is_empty(), cannot_end, "{}", told());
            if cannot_end {
                continue;
            }
            let found: BTreeSet<String> = reports.iter().flat_map(|r| r.outcomes.iter().cloned()).collect();
            let whole = reports.iter().all(|r| match &r.verdict {
                Verdict::Exhaustive => true,
                // A shard is one part of the search; a loop that was cut is named.
                Verdict::Bounded(why) => !why.contains("the loop at"),
                _ => panic!("{}", told()),
            });
            exact += u32::from(whole);
            assert!(found.is_subset(&outcomes), "{}", told());
            assert!(!whole || found == outcomes, "{}\nexpected {outcomes:?}", told());
        }
    }
    assert!((20..200).contains(&stuck) && exact > 300, "both kinds are tried: {stuck} stuck, {exact} exact");
}
