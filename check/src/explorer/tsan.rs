//! The functions that code compiled with the thread-sanitizer pass calls.
//!
//! `rustc -Zsanitizer=thread -Zexternal-clangrt` puts a call before every plain
//! access and in place of every atomic one, and leaves the functions to be
//! linked in. These are the checker's own: in a model's code a plain access is
//! checked against the shadow memory, and an atomic one in a block that the
//! model has allocated (the counts of std's own `Arc`, say) is run by the
//! engine. Everywhere else they do just what the code asked for.
//!
//! The address that the call returns to names the line. A stub in assembly
//! passes it on as a further argument.

use crate::explorer::current;
use crate::explorer::plain;
use crate::memory::heap;
use crate::seam::op::Rmw;
use crate::seam::origin;
use crate::seam::place::{self, Place};
use crate::seam::runtime::{self, Access, Obj, current, in_user_code};
use crate::seam::symbols;
use crate::seam::unwinding;
use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering, fence};

/// A stub: the C name, the handler, what goes into the argument registers.
#[cfg(target_arch = "x86_64")]
macro_rules! stub {
    ($name:expr, $handler:path, $($set:expr),+) => {
        std::arch::global_asm!(
            concat!(".globl ", $name),
            concat!(".type ", $name, ",@function"),
            concat!($name, ":"),
            $($set,)+
            "jmp {handler}",
            handler = sym $handler,
        );
    };
}

#[cfg(target_arch = "aarch64")]
macro_rules! stub {
    ($name:expr, $handler:path, $($set:expr),+) => {
        std::arch::global_asm!(
            concat!(".globl ", $name),
            concat!(".type ", $name, ",%function"),
            concat!($name, ":"),
            $($set,)+
            "b {handler}",
            handler = sym $handler,
        );
    };
}

#[cfg(target_arch = "x86_64")]
macro_rules! accesses {
    ($($name:expr, $handler:path, $size:expr;)*) => {
        $(stub!($name, $handler, "mov rsi, [rsp]", concat!("mov edx, ", $size));)*
    };
}

#[cfg(target_arch = "aarch64")]
macro_rules! accesses {
    ($($name:expr, $handler:path, $size:expr;)*) => {
        $(stub!($name, $handler, "mov x1, x30", concat!("mov x2, #", $size));)*
    };
}

accesses! {
    "__tsan_read1", read, "1"; "__tsan_write1", write, "1";
    "__tsan_read2", read, "2"; "__tsan_write2", write, "2";
    "__tsan_read4", read, "4"; "__tsan_write4", write, "4";
    "__tsan_read8", read, "8"; "__tsan_write8", write, "8";
    "__tsan_read16", read, "16"; "__tsan_write16", write, "16";
    "__tsan_unaligned_read2", read, "2"; "__tsan_unaligned_write2", write, "2";
    "__tsan_unaligned_read4", read, "4"; "__tsan_unaligned_write4", write, "4";
    "__tsan_unaligned_read8", read, "8"; "__tsan_unaligned_write8", write, "8";
    "__tsan_unaligned_read16", read, "16"; "__tsan_unaligned_write16", write, "16";
    "__tsan_read_write1", write, "1"; "__tsan_read_write2", write, "2";
    "__tsan_read_write4", write, "4"; "__tsan_read_write8", write, "8";
    "__tsan_read_write16", write, "16";
    "__tsan_vptr_read", read, "8"; "__tsan_vptr_update", write, "8";
}

#[cfg(target_arch = "x86_64")]
macro_rules! with_third {
    ($($name:expr, $handler:path;)*) => { $(stub!($name, $handler, "mov rcx, [rsp]");)* };
}
#[cfg(target_arch = "aarch64")]
macro_rules! with_third {
    ($($name:expr, $handler:path;)*) => { $(stub!($name, $handler, "mov x3, x30");)* };
}
#[cfg(target_arch = "x86_64")]
macro_rules! with_second {
    ($($name:expr, $handler:path;)*) => { $(stub!($name, $handler, "mov rdx, [rsp]");)* };
}
#[cfg(target_arch = "aarch64")]
macro_rules! with_second {
    ($($name:expr, $handler:path;)*) => { $(stub!($name, $handler, "mov x2, x30");)* };
}
#[cfg(target_arch = "x86_64")]
macro_rules! with_fifth {
    ($($name:expr, $handler:path;)*) => { $(stub!($name, $handler, "mov r9, [rsp]");)* };
}
#[cfg(target_arch = "aarch64")]
macro_rules! with_fifth {
    ($($name:expr, $handler:path;)*) => { $(stub!($name, $handler, "mov x5, x30");)* };
}

with_third! {
    "__tsan_memcpy", memcpy;
    "__tsan_memmove", memmove;
    "__tsan_memset", memset;
}

extern "C" fn read(addr: usize, from: usize, size: usize) {
    record(addr, size, Access::Read, from);
}

