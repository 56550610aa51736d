//! Random programs against references that know nothing of the checker.

use loom_tests::fuzz::campaign::{Campaign, Counts};
use loom_tests::fuzz::compare::{FuzzSettings, Way};
use loom_tests::fuzz::locks::generate::locks;
use loom_tests::fuzz::locks::program::{Broken, RwPolicy};
use loom_tests::fuzz::program::FuzzProgram;
use loom_tests::fuzz::rng::LeftOut;
use loom_tests::fuzz::tasks::generate::tasks;
use loom_tests::fuzz::weak::generate;
use loom_tests::fuzz::weak::litmus::Litmus;
use ringwright::check::__private::BrokenRule;
use std::ops::Range;

#[test]
fn the_enumerator_is_exact_on_the_litmus_programs() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/litmus/c20.jsonl");
    let text = std::fs::read_to_string(path).expect("the programs are beside the tests");
    let programs: Vec<Litmus> = text.lines().filter_map(Litmus::parse).collect();
    let (mut exact, mut wrong) = (0, Vec::new());
    for program in &programs {
        match program.agrees() {
            Some(true) => exact += 1,
            Some(false) => wrong.push(&program.name),
            None => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}: {wrong:?}", wrong.len(), programs.len());
    println!("{exact} of {}", programs.len());
    assert!(exact >= 900, "{exact} of {} were small enough", programs.len());
}

/// A campaign of the tests: the ways that are quick, and no replay.
fn campaign<P: FuzzProgram>(
    ways: &[Way],
    rule: BrokenRule,
    seeds: Range<u64>,
    most: u64,
    make: impl Fn(u64) -> P,
) -> Counts {
    let settings = FuzzSettings { ways: ways.to_vec(), rule, executions: 30, ..FuzzSettings::default() };
    let print = |text: &str| println!("{text}");
    let campaign = Campaign { settings, shrinking: 60, most, replay: None, print: &print, print_all: false };
    campaign.run("fuzz", seeds, make)
}

/// The ways that are quick enough for every program, and all of them for some.
const QUICK: [Way; 3] = [Way::Whole, Way::Random, Way::Pos];

fn agrees<P: FuzzProgram>(quick: Range<u64>, whole: Range<u64>, make: impl Fn(u64) -> P) -> Counts {
    let mut counts = Counts::default();
    for (ways, seeds) in [(&QUICK[..], quick), (&Way::ALL[..], whole)] {
        let some = campaign(ways, BrokenRule::None, seeds, 3, &make);
        assert_eq!(some.disagreements, 0, "{some}: {:?}", some.seeds);
        // A limit of time is no disagreement, but it must not hide one.
        assert!(some.undecided * 20 <= some.programs, "{some}");
        counts.programs += some.programs;
        counts.deadlocks += some.deadlocks;
        counts.races += some.races;
    }
    counts
}

#[test]
fn atomics_do_what_the_axioms_allow() {
    let counts = agrees(0..600, 600..700, |seed| generate::weak(seed, &LeftOut::default()));
    assert!(counts.races >= 20 && counts.programs >= 690, "{counts}");
}

#[test]
fn locks_beside_atomics_do_what_the_axioms_allow() {
    let counts = agrees(0..400, 400..480, |seed| generate::mixed(seed, &LeftOut::default()));
    assert!(counts.races >= 10 && counts.deadlocks >= 10 && counts.programs >= 470, "{counts}");
}

#[test]
fn blocking_objects_do_what_some_interleaving_does() {
    let make = |seed| locks(seed, &LeftOut::default(), RwPolicy::Either, None);
    let counts = agrees(0..400, 400..450, make);
    assert!(counts.deadlocks >= 50 && counts.programs >= 430, "{counts}");
}

#[test]
fn tasks_do_what_some_interleaving_does() {
    let counts = agrees(0..120, 120..135, |seed| tasks(seed, &LeftOut::default(), false));
    assert!(counts.deadlocks >= 20 && counts.programs >= 130, "{counts}");
}

#[test]
fn a_broken_rule_of_the_memory_model_is_noticed() {
    for rule in [BrokenRule::AppendOnly, BrokenRule::ScAccessIsFence, BrokenRule::NoPsc] {
        let none = LeftOut::default();
        let weak = campaign(&[Way::Whole], rule, 0..1_000, 1, |seed| generate::weak(seed, &none));
        assert_eq!(weak.disagreements, 1, "{rule:?}: {weak}");
        let mixed = campaign(&[Way::Whole], rule, 0..3_000, 1, |seed| generate::mixed(seed, &none));
        assert_eq!(mixed.disagreements, 1, "{rule:?}: {mixed}");
    }
}

#[test]
fn a_broken_rule_of_each_blocking_object_is_noticed() {
    use Broken::{Arc, Barrier, Channel, Condvar, Mutex, Once, Park, RwLock};
    for broken in [Mutex, RwLock, Condvar, Park, Barrier, Channel, Once, Arc] {
        let make = |seed| locks(seed, &LeftOut::default(), RwPolicy::Either, Some(broken));
        let counts = campaign(&[Way::Whole], BrokenRule::None, 0..1_000, 1, make);
        assert_eq!(counts.disagreements, 1, "{broken:?}: {counts}");
    }
    let counts =
        campaign(&[Way::Whole], BrokenRule::None, 0..1_000, 1, |seed| tasks(seed, &LeftOut::default(), true));
    assert_eq!(counts.disagreements, 1, "an abort that does nothing: {counts}");
}
