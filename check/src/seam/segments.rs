//! Where the program and its libraries keep what is theirs: the segments of the process.

use std::ops::Range;

/// A segment that is loaded, or the model of one for each thread.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    /// What it is: `PT_LOAD`, `PT_TLS` and so on.
    pub(crate) kind: u32,
    pub(crate) writable: bool,
    /// Where it is. For thread-local memory: where the calling thread's is, if it has any.
    pub(crate) range: Range<usize>,
}

/// All segments of the process.
#[cfg(target_os = "linux")]
pub(crate) fn all() -> Vec<Segment> {
    unsafe extern "C" fn collect(
        info: *mut libc::dl_phdr_info,
        _: libc::size_t,
        out: *mut libc::c_void,
    ) -> libc::c_int {
        // SAFETY: `dl_iterate_phdr` gives a valid `info`, and `out` is the vector that we passed to it.
        let (info, out) = unsafe { (&*info, &mut *out.cast::<Vec<Segment>>()) };
        for i in 0..usize::from(info.dlpi_phnum) {
            // SAFETY: `dlpi_phdr` points to `dlpi_phnum` headers.
            let header = unsafe { &*info.dlpi_phdr.add(i) };
            let (kind, writable) = (header.p_type, header.p_flags & libc::PF_W != 0);
            let start = match kind {
                libc::PT_TLS if info.dlpi_tls_data.is_null() => continue,
                libc::PT_TLS => info.dlpi_tls_data.expose_provenance(),
                _ => (info.dlpi_addr + header.p_vaddr) as usize,
            };
            out.push(Segment { kind, writable, range: start..start + header.p_memsz as usize });
        }
        0
    }
    let mut out: Vec<Segment> = Vec::new();
    // SAFETY: `collect` has the right signature and gets the vector it expects.
    unsafe { libc::dl_iterate_phdr(Some(collect), std::ptr::from_mut(&mut out).cast()) };
    out
}
