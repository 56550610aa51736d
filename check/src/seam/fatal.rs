//! What is said when a model takes the process with it: which model it was, and where.
//!
//! A stack that is used up, a wild pointer, a panic that cannot unwind, `abort` and `exit` end the process, and
//! nobody can stop them. A test that ends so would show nothing but a signal, or with `exit(0)` pass. So the
//! process says the model's name before it ends, and `exit` is a failure.
//!
//! All that a signal handler uses is prepared before: it allocates nothing, takes no lock, and calls only what it
//! may. It changes nothing else: whatever was installed before has its turn afterwards.

use std::cell::Cell;
use std::fmt;

/// Where a search is.
pub(crate) trait Whereabouts {
    /// Says it, without allocating.
    fn write(&self, to: &mut dyn fmt::Write) -> fmt::Result;
    /// Bytes of the stack of each thread of the model.
    fn stack_size(&self) -> usize;
}

/// The model that runs on this thread of the system.
#[derive(Clone, Copy)]
struct Running {
    /// Never freed: there are as many as models in the program.
    name: &'static str,
    at: Option<*const dyn Whereabouts>,
}

thread_local! {
    static RUNNING: Cell<Option<Running>> = const { Cell::new(None) };
}

/// A model runs on this thread of the system while this lives.
pub(crate) struct ModelGuard<'a> {
    before: Option<Running>,
    _at: std::marker::PhantomData<&'a dyn Whereabouts>,
}

impl Drop for ModelGuard<'_> {
    fn drop(&mut self) {
        RUNNING.set(self.before.take());
    }
}

/// The model `name` runs from now on; `at` knows where it is.
pub(crate) fn running<'a>(name: &str, at: Option<&'a (dyn Whereabouts + 'static)>) -> ModelGuard<'a> {
    #[cfg(target_os = "linux")]
    linux::install();
    let now = Running { name: forever(name), at: at.map(std::ptr::from_ref) };
    ModelGuard { before: RUNNING.replace(Some(now)), _at: std::marker::PhantomData }
}

/// The name, never freed.
fn forever(name: &str) -> &'static str {
    use std::collections::BTreeSet;
    use std::sync::{Mutex, PoisonError};
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = names.get(name) {
        return known;
    }
    let kept: &'static str = Box::leak(name.into());
    names.insert(kept);
    kept
}

