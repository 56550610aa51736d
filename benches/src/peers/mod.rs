//! Everyone who takes part: one file a library, and the list of them all.

mod crossbeam_channel;
mod crossbeam_queue;
mod entry;
mod flume;
mod handles;
mod kanal;
mod list;
mod mutex;
mod ringwright;
mod rtrb;
mod std_mpsc;

pub use entry::Entry;
pub use list::{ALL, fitting};
