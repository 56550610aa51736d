//! Where this process keeps its statics, and the values that an execution has to put back.

use crate::seam::runtime::{self, Obj};
#[cfg(target_os = "linux")]
use crate::seam::segments::{self, Segment};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Whether `addr` is in a writable segment of the program or of a library.
pub(crate) fn is_static(addr: usize) -> bool {
    static SEGMENTS: OnceLock<Vec<Range<usize>>> = OnceLock::new();
    SEGMENTS.get_or_init(segments).iter().any(|segment| segment.contains(&addr))
}

/// Whether `addr` is in writable memory of the process that is no static: on the heap, or on a stack.
#[cfg(target_os = "linux")]
pub(crate) fn is_heap(addr: usize) -> bool {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let holds = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
        Some(rest.starts_with("rw") && (start..end).contains(&addr))
    };
    !is_static(addr) && maps.lines().any(|line| holds(line) == Some(true))
}

/// Whether `addr` is in writable memory that is no static: not known here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_heap(_: usize) -> bool {
    false
}

/// Holds off other models that use statics, which would see this one's values.
pub(crate) fn claim() -> MutexGuard<'static, ()> {
    static IN_USE: Mutex<()> = Mutex::new(());
    IN_USE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The atomics in static memory that an execution uses, with the values to put
/// back when it ends.
#[derive(Debug, Default)]
pub(crate) struct StaticValues {
    /// Where, how many bytes, and what.
    values: Vec<(*mut u8, usize, u64)>,
    /// Keeps other models from the statics, from the first use to the end of the check.
    claim: Option<MutexGuard<'static, ()>>,
}

impl StaticValues {
    /// Remembers the value of `obj`, if it is an atomic in static memory that
    /// this execution has not used before.
    pub(crate) fn remember(&mut self, obj: &Obj<'_>) {
        if obj.bits > 0 && is_static(obj.addr()) && !self.values.iter().any(|(ptr, ..)| *ptr == obj.ptr) {
            self.claim.get_or_insert_with(claim);
            self.values.push((obj.ptr, obj.size, obj.value()));
        }
    }

    /// Puts the values back: the execution has ended.
    pub(crate) fn put_back(&mut self) {
        for (ptr, size, value) in self.values.drain(..) {
            // SAFETY: `remember` lists only atomics in a static segment, which are always live.
            unsafe { runtime::write_atomic(ptr, size, value) }
        }
    }
}

#[cfg(target_os = "linux")]
fn segments() -> Vec<Range<usize>> {
    let writable = |s: &Segment| s.kind == libc::PT_LOAD && s.writable;
    segments::all().into_iter().filter(writable).map(|s| s.range).collect()
}

#[cfg(not(target_os = "linux"))]
fn segments() -> Vec<Range<usize>> {
    Vec::new()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

    #[test]
    fn a_static_is_found_and_a_box_is_not() {
        static HERE: AtomicU32 = AtomicU32::new(1);
        let boxed = Box::new(1);
        assert!(is_heap(std::ptr::from_ref(&*boxed) as usize));
        assert!(
            !is_heap(std::ptr::from_ref(&HERE) as usize)
                && !is_heap(8)
                && !is_heap(is_heap as *const () as usize)
        );
        assert!(is_static(std::ptr::from_ref(&HERE) as usize));
        assert!(!is_static(std::ptr::from_ref(&*boxed) as usize));
    }

    #[test]
    fn the_first_value_of_a_static_is_put_back_once() {
        static HERE: AtomicU32 = AtomicU32::new(1);
        let (boxed, id) = (Box::new(AtomicU32::new(1)), AtomicU64::new(0));
        let obj = |atomic: &AtomicU32| Obj { ptr: atomic.as_ptr().cast(), size: 4, bits: 32, id: &id };
        let mut values = StaticValues::default();
        // Relaxed, all of them: one thread.
        for value in [2, 3] {
            for atomic in [&HERE, &*boxed] {
                values.remember(&obj(atomic));
                atomic.store(value, Ordering::Relaxed);
            }
        }
        values.put_back();
        assert_eq!([HERE.load(Ordering::Relaxed), boxed.load(Ordering::Relaxed)], [1, 3]);
        HERE.store(4, Ordering::Relaxed);
        values.put_back();
        assert_eq!(HERE.load(Ordering::Relaxed), 4);
    }
}