/// What the model is told to have done.
#[derive(Clone, Copy)]
enum End {
    /// Its stack is used up.
    Overflow,
    /// A signal of this name.
    Signal(&'static str),
    Exit,
}

impl Running {
    fn write(&self, end: End, to: &mut dyn fmt::Write) -> fmt::Result {
        // SAFETY: the guard borrows it, and it is this thread's own.
        let at = self.at.map(|at| unsafe { &*at });
        write!(to, "\nringwright: the model `{}` ", self.name)?;
        match end {
            End::Overflow => to.write_str("has overflowed the stack of one of its threads")?,
            End::Signal(name) => write!(to, "is ended by the signal {name}")?,
            End::Exit => to.write_str("has called `exit`")?,
        }
        if let Some(at) = at {
            to.write_str(": ")?;
            at.write(to)?;
        }
        to.write_str(".\n")?;
        match (end, at) {
            (End::Overflow, Some(at)) => writeln!(
                to,
                "Each thread of a model has {} bytes of stack: see `Check::stack_size`. A recursion without an end \
                 looks the same.",
                at.stack_size()
            )?,
            (End::Signal("SIGABRT"), _) => to.write_str(
                "It has called `abort`, or a panic could not unwind: one that leaves a destructor while another \
                 panic unwinds, for instance.\n",
            )?,
            (End::Exit, _) => to.write_str("The rest of the search has not been seen. This is a failure.\n")?,
            _ => {}
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{End, RUNNING};
    use std::fmt;
    use std::mem::MaybeUninit;
    use std::ptr;
    use std::sync::OnceLock;

    const SIGNALS: [(libc::c_int, &str); 5] = [
        (libc::SIGSEGV, "SIGSEGV"),
        (libc::SIGBUS, "SIGBUS"),
        (libc::SIGILL, "SIGILL"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGABRT, "SIGABRT"),
    ];

    /// What was installed before, one for each of [`SIGNALS`].
    static BEFORE: OnceLock<[libc::sigaction; SIGNALS.len()]> = OnceLock::new();

    /// The exit status of a process that a model has ended.
    const FAILURE: libc::c_int = 101;

    /// How far from the stack pointer an access to the guard page may be: a frame is touched page by page.
    const NEAR: usize = 64 * 1024;

    /// Standard error, without a lock or a buffer.
    struct StandardError;

    impl fmt::Write for StandardError {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            let mut rest = text.as_bytes();
            while !rest.is_empty() {
                // SAFETY: the bytes are there.
                let written = unsafe { libc::write(libc::STDERR_FILENO, rest.as_ptr().cast(), rest.len()) };
                let Some(written) = usize::try_from(written).ok().filter(|n| *n > 0) else {
                    return Err(fmt::Error);
                };
                rest = &rest[written..];
            }
            Ok(())
        }
    }

    /// Installs the handlers, once for the process.
    pub(super) fn install() {
        BEFORE.get_or_init(|| {
            // SAFETY: `at_exit` is a function of the right type.
            unsafe { libc::atexit(at_exit) };
            SIGNALS.map(|(signal, _)| {
                let mut before = MaybeUninit::<libc::sigaction>::zeroed();
                // SAFETY: a handler of the right type for `SA_SIGINFO`; zeros are a valid `sigaction`.
                unsafe {
                    let mut ours: libc::sigaction = std::mem::zeroed();
                    ours.sa_sigaction = handler as *const () as usize;
                    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
                    libc::sigaction(signal, &ours, before.as_mut_ptr());
                    before.assume_init()
                }
            })
        });
    }

    /// Says what there is to say, and leaves the signal to whoever had it before.
    extern "C" fn handler(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
        let Some(at) = SIGNALS.iter().position(|(of, _)| *of == signal) else { return };
        if let Some(running) = RUNNING.take() {
            let memory = signal == libc::SIGSEGV || signal == libc::SIGBUS;
            // SAFETY: the system passes both, for a signal about memory with the address in it.
            let overflow = memory && unsafe { near_the_stack((*info).si_addr().addr(), context) };
            let end = if overflow { End::Overflow } else { End::Signal(SIGNALS[at].1) };
            let _ = running.write(end, &mut StandardError);
        }
        if let Some(before) = BEFORE.get() {
            // SAFETY: it was a handler of this process. The instruction runs again, and `abort` raises again.
            unsafe { libc::sigaction(signal, &before[at], ptr::null_mut()) };
        }
    }

    /// Whether `address` is where the stack of whoever was interrupted would grow.
    unsafe fn near_the_stack(address: usize, context: *mut libc::c_void) -> bool {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the system passes a context of this type.
        let stack =
            unsafe { (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs[libc::REG_RSP as usize] };
        #[cfg(target_arch = "aarch64")]
        // SAFETY: the system passes a context of this type.
        let stack = unsafe { (*context.cast::<libc::ucontext_t>()).uc_mcontext.sp };
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
        let stack = {
            let _ = context;
            0
        };
        (stack as usize).abs_diff(address) < NEAR
    }

    /// The process ends by `exit`. If a model runs on this thread, it was the model's doing.
    extern "C" fn at_exit() {
        if let Some(running) = RUNNING.take() {
            let _ = running.write(End::Exit, &mut StandardError);
            // SAFETY: it ends the process, in which nothing is left to do.
            unsafe { libc::_exit(FAILURE) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Here;

    impl Whereabouts for Here {
        fn write(&self, to: &mut dyn fmt::Write) -> fmt::Result {
            to.write_str("here")
        }

        fn stack_size(&self) -> usize {
            4_096
        }
    }

    fn text(end: End) -> String {
        let mut text = String::new();
        RUNNING.get().expect("a model runs").write(end, &mut text).expect("a string takes all");
        text
    }

    #[test]
    fn each_end_names_the_model_and_the_place() {
        let outer = running("outer", None);
        let inner = running("inner", Some(&Here));
        assert!(
            text(End::Overflow).contains("`inner` has overflowed the stack of one of its threads: here.\n")
        );
        assert!(text(End::Overflow).contains("4096 bytes"));
        assert!(text(End::Signal("SIGBUS")).contains("`inner` is ended by the signal SIGBUS: here.\n"));
        assert!(text(End::Exit).contains("has called `exit`: here.\n"));
        drop(inner);
        assert!(
            text(End::Signal("SIGABRT"))
                .contains("`outer` is ended by the signal SIGABRT.\nIt has called `abort`")
        );
        drop(outer);
        assert!(RUNNING.get().is_none());
    }
}
