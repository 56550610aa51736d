//! Where this process keeps its statics.

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
    #[test]
    fn a_static_is_found_and_a_box_is_not() {
        static HERE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
        let boxed = Box::new(1);
        assert!(super::is_static(std::ptr::from_ref(&HERE) as usize));
        assert!(!super::is_static(std::ptr::from_ref(&*boxed) as usize));
    }
}
