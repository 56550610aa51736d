//! Member.
