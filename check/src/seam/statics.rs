//! Where this process keeps its statics, and the values that an execution has to put back.

use crate::seam::runtime::{self, Obj};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Whether `addr` is in a writable segment of the program or of a library.
pub(crate) fn is_static(addr: usize) -> bool {
    static SEGMENTS: OnceLock<Vec<Range<usize>>> = OnceLock::new();
    SEGMENTS.get_or_init(segments).iter().any(|segment| segment.contains(&addr))
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
    unsafe extern "C" fn collect(
        info: *mut libc::dl_phdr_info,
        _: libc::size_t,
        out: *mut libc::c_void,
    ) -> libc::c_int {
        // SAFETY: `dl_iterate_phdr` gives a valid `info`, and `out` is the vector that we passed to it.
        let (info, out) = unsafe { (&*info, &mut *out.cast::<Vec<Range<usize>>>()) };
        for i in 0..usize::from(info.dlpi_phnum) {
            // SAFETY: `dlpi_phdr` points to `dlpi_phnum` headers.
            let header = unsafe { &*info.dlpi_phdr.add(i) };
            if header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W != 0 {
                let start = (info.dlpi_addr + header.p_vaddr) as usize;
                out.push(start..start + header.p_memsz as usize);
            }
        }
        0
    }
    let mut out: Vec<Range<usize>> = Vec::new();
    // SAFETY: `collect` has the right signature and gets the vector it expects.
    unsafe { libc::dl_iterate_phdr(Some(collect), std::ptr::from_mut(&mut out).cast()) };
    out
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