extern "C" fn write(addr: usize, from: usize, size: usize) {
    record(addr, size, Access::Write, from);
}

/// Checks and records an access of the model's code.
fn record(addr: usize, size: usize, access: Access, from: usize) {
    if size == 0 || !in_user_code() || !heap::active() || unwinding::unmodelled() {
        return;
    }
    let _engine = runtime::engine_code();
    if symbols::is_door(from) {
        return;
    }
    current::unstepped(|s| {
        if access == Access::Write {
            s.note_static_write(addr);
        }
        plain::access(s, addr, size, access, Place::Address(from));
    });
}

extern "C" fn memcpy(to: *mut u8, of: *const u8, size: usize, from: usize) -> *mut u8 {
    record(of as usize, size, Access::Read, from);
    record(to as usize, size, Access::Write, from);
    // SAFETY: this is the copy that the compiler asked for, with its arguments.
    unsafe { std::ptr::copy_nonoverlapping(of, to, size) };
    to
}

extern "C" fn memmove(to: *mut u8, of: *const u8, size: usize, from: usize) -> *mut u8 {
    record(of as usize, size, Access::Read, from);
    record(to as usize, size, Access::Write, from);
    // SAFETY: this is the copy that the compiler asked for, with its arguments.
    unsafe { std::ptr::copy(of, to, size) };
    to
}

extern "C" fn memset(to: *mut u8, byte: i32, size: usize, from: usize) -> *mut u8 {
    record(to as usize, size, Access::Write, from);
    // SAFETY: this is the fill that the compiler asked for, with its arguments.
    unsafe { std::ptr::write_bytes(to, byte as u8, size) };
    to
}

/// Whether there is code that was compiled with the pass: each such piece has a constructor.
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// Whether code of this program was compiled with the pass.
pub(crate) fn is_active() -> bool {
    // Relaxed: set before `main`.
    ACTIVE.load(Ordering::Relaxed)
}

/// The sanitizer's runtime would set itself up here.
#[unsafe(no_mangle)]
extern "C" fn __tsan_init() {
    // Relaxed: as in `is_active`.
    ACTIVE.store(true, Ordering::Relaxed);
}

/// A function begins.
#[unsafe(no_mangle)]
extern "C" fn __tsan_func_entry(_: usize) {}

/// A function ends.
#[unsafe(no_mangle)]
extern "C" fn __tsan_func_exit() {}

/// A compiler fence.
#[unsafe(no_mangle)]
extern "C" fn __tsan_atomic_signal_fence(order: i32) {
    std::sync::atomic::compiler_fence(ordering(order));
}

/// LLVM's number of an ordering.
fn ordering(order: i32) -> Ordering {
    match order {
        0 => Ordering::Relaxed,
        1 | 2 => Ordering::Acquire,
        3 => Ordering::Release,
        4 => Ordering::AcqRel,
        _ => Ordering::SeqCst,
    }
}

#[cfg(target_arch = "x86_64")]
stub!("__tsan_atomic_thread_fence", thread_fence, "mov rsi, [rsp]");
#[cfg(target_arch = "aarch64")]
stub!("__tsan_atomic_thread_fence", thread_fence, "mov x1, x30");

extern "C" fn thread_fence(order: i32, from: usize) {
    let order = ordering(order);
    match current().filter(|_| in_user_code()) {
        Some(engine) => place::at_address(from, || engine.fence(order, Location::caller())),
        None => fence(order),
    }
}

thread_local! {
    /// Identity words of atomics that the door did not make, by address.
    static IDS: RefCell<HashMap<usize, Box<AtomicU64>>> = RefCell::new(HashMap::new());
}

