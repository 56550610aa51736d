//! Stands in for `std` where a snippet is compiled for the checker.
//!
//! Whatever shares memory between threads, starts threads, waits, or tells the
//! time is the checker's own under the same name; the rest is the real `std`,
//! re-exported. What would reach past the model (processes, files, sockets,
//! the wall clock) is not there, so that a snippet that needs it is refused by
//! the compiler, with file and line, instead of being judged on half of what it
//! does.
//!
//! The real `std` comes in by the glob; every item named here hides the one of
//! the same name that the glob would bring.

pub use ::std::*;

pub use ringwright_check::door::thread::thread_local;

/// Every program linked to this crate allocates through the checker, which so
/// sees use after free, double free and leaks.
#[global_allocator]
static QUARANTINE: ringwright_check::alloc::Quarantine = ringwright_check::alloc::Quarantine;

/// The system's own allocator, which the checker would not see, is not there.
pub mod alloc {
    pub use ::std::alloc::{
        GlobalAlloc, Layout, LayoutError, alloc, alloc_zeroed, dealloc, handle_alloc_error, realloc,
    };
}

/// A spinning thread tells the checker so.
pub mod hint {
    pub use ::std::hint::*;
    pub use ringwright_check::door::hint::spin_loop;
}

/// Atomics, locks and everything built on them: the checker's door has them
/// under the names of `std`, and what else it has no snippet can use, because a
/// snippet must compile with the real `std` first.
///
/// With the sanitizer pass the checker sees the counts of the real `Arc`, whose
/// code is compiled with the snippet; so it can be the real one, `Arc<dyn T>`
/// and all.
pub mod sync {
    pub use ringwright_check::door::*;

    #[cfg(plain)]
    pub use ::std::sync::{Arc, Weak};
}

/// Threads of the model.
pub mod thread {
    pub use ringwright_check::door::thread::*;
}

/// The model's clock. There is no `SystemTime`: a model has no date.
pub mod time {
    pub use ::std::time::{Duration, TryFromFloatSecsError};
    pub use ringwright_check::door::time::Instant;
}

/// Addresses, but no sockets.
pub mod net {
    pub use ::std::net::{
        AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, ToSocketAddrs,
    };
}

/// Ways out, but no children.
pub mod process {
    pub use ::std::process::{ExitCode, Termination, abort, exit, id};
}

/// Nothing: a model has no files.
pub mod fs {}

/// Nothing: a model has no operating system.
pub mod os {}
