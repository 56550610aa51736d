//! C++20 as RC11 has it: events, messages, past and partial SC order. Data only.

pub(crate) mod event;
pub(crate) mod interleave;
pub(crate) mod psc;
pub(crate) mod rc11;
pub(crate) mod stamp;
#[cfg(test)]
pub(crate) mod test_support;
