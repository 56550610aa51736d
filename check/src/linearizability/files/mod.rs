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
//! `info` (nobody knows). A process calls one operation at a time; after an `info`
//! it may go on. Events of a process that is no number (Jepsen's `:nemesis`) are
//! skipped. A call that the file does not end may have taken effect or not.
//!
//! # Operations
//!
//! | | specification | operations, with the value when called | the value of `ok` |
//! |---|---|---|---|
//! | [`register_history`] | [`Register`](crate::linearize::Register) | `read`, `write` v | v, or nil if never written |
//! | [`cas_register_history`] | [`Register`](crate::linearize::Register) | also `cas` \[old, new\] | |
//! | [`key_value_history`] | [`Keyed`](crate::linearize::Keyed) registers | `read` or `get` k or \[k, nil\], `write` or `put` \[k, v\], `cas` \[k, \[old, new\]\] | \[k, v\] |
//! | [`buffer_history`] | [`Queue`](crate::linearize::Queue), [`Stack`](crate::linearize::Stack) | `enqueue` or `push` v, `dequeue` or `pop` | v, or nil if it was empty |
//! | [`set_history`] | [`Set`](crate::linearize::Set) | `add` v, `remove` v, `contains` v | true or false |
//!
//! For operations of another kind, [`history`] takes two functions that read an
//! operation and its result.

mod edn;
mod error;
mod event;
mod format;
mod jsonl;
mod operations;
mod pairing;
mod value;

pub use edn::read_edn;
pub use error::{FileError, FileErrorKind};
pub use event::{Event, EventKind};
pub use format::{Format, read};
pub use jsonl::read_jsonl;
pub use operations::{BufferHistory, KeyValueHistory, RegisterHistory, SetHistory};
pub use operations::{
    buffer_history, cas_register_history, key_value_history, register_history, set_history,
};
pub use pairing::{has_line_positions, history};
pub use value::EventValue;
