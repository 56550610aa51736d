//! The stack of a model thread, as it is where the thread calls the engine: what tells a loop that only waits
//! from one that counts.
//!
//! A loop that has come back to the same place with the same stack and the same registers, and has read the
//! same values on the way, will do the same again. To see that, the engine must look at the thread's own state
//! and not at what it has left there itself. So the door calls it through [`enter`], which saves the registers
//! that a call preserves at a known place: from there up to where the thread began, everything is the
//! thread's. And memory below that place, which the engine's own calls have used, is wiped after a call if
//! the engine asks for it ([`wipe`]): otherwise a later frame of the model could take over, in bytes that it
//! never writes, numbers that the engine has left.

use std::cell::Cell;

thread_local! {
    /// Where the call that is under way saved the registers.
    static FRAME: Cell<usize> = const { Cell::new(0) };
    /// Whether to wipe the memory below the frame when the call returns.
    static WIPE: Cell<bool> = const { Cell::new(false) };
}

/// Bytes below the frame that are wiped: more than the engine's calls use.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
const WIPED: usize = 8 * 1024;

/// The stack pointer at the call of the engine that is under way; 0 if it is not known. To be asked before the
/// call gives up control: afterwards it is another thread's.
#[inline]
pub(crate) fn frame() -> usize {
    FRAME.get()
}

/// When the call that is under way returns, what the engine has left on the stack goes.
#[inline]
pub(crate) fn wipe() {
    WIPE.set(true);
}

/// Wipes what has been left below the caller on this stack, as far down as a model's frames usually reach.
#[inline(never)]
pub(crate) fn wipe_below() {
    std::hint::black_box(&mut [0_u64; 4 * 1024]);
}

/// An address on the running coroutine's stack: everything that it calls from here on is below.
#[inline(never)]
pub(crate) fn here() -> usize {
    let local = 0_u8;
    std::ptr::from_ref(std::hint::black_box(&local)).addr()
}

/// Calls `f`, an operation of the engine, from a frame that the engine can look at.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[inline]
pub(crate) fn enter<R>(f: impl FnOnce() -> R) -> R {
    struct Call<F, R> {
        f: Option<F>,
        result: Option<R>,
    }
    extern "C-unwind" fn run<F: FnOnce() -> R, R>(call: *mut (), frame: usize) -> usize {
        // SAFETY: `enter` passes its own `Call`, which it does not touch meanwhile.
        let call = unsafe { &mut *call.cast::<Call<F, R>>() };
        FRAME.set(frame);
        call.result = call.f.take().map(|f| f());
        // Other calls of the engine come from elsewhere, perhaps from another stack.
        FRAME.set(0);
        if WIPE.replace(false) { WIPED } else { 0 }
    }
    fn of<F: FnOnce() -> R, R>(_: &Call<F, R>) -> extern "C-unwind" fn(*mut (), usize) -> usize {
        run::<F, R>
    }
    let mut call = Call { f: Some(f), result: None };
    let run = of(&call);
    // SAFETY: `run` gets the `Call` that it is made for. The stack has room: the engine's own calls need more.
    unsafe { call_with_registers(run, std::ptr::from_mut(&mut call).cast()) };
    call.result.expect("the call has returned")
}

/// Calls `f`, an operation of the engine.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
#[inline]
pub(crate) fn enter<R>(f: impl FnOnce() -> R) -> R {
    f()
}

/// Saves the registers that a call preserves, calls `f` with `data` and the place where they are, and wipes as
/// many bytes below as `f` says.
///
/// # Safety
///
/// `f` may be called with `data`.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
#[unsafe(naked)]
unsafe extern "C-unwind" fn call_with_registers(
    f: extern "C-unwind" fn(*mut (), usize) -> usize,
    data: *mut (),
) {
    std::arch::naked_asm!(
        ".cfi_startproc",
        "push rbp",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset rbp, 0",
        "push rbx",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset rbx, 0",
        "push r12",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r12, 0",
        "push r13",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r13, 0",
        "push r14",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r14, 0",
        "push r15",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r15, 0",
        // The stack is aligned to 16 bytes at a call; the return address and six registers are 56.
        "sub rsp, 8",
        ".cfi_adjust_cfa_offset 8",
        "mov rax, rdi",
        "mov rdi, rsi",
        "lea rsi, [rsp + 8]",
        "call rax",
        "test rax, rax",
        "jz 2f",
        "mov rcx, rax",
        "shr rcx, 3",
        "mov rdi, rsp",
        "sub rdi, rax",
        "xor eax, eax",
        "rep stosq",
        // And what is left in the registers that a call need not preserve: bytes that nobody sets, such as those
        // of a `None`, may be copied from there.
        "xor edx, edx; xor esi, esi; xor edi, edi",
        "xor r8d, r8d; xor r9d, r9d; xor r10d, r10d; xor r11d, r11d",
        "pxor xmm0, xmm0; pxor xmm1, xmm1; pxor xmm2, xmm2; pxor xmm3, xmm3",
        "pxor xmm4, xmm4; pxor xmm5, xmm5; pxor xmm6, xmm6; pxor xmm7, xmm7",
        "pxor xmm8, xmm8; pxor xmm9, xmm9; pxor xmm10, xmm10; pxor xmm11, xmm11",
        "pxor xmm12, xmm12; pxor xmm13, xmm13; pxor xmm14, xmm14; pxor xmm15, xmm15",
        "2:",
        "add rsp, 8",
        ".cfi_adjust_cfa_offset -8",
        "pop r15",
        ".cfi_adjust_cfa_offset -8",
        ".cfi_restore r15",
        "pop r14",
        ".cfi_adjust_cfa_offset -8",
        ".cfi_restore r14",
        "pop r13",
        ".cfi_adjust_cfa_offset -8",
        ".cfi_restore r13",
        "pop r12",
        ".cfi_adjust_cfa_offset -8",
        ".cfi_restore r12",
        "pop rbx",
        ".cfi_adjust_cfa_offset -8",
        ".cfi_restore rbx",
        "pop rbp",
        ".cfi_adjust_cfa_offset -8",
        ".cfi_restore rbp",
        "ret",
        ".cfi_endproc",
    )
}

