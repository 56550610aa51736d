//! Time: [`std::time`]. In a model a thread knows the time of all that it comes
//! after. It passes in a sleep, in a wait whose time is up, and for a loop that
//! looks at it. It orders nothing.

use crate::seam::runtime;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::panic::Location;
pub use std::time::Duration;

/// A moment: [`std::time::Instant`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Moment);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Moment {
    Real(std::time::Instant),
    /// Since the start of the execution.
    Modelled(Duration),
}

impl Instant {
    /// The moment now.
    #[must_use]
    #[track_caller]
    pub fn now() -> Instant {
        Instant(match runtime::current() {
            Some(engine) => Moment::Modelled(Duration::from_nanos(engine.now(Location::caller()))),
            None => Moment::Real(std::time::Instant::now()),
        })
    }

    /// The time since this moment; zero if it is in the future.
    #[must_use]
    #[track_caller]
    pub fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(*self)
    }

    /// The time from `earlier` to this moment; zero if that is later.
    #[must_use]
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }

    /// The time from `earlier` to this moment; zero if that is later.
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.checked_duration_since(earlier).unwrap_or_default()
    }

    /// The time from `earlier` to this moment, or `None` if that is later.
    ///
    /// # Panics
    ///
    /// If one moment is a model's and the other is not.
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        match (self.0, earlier.0) {
            (Moment::Real(now), Moment::Real(then)) => now.checked_duration_since(then),
            (Moment::Modelled(now), Moment::Modelled(then)) => now.checked_sub(then),
            _ => panic!("an Instant of a model was compared with one from outside it"),
        }
    }

    /// This moment and `duration` more, if that can be said.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        Some(Instant(match self.0 {
            Moment::Real(at) => Moment::Real(at.checked_add(duration)?),
            Moment::Modelled(at) => Moment::Modelled(at.checked_add(duration)?),
        }))
    }

    /// This moment less `duration`, if that can be said.
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        Some(Instant(match self.0 {
            Moment::Real(at) => Moment::Real(at.checked_sub(duration)?),
            Moment::Modelled(at) => Moment::Modelled(at.checked_sub(duration)?),
        }))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        self.checked_add(duration).expect("overflow when adding duration to instant")
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, duration: Duration) -> Instant {
        self.checked_sub(duration).expect("overflow when subtracting duration from instant")
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}
