//! A report as one HTML page that needs nothing else.

mod escape;
pub(super) mod page;
mod source;
mod timeline;
