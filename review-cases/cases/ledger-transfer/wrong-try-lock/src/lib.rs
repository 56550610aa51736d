//! Customer accounts and the transfers between them.

mod account;
mod ledger;

pub use account::{AccountId, Cents, Opening};
pub use ledger::{Ledger, TransferError};