/// Runs `f` on the engine if the atomic is the model's: if the model has
/// allocated its block.
fn modelled<R>(
    addr: usize,
    size: usize,
    from: usize,
    f: impl FnOnce(runtime::RunningEngine, Obj<'_>) -> R,
) -> Option<R> {
    let engine = current().filter(|_| in_user_code() && heap::active())?;
    let id: *const AtomicU64 = {
        let _engine = runtime::engine_code();
        if symbols::is_door(from) {
            return None;
        }
        let ours = heap::with(|heap| heap.find(addr).is_some());
        if !ours && current::with(|s| s.unseen.foreign.is_none()) {
            let place = origin::outside_std().map(Place::Found);
            current::with(|s| s.unseen.foreign = place);
        }
        ours.then(|| {
            IDS.with_borrow_mut(|ids| {
                std::ptr::from_ref(&**ids.entry(addr).or_insert_with(|| Box::new(AtomicU64::new(0))))
            })
        })?
    };
    // SAFETY: the word is boxed, and the table of this thread never drops one.
    let id = unsafe { &*id };
    // The compiler passes the address of a live object of the model, and with it the right to use it.
    let ptr = std::ptr::with_exposed_provenance_mut(addr);
    let obj = Obj { ptr, size, bits: size as u8 * 8, id };
    Some(place::at_address(from, || f(engine, obj)))
}

/// The functions for atomics of one size.
macro_rules! atomics {
    ($module:ident, $atomic:ty, $ty:ty, $size:literal, $bits:literal) => {
        mod $module {
            use super::*;

            fn real<'a>(addr: usize) -> &'a $atomic {
                // SAFETY: the compiler calls these functions for accesses to live atomics of this size.
                unsafe { &*(addr as *const $atomic) }
            }

            extern "C" fn load(addr: usize, order: i32, from: usize) -> $ty {
                let order = ordering(order);
                let value =
                    modelled(addr, $size, from, |engine, obj| engine.load(obj, order, Location::caller()));
                value.map_or_else(|| real(addr).load(order), |value| value as $ty)
            }

            extern "C" fn store(addr: usize, value: $ty, order: i32, from: usize) {
                let order = ordering(order);
                let run = |engine: runtime::RunningEngine, obj: Obj<'_>| {
                    engine.store(obj, value.into(), order, Location::caller());
                };
                if modelled(addr, $size, from, run).is_none() {
                    real(addr).store(value, order);
                }
            }

            fn update(addr: usize, op: Rmw, order: i32, from: usize) -> $ty {
                let order = ordering(order);
                let run = |engine: runtime::RunningEngine, obj: Obj<'_>| {
                    engine.rmw(obj, op, order, Ordering::Relaxed, Location::caller())
                };
                match modelled(addr, $size, from, run) {
                    Some(Ok(old) | Err(old)) => old as $ty,
                    None => {
                        let apply = |old: $ty| Some(op.apply(old.into(), $size * 8) as $ty);
                        // SeqCst: at least as strong as whatever the code asked for.
                        let result = real(addr).fetch_update(Ordering::SeqCst, Ordering::SeqCst, apply);
                        result.unwrap_or_else(|old| old)
                    }
                }
            }

            extern "C" fn exchange(addr: usize, value: $ty, order: i32, from: usize) -> $ty {
                update(addr, Rmw::Swap(value.into()), order, from)
            }

            extern "C" fn fetch_add(addr: usize, value: $ty, order: i32, from: usize) -> $ty {
                update(addr, Rmw::Add(value.into()), order, from)
            }

            extern "C" fn fetch_sub(addr: usize, value: $ty, order: i32, from: usize) -> $ty {
                update(addr, Rmw::Sub(value.into()), order, from)
            }

            extern "C" fn fetch_and(addr: usize, value: $ty, order: i32, from: usize) -> $ty {
                update(addr, Rmw::And(value.into()), order, from)
            }

            extern "C" fn fetch_or(addr: usize, value: $ty, order: i32, from: usize) -> $ty {
                update(addr, Rmw::Or(value.into()), order, from)
            }

            extern "C" fn fetch_xor(addr: usize, value: $ty, order: i32, from: usize) -> $ty {
                update(addr, Rmw::Xor(value.into()), order, from)
            }

            extern "C" fn fetch_nand(addr: usize, value: $ty, order: i32, from: usize) -> $ty {
                update(addr, Rmw::Nand(value.into()), order, from)
            }

            extern "C" fn compare_exchange(
                addr: usize,
                expected: $ty,
                new: $ty,
                ok: i32,
                err: i32,
                from: usize,
            ) -> $ty {
                let (ok, err) = (ordering(ok), ordering(err));
                let op = Rmw::Cas { expected: expected.into(), new: new.into(), weak: false };
                let run = |engine: runtime::RunningEngine, obj: Obj<'_>| {
                    engine.rmw(obj, op, ok, err, Location::caller())
                };
                match modelled(addr, $size, from, run) {
                    Some(Ok(old) | Err(old)) => old as $ty,
                    None => real(addr).compare_exchange(expected, new, ok, err).unwrap_or_else(|old| old),
                }
            }

            with_second! { concat!("__tsan_atomic", $bits, "_load"), load; }
            with_third! {
                concat!("__tsan_atomic", $bits, "_store"), store;
                concat!("__tsan_atomic", $bits, "_exchange"), exchange;
                concat!("__tsan_atomic", $bits, "_fetch_add"), fetch_add;
                concat!("__tsan_atomic", $bits, "_fetch_sub"), fetch_sub;
                concat!("__tsan_atomic", $bits, "_fetch_and"), fetch_and;
                concat!("__tsan_atomic", $bits, "_fetch_or"), fetch_or;
                concat!("__tsan_atomic", $bits, "_fetch_xor"), fetch_xor;
                concat!("__tsan_atomic", $bits, "_fetch_nand"), fetch_nand;
            }
            with_fifth! { concat!("__tsan_atomic", $bits, "_compare_exchange_val"), compare_exchange; }
        }
    };
}

atomics!(bits8, AtomicU8, u8, 1, "8");
atomics!(bits16, AtomicU16, u16, 2, "16");
atomics!(bits32, AtomicU32, u32, 4, "32");
atomics!(bits64, AtomicU64, u64, 8, "64");
