//! Nondeterministic choices, enumerated: the engine of a stateless search.
//!
//! A program under search asks [`Choices::pick`] at every point where more than
//! one thing may happen. The answers are the program's only source of
//! nondeterminism, so the list of answers names an execution. [`Odometer`] walks
//! the tree of all lists depth first, without storing it: the next list is the
//! last one with its last choice that can be raised, raised by one, and all
//! choices after it forgotten. Pick 0 is always tried first, so by convention
//! 0 is the ordinary thing.
//!
//! A given list is also how an execution is replayed, and dice in place of a
//! walk make a random search.

use crate::search::random::Rng;
use std::fmt;

/// One answered choice: `pick` out of `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pick {
    /// The answer, below `of`.
    pub(crate) pick: u32,
    /// How many answers there were.
    pub(crate) of: u32,
}

/// The program asked for something else than the list it was given answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// Which choice of the execution, from 0.
    pub(crate) at: usize,
    /// What the list says; `of` is 0 where the list does not know it.
    pub(crate) given: Pick,
    /// How many answers the program has, or `None` where it asked no more.
    pub(crate) asked: Option<u32>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "choice {} was {}", self.at, self.given.pick)?;
        if self.given.of > 0 {
            write!(f, " of {}", self.given.of)?;
        }
        match self.asked {
            Some(of) => write!(f, ", but now there are {of}"),
            None => f.write_str(", but the run ended before it"),
        }
    }
}

/// What answers once the given list is used up.
#[derive(Clone, Debug)]
enum Beyond {
    /// Always 0.
    Zero,
    /// A pseudo-random number.
    Dice(Rng),
}

/// The answers for one execution: a given list first, then zeros or dice.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    given: Vec<Pick>,
    beyond: Beyond,
    made: Vec<Pick>,
    mismatch: Option<Mismatch>,
}

impl Choices {
    /// Answers every choice with 0.
    pub(crate) fn zeros() -> Self {
        Self::with(Vec::new(), Beyond::Zero)
    }

    /// Answers from `picks`, then with 0.
    pub(crate) fn replay(picks: &[u32]) -> Self {
        let given = picks.iter().map(|&pick| Pick { pick, of: 0 }).collect();
        Self::with(given, Beyond::Zero)
    }

    /// Answers at random; the same seed gives the same answers.
    pub(crate) fn random(seed: u64) -> Self {
        Self::with(Vec::new(), Beyond::Dice(Rng::new(seed)))
    }

    fn with(given: Vec<Pick>, beyond: Beyond) -> Self {
        Choices { given, beyond, made: Vec::new(), mismatch: None }
    }

    /// Answers a choice among `of` things; at random each is equally likely.
    ///
    /// A choice of one thing is no choice: it is answered and not recorded.
    pub(crate) fn pick(&mut self, of: u32) -> u32 {
        self.answer(of, |dice| dice.below(of as usize) as u32)
    }

    /// Answers a choice whose answers above 0 are rare: a walk treats it as
    /// [`pick`](Self::pick) does, dice leave 0 with probability `odds` only.
    pub(crate) fn pick_rare(&mut self, of: u32, odds: f64) -> u32 {
        self.answer(of, |dice| if dice.unit() < odds { 1 + dice.below(of as usize - 1) as u32 } else { 0 })
    }

    /// Answers a choice that a search with dice makes by `choose`: a walk or a
    /// replay treats it as [`pick`](Self::pick) does.
    pub(crate) fn pick_by(&mut self, of: u32, choose: impl FnOnce(&mut Rng) -> u32) -> u32 {
        self.answer(of, choose)
    }

    fn answer(&mut self, of: u32, dice: impl FnOnce(&mut Rng) -> u32) -> u32 {
        assert!(of > 0, "a choice needs at least one answer");
        if of == 1 {
            return 0;
        }
        let at = self.made.len();
        let pick = match (self.given.get(at).copied(), &mut self.beyond) {
            (Some(given), _) => {
                if given.pick >= of || (given.of != 0 && given.of != of) {
                    self.mismatch.get_or_insert(Mismatch { at, given, asked: Some(of) });
                }
                given.pick.min(of - 1)
            }
            (None, Beyond::Zero) => 0,
            (None, Beyond::Dice(d)) => dice(d),
        };
        self.made.push(Pick { pick, of });
        pick
    }

    /// The choices made so far.
    pub(crate) fn made(&self) -> &[Pick] {
        &self.made
    }

    /// The picks made so far.
    pub(crate) fn picks(&self) -> Vec<u32> {
        self.made.iter().map(|choice| choice.pick).collect()
    }

    /// Where the finished execution first left its given list.
    pub(crate) fn mismatch(&self) -> Option<Mismatch> {
        let short = || {
            let at = self.made.len();
            self.given.get(at).map(|&given| Mismatch { at, given, asked: None })
        };
        self.mismatch.or_else(short)
    }
}

/// Walks all executions depth first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Odometer {
    prefix: Vec<Pick>,
}

impl Odometer {
    /// The choices for the next execution.
    pub(crate) fn choices(&self) -> Choices {
        Choices::with(self.prefix.clone(), Beyond::Zero)
    }

