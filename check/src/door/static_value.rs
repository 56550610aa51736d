//! What a lock in a static protects: every execution begins with the value that the check has found.
//!
//! The value is put back as bytes. What an execution has made of it is dropped first, or forgotten if the
//! execution did not run to its end: nobody knows in which state its threads left it. A value that owns memory
//! from outside the model cannot be put back so, because an execution could have given that memory back; then
//! the model panics, and says what to write instead.

use crate::seam::context;
use crate::seam::runtime;
use crate::seam::statics;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

std::thread_local! {
    /// The statics that are put back as a whole when this execution ends.
    static WHOLE: RefCell<Vec<Range<usize>>> = const { RefCell::new(Vec::new()) };
}

/// A static's value as it was. If it is dropped without having run, only the bytes come back.
struct PutBack {
    addr: usize,
    before: Vec<u8>,
    drop: Box<dyn FnOnce()>,
}

impl PutBack {
    /// Drops what the execution has made of the value, if it has changed it, and then puts it back.
    fn run(mut self) {
        if self.now() != self.before {
            std::mem::replace(&mut self.drop, Box::new(|| ()))();
        }
    }

    fn now(&self) -> &[u8] {
        // SAFETY: a static is always there, and no thread of the model runs. Its bytes are looked at only.
        unsafe { std::slice::from_raw_parts(std::ptr::with_exposed_provenance(self.addr), self.before.len()) }
    }
}

impl Drop for PutBack {
    fn drop(&mut self) {
        let to = std::ptr::with_exposed_provenance_mut::<u8>(self.addr);
        // SAFETY: the bytes were a value of the static's type, which owned no memory, and the value that is there
        // now has been dropped or is forgotten.
        unsafe { to.copy_from_nonoverlapping(self.before.as_ptr(), self.before.len()) };
    }
}

/// A thread of a model has taken the lock that protects `value`: if it is in a static, it is put back when the
/// execution ends.
#[track_caller]
#[inline]
pub(super) fn keep<T: ?Sized>(value: *mut T) {
    let addr = value.cast::<u8>().expose_provenance();
    if runtime::current().is_some() && statics::is_static(addr) {
        first_use(value, addr);
    }
}

/// This static is put back as a whole, and with it all locks inside it: one that the model has initialised, or the
/// value under a lock.
pub(super) fn is_whole(addr: usize, size: usize) {
    WHOLE.with_borrow_mut(|all| all.push(addr..addr + size.max(1)));
    context::at_end_of_execution(|| WHOLE.with_borrow_mut(Vec::clear));
}

#[track_caller]
fn first_use<T: ?Sized>(value: *mut T, addr: usize) {
    let _engine = runtime::engine_code();
    // SAFETY: the caller holds the lock, so the value is there.
    let size = unsafe { size_of_val(&*value) };
    if WHOLE.with_borrow(|all| all.iter().any(|range| range.contains(&addr))) {
        return;
    }
    is_whole(addr, size);
    // SAFETY: the caller holds the lock, so nobody writes the value.
    let before = unsafe { std::slice::from_raw_parts(value.cast::<u8>(), size) }.to_vec();
    assert!(
        !std::mem::needs_drop::<T>() || !owns_memory(addr, &before),
        "a static lock holds a value that owns memory from outside of the model, so it cannot be put back after \
         each execution: make the value in the model, or begin with an empty one"
    );
    // SAFETY: the value is in a static, so its type outlives everything; it is dropped once, and replaced.
    let drop: Box<dyn FnOnce() + '_> = Box::new(move || unsafe { value.drop_in_place() });
    // SAFETY: as above; the box has the same layout.
    let drop: Box<dyn FnOnce()> = unsafe { std::mem::transmute(drop) };
    let put_back = PutBack { addr, before, drop };
    context::reset_at_end(Box::new(move || put_back.run()));
}

/// Whether a word of the value is the address of memory that is no static. Asked once for the same bytes.
fn owns_memory(addr: usize, bytes: &[u8]) -> bool {
    static ASKED: Mutex<BTreeMap<usize, (Vec<u8>, bool)>> = Mutex::new(BTreeMap::new());
    let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, owns)) = asked.get(&addr).filter(|(of, _)| of == bytes) {
        return *owns;
    }
    let words = bytes
        .chunks_exact(size_of::<usize>())
        .filter_map(|word| Some(usize::from_ne_bytes(word.try_into().ok()?)));
    let owns = words.into_iter().any(statics::is_heap);
    asked.insert(addr, (bytes.to_vec(), owns));
    owns
}
