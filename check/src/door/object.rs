//! The word by which an engine knows an object again.

use crate::seam::runtime::Obj;
use std::sync::atomic::AtomicU64;

/// An identity word. It holds which execution saw the object last, and under
/// which number; an object that has moved since is a new one.
#[derive(Debug)]
pub(crate) struct Identity(AtomicU64);

impl Identity {
    /// Not seen by anyone yet.
    pub(crate) const fn new() -> Identity {
        Identity(AtomicU64::new(0))
    }

    /// Makes the object a new one: it was changed behind the engine's back.
    pub(crate) fn forget(&mut self) {
        *self.0.get_mut() = 0;
    }

    /// The object whose value is at `ptr` as the engines want it.
    pub(crate) fn object(&self, ptr: *mut u8, size: usize, bits: u8) -> Obj<'_> {
        Obj { ptr, size, bits, id: &self.0 }
    }
}

/// The state word of a lock, a condition variable or a parking token, with its
/// identity. Outside a model it is not used.
#[derive(Debug)]
pub(crate) struct Word {
    value: AtomicU64,
    id: Identity,
}

impl Word {
    pub(crate) const fn new() -> Word {
        Word { value: AtomicU64::new(0), id: Identity::new() }
    }

    pub(crate) fn object(&self) -> Obj<'_> {
        self.id.object(self.value.as_ptr().cast(), 8, 64)
    }
}