    /// Goes on from a finished execution. `Ok(false)`: that was the last one.
    ///
    /// # Errors
    ///
    /// The execution did not follow its prefix: the program is not
    /// deterministic, and the walk would not mean anything.
    pub(crate) fn advance(&mut self, finished: &Choices) -> Result<bool, Mismatch> {
        if let Some(mismatch) = finished.mismatch() {
            return Err(mismatch);
        }
        self.prefix.clear();
        self.prefix.extend_from_slice(&finished.made);
        Ok(raise_last(&mut self.prefix))
    }
}

/// Makes `list` the next one of a walk: raises the last answer that can be
/// raised and forgets those after it. `false`: there was none, and it is empty.
pub(crate) fn raise_last(list: &mut Vec<Pick>) -> bool {
    while let Some(last) = list.last_mut() {
        if last.pick + 1 < last.of {
            last.pick += 1;
            return true;
        }
        list.pop();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// All executions of `program`, in the order of the walk.
    fn walk(program: impl Fn(&mut Choices)) -> Vec<Vec<u32>> {
        let mut odometer = Odometer::default();
        let mut seen = Vec::new();
        loop {
            let mut choices = odometer.choices();
            program(&mut choices);
            seen.push(choices.picks());
            if !odometer.advance(&choices).expect("deterministic") {
                return seen;
            }
        }
    }

    #[test]
    fn a_program_without_choices_has_one_execution() {
        assert_eq!(walk(|_| {}), vec![Vec::<u32>::new()]);
        assert_eq!(walk(|c| assert_eq!(c.pick(1), 0)), vec![Vec::<u32>::new()]);
    }

    #[test]
    fn a_product_is_walked_in_order() {
        let seen = walk(|c| {
            c.pick(2);
            c.pick(3);
        });
        let expected = [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2]];
        assert_eq!(seen, expected.map(Vec::from).to_vec());
    }

    #[test]
    fn a_later_choice_may_hang_on_an_earlier_one() {
        // Below pick k of 4 there are k further binary choices: 1 + 2 + 4 + 8.
        let seen = walk(|c| {
            for _ in 0..c.pick(4) {
                c.pick(2);
            }
        });
        assert_eq!(seen.len(), 15);
        let distinct: BTreeSet<_> = seen.iter().collect();
        assert_eq!(distinct.len(), 15);
    }

    #[test]
    fn a_budget_of_two_raised_choices_among_five_gives_sixteen() {
        // 1 + 5 + 10 placements.
        let seen = walk(|c| {
            let mut left = 2;
            for _ in 0..5 {
                if left > 0 && c.pick_rare(2, 0.5) == 1 {
                    left -= 1;
                }
            }
        });
        assert_eq!(seen.len(), 16);
    }

    #[test]
    fn a_replay_answers_as_given_and_then_zero() {
        let mut choices = Choices::replay(&[1, 2]);
        assert_eq!([choices.pick(2), choices.pick(3), choices.pick(4)], [1, 2, 0]);
        assert_eq!(choices.mismatch(), None);
        assert_eq!(choices.made().len(), 3);
    }

    #[test]
    fn a_replay_that_does_not_fit_says_so() {
        let mut wide = Choices::replay(&[2]);
        assert_eq!(wide.pick(2), 1);
        assert_eq!(wide.mismatch().map(|m| m.at), Some(0));
        let mut long = Choices::replay(&[0, 1]);
        long.pick(2);
        let mismatch = long.mismatch().expect("one choice was not asked for");
        assert_eq!((mismatch.at, mismatch.asked), (1, None));
    }

    #[test]
    fn a_program_that_changes_its_mind_is_not_walked() {
        let mut odometer = Odometer::default();
        let mut first = odometer.choices();
        first.pick(2);
        first.pick(2);
        assert_eq!(odometer.advance(&first), Ok(true));
        let mut second = odometer.choices();
        second.pick(2);
        second.pick(3);
        let mismatch = odometer.advance(&second).expect_err("2 became 3");
        assert_eq!(mismatch.at, 1);
        let mut third = odometer.choices();
        third.pick(2);
        assert!(odometer.advance(&third).is_err(), "it ended early");
    }

    #[test]
    fn dice_are_repeatable_and_reach_everything() {
        let roll = |seed| {
            let mut c = Choices::random(seed);
            [c.pick(3), c.pick(3), c.pick_rare(4, 0.5)]
        };
        assert_eq!(roll(7), roll(7));
        let seen: BTreeSet<_> = (0..2_000).map(roll).collect();
        assert_eq!(seen.len(), 3 * 3 * 4);
        let by_rule = |c: &mut Choices| c.pick_by(3, |_| 2);
        assert_eq!(by_rule(&mut Choices::random(1)), 2);
        assert_eq!([by_rule(&mut Choices::zeros()), by_rule(&mut Choices::replay(&[1]))], [0, 1]);
        let mut never = Choices::random(1);
        assert!((0..1_000).all(|_| never.pick_rare(2, 0.0) == 0));
    }
}
