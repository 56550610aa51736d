//! What a thread says to the processor: [`std::hint`].

use crate::seam::runtime;
use std::panic::Location;

/// Says that the thread spins: [`std::hint::spin_loop`]. In a model it
/// waits until one of the values that it has just read changes.
#[track_caller]
pub fn spin_loop() {
    match runtime::current() {
        Some(engine) => engine.yield_now(Location::caller()),
        None => std::hint::spin_loop(),
    }
}
