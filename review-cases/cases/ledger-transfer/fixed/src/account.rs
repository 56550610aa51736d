//! One account.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// An amount of money in cents.
pub type Cents = u64;

/// The number of an account, unique in the bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountId(pub u32);

/// What an account starts with.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// Its number.
    pub id: AccountId,
    /// The branch that keeps it.
    pub branch: u16,
    /// The money on it.
    pub balance: Cents,
}

pub(crate) struct Account {
    pub(crate) id: AccountId,
    pub(crate) branch: u16,
    balance: Mutex<Cents>,
}

impl Account {
    pub(crate) fn open(opening: Opening) -> Self {
        Self {
            id: opening.id,
            branch: opening.branch,
            balance: Mutex::new(opening.balance),
        }
    }

    /// The balance, held until the guard goes. Nothing that could panic runs
    /// between two changes that belong together.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Cents> {
        self.balance.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
