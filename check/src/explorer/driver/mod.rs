//! Drives the explorer: execution after execution until the search is done, a
//! limit is reached or something fails; then the failure again, twice.

mod lifecycle;
mod probe;
mod record;
mod replaying;
mod run;
mod searching;

pub(crate) use run::run;
