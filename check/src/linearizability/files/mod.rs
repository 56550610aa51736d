//! History files: JSON Lines and Jepsen's EDN, read into events and paired up to calls.
//!
//! ```
//! use ringwright_check::linearize::{Queue, explain, files};
//!
//! let text = r#"
//! {"process": 0, "type": "invoke", "f": "enqueue", "value": 1}
//! {"process": 0, "type": "ok", "f": "enqueue", "value": 1}
//! {"process": 1, "type": "invoke", "f": "dequeue"}
//! {"process": 1, "type": "ok", "f": "dequeue", "value": 1}
//! "#;
//! let events = files::read_jsonl(text)?;
//! let history = files::buffer_history(&events)?;
//! explain(&Queue::new(), &history).assert_passed();
//! # Ok::<(), files::FileError>(())
//! ```
//!
//! # Formats
//!
//! JSON Lines has one event a line; Jepsen's EDN has maps one after the other or in
//! a vector. The same event in both:
//!
//! ```text
//! {"process": 0, "type": "invoke", "f": "enqueue", "value": 1}
//! {:process 0, :type :invoke, :f :enqueue, :value 1}
//! ```
//!
//! `type` is `invoke`, `ok` (it took effect), `fail` (it did not, and will not) or
//! `info` (nobody knows). `process` is a number from 0 or a name; only events of
//! Jepsen's `nemesis` are skipped, and [`Events::skipped`] counts them. A process
//! calls one operation at a time; after an `info` it may go on. A call that the
//! file does not end may have taken effect or not.
//!
//! Values are compared by what they mean: maps and sets in any order, numbers
//! exactly and however they are written (`1.50` is `15e-1`), keywords and symbols
//! as text. A key that a map has twice is an error.
//!
//! # Operations
//!
//! | | specification | operations, with the value when called | the value of `ok` |
//! |---|---|---|---|
//! | [`register_history`] | [`Register`](crate::linearize::Register) | `read`, `write` v | v, or nil if never written; of a write true, v or nil |
//! | [`cas_register_history`] | [`Register`](crate::linearize::Register) | also `cas` \[old, new\] | true, \[old, new\] or nil if it wrote, false if it found another value |
//! | [`key_value_history`] | [`Keyed`](crate::linearize::Keyed) registers | `read` or `get` k or \[k, nil\], `write` or `put` \[k, v\], `cas` \[k, \[old, new\]\] | \[k, v\]; otherwise as above, after k or alone |
//! | [`buffer_history`] | [`Queue`](crate::linearize::Queue), [`Stack`](crate::linearize::Stack) | `enqueue` or `push` v, `dequeue` or `pop` | v, or nil if it was empty; of a push true, v or nil, and false or "full" if it found no room |
//! | [`set_history`] | [`Set`](crate::linearize::Set) | `add` v, `remove` v, `contains` v | true or false, by itself or after v; of an add or a remove also v or nil: whether it changed the set is unknown |
//!
//! `"ok"` stands for true where something was changed. Any other value is an error.
//! A file does not say how much room there is: for a buffer that refuses, check by
//! [`Queue::bounded`](crate::linearize::Queue::bounded) or
//! [`of_unknown_capacity`](crate::linearize::Queue::of_unknown_capacity). `fail` says
//! that the operation had no effect, and not why; what a compare-and-set or a push saw
//! is said by `ok` with false.
//!
//! For operations of another kind, [`history`] takes two functions that read an
//! operation and its result.

mod edn;
mod error;
mod event;
mod events;
mod format;
mod jsonl;
mod number;
mod operations;
mod pairing;
mod value;

pub use edn::read_edn;
pub use error::{FileError, FileErrorKind};
pub use event::{Event, EventKind};
pub use events::Events;
pub use format::{Format, read};
pub use jsonl::read_jsonl;
pub use operations::{BufferHistory, KeyValueHistory, RegisterHistory, SetHistory};
pub use operations::{
    buffer_history, cas_register_history, key_value_history, register_history, set_history,
};
pub use pairing::{has_line_positions, history};
pub use value::EventValue;
