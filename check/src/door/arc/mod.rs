//! [`std::sync::Arc`] with its counts in the model.
//!
//! std's would hide its edges from the engines: that a drop releases what the
//! thread did with the value, and that the last drop acquires it. So the counts
//! are the door's own atomics, with std's protocol and orderings, in one block
//! with the value, as in std.
//!
//! # What stable Rust does not let another crate have
//!
//! | std's `Arc` | the door's: what happens | the way round, in both builds |
//! |---|---|---|
//! | coerces to `Arc<dyn Trait>`, `Arc<[T]>` from `Arc<[T; N]>` | does not compile | `Arc::from(Box::new(value) as Box<dyn Trait>)`, `Arc::<[T]>::from([..])` |
//! | `fn f(self: Arc<Self>)`, `self: &Arc<Self>` | does not compile | an associated function, `fn f(this: Arc<Self>)` |
//! | `impl Wake for T`, `Waker::from(Arc<T>)` | std's trait names std's `Arc` | `std::sync::Arc` for the waker alone; what hides the edges of its drops, and nothing else |
//! | coerces `Weak<T>` to `Weak<dyn Trait>` | does not compile | `Arc::downgrade` of an `Arc<dyn Trait>` |
//! | `Weak::from_raw` of an unsized payload | does not compile | keep the `Weak` |
//! | `Arc<dyn Trait>` by `new_cyclic` | does not compile | `OnceLock<Weak<dyn Trait>>` in the value, set after `Arc::from` |
//! | `Read`, `Write`, `Seek` of `Arc<File>`, `AsFd`, `AsRawFd` | does not compile | of `&*arc` |
//! | a value may borrow what is dropped together with the handle | the drop check refuses it | declare the borrowed value first |
//! | `from_ptr` of an atomic | not in this build: the door's atomic has a word of its own beside the value, by which an engine knows it, and a pointer to a plain integer has none | `&AtomicX` instead of the pointer; the plain build has `from_ptr` because it is std's type |
//! | `Arc::new_zeroed`, allocators, what is unstable | does not compile | `new_uninit` |

mod block;
mod from;
mod handle;
mod traits;

pub use handle::{Arc, Weak};