/// A number for the words from `frame` up to `base`.
///
/// # Safety
///
/// Both are addresses of words on one live stack that is not running meanwhile, or is below `frame`.
pub(crate) unsafe fn digest(frame: usize, base: usize) -> u64 {
    let words = (frame..base & !7).step_by(8);
    // SAFETY: the caller says so; volatile, because the words belong to frames of other functions.
    let read = |word: usize| unsafe { std::ptr::with_exposed_provenance::<u64>(word).read_volatile() };
    words.fold(0x9e37_79b9_7f4a_7c15, |digest, word| mix(digest, read(word)))
}

/// A number for the `len` bytes at `addr`.
///
/// # Safety
///
/// They may be read.
pub(crate) unsafe fn digest_bytes(addr: usize, len: usize) -> u64 {
    let words = addr.next_multiple_of(8)..(addr + len) & !7;
    if words.is_empty() {
        // SAFETY: the caller says so.
        return unsafe { bytes(0, addr..addr + len) };
    }
    // SAFETY: the caller says so; the words are aligned.
    unsafe { bytes(bytes(digest(words.start, words.end), addr..words.start), words.end..addr + len) }
}

/// `seed` with some bytes in it.
///
/// # Safety
///
/// They may be read.
unsafe fn bytes(seed: u64, at: std::ops::Range<usize>) -> u64 {
    // SAFETY: the caller says so; volatile, as in `digest`.
    let read = |at: usize| unsafe { std::ptr::with_exposed_provenance::<u8>(at).read_volatile() };
    at.fold(seed, |digest, at| mix(digest, u64::from(read(at)) | 0x100))
}

/// `digest` with one more word in it.
#[inline]
pub(crate) fn mix(digest: u64, word: u64) -> u64 {
    (digest.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95)
}

#[cfg(all(test, target_arch = "x86_64", target_os = "linux"))]
mod tests {
    use super::*;

    /// What a loop of `turns` looks like to the engine at each turn; it counts if `counts` says so.
    #[inline(never)]
    fn digests(turns: usize, counts: bool) -> Vec<u64> {
        let mut seen = Vec::with_capacity(turns);
        let base = here();
        let mut left = turns;
        run(base, &mut seen, &mut left, counts);
        seen
    }

    #[inline(never)]
    fn run(base: usize, seen: &mut Vec<u64>, left: &mut usize, counts: bool) {
        let mut counter = 0_u64;
        loop {
            let more = enter(|| {
                // SAFETY: the frame of this call, and the function further up that called this one.
                seen.push(unsafe { digest(frame(), base) });
                wipe();
                *left -= 1;
                *left > 0
            });
            if !more {
                break;
            }
            if counts {
                counter += 1;
            }
        }
        std::hint::black_box(counter);
    }

    #[test]
    fn a_loop_that_waits_looks_the_same_and_one_that_counts_does_not() {
        let waits = digests(5, false);
        assert!(waits[1..].iter().all(|digest| *digest == waits[1]), "{waits:?}");
        let mut counts = digests(5, true);
        counts.sort_unstable();
        counts.dedup();
        assert!(counts.len() >= 4, "{counts:?}");
    }

    #[test]
    fn every_byte_counts() {
        let mut bytes = [0_u64; 4];
        let first = bytes.as_mut_ptr().cast::<u8>();
        let digests = |from: usize, to: usize| {
            // SAFETY: the array's own bytes.
            unsafe { digest_bytes(first.expose_provenance() + from, to - from) }
        };
        for (from, to) in [(0, 32), (3, 29), (0, 4), (5, 7), (7, 9), (8, 16)] {
            for at in from..to {
                let before = digests(from, to);
                // SAFETY: as above.
                unsafe { *first.add(at) += 1 };
                assert_ne!(before, digests(from, to), "{at} of {from}..{to}");
            }
        }
    }

    #[test]
    fn a_call_gives_its_result_and_may_unwind() {
        assert_eq!(enter(|| 7), 7);
        let result = std::panic::catch_unwind(|| enter(|| std::panic::resume_unwind(Box::new(9_u8))));
        assert_eq!(*result.expect_err("it has unwound").downcast::<u8>().expect("the payload"), 9);
    }
}
