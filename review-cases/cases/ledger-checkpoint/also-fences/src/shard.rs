//! The books of a shard, and the two handles that reach them.

use std::cell::UnsafeCell;
use std::fmt;
use std::sync::Arc;

use crate::handshake::Handshake;

/// The other side has the books just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// Why a posting was not applied. The books are as they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PostError {
    /// A checkpoint is being taken: try again.
    Busy,
    /// The shard has no such account.
    UnknownAccount(usize),
    /// The balance or the total would not fit in an `i64`.
    Overflow,
}

impl fmt::Display for PostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PostError::Busy => f.write_str("a checkpoint is being taken"),
            PostError::UnknownAccount(account) => write!(f, "no account {account}"),
            PostError::Overflow => f.write_str("amount out of range"),
        }
    }
}

impl std::error::Error for PostError {}

/// A copy of the books. `total` is the sum of `balances`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Cents, by account number.
    pub balances: Vec<i64>,
    /// Cents, over all accounts.
    pub total: i64,
}

struct Shard {
    accounts: usize,
    handshake: Handshake,
    books: UnsafeCell<Snapshot>,
}

// SAFETY: `books` is reached only by the side that holds a `Turn`, and the
// handles are not `Clone`, so each side is one thread at a time.
unsafe impl Sync for Shard {}

/// Applies postings. One per shard.
pub struct Poster(Arc<Shard>);

/// Copies the books. One per shard.
pub struct Checkpointer(Arc<Shard>);

/// Opens a shard whose `accounts` accounts all hold zero.
pub fn open(accounts: usize) -> (Poster, Checkpointer) {
    let shard = Arc::new(Shard {
        accounts,
        handshake: Handshake::new(),
        books: UnsafeCell::new(Snapshot {
            balances: vec![0; accounts],
            total: 0,
        }),
    });
    (Poster(Arc::clone(&shard)), Checkpointer(shard))
}

impl Poster {
    /// Adds `cents` to one account and to the total.
    pub fn post(&mut self, account: usize, cents: i64) -> Result<(), PostError> {
        if account >= self.0.accounts {
            return Err(PostError::UnknownAccount(account));
        }
        let _turn = self.0.handshake.begin_post().ok_or(PostError::Busy)?;
        // SAFETY: we hold the poster's turn until the end of this function.
        let books = unsafe { &mut *self.0.books.get() };
        let balance = books.balances[account].checked_add(cents);
        let total = books.total.checked_add(cents);
        let (Some(balance), Some(total)) = (balance, total) else {
            return Err(PostError::Overflow);
        };
        books.balances[account] = balance;
        books.total = total;
        Ok(())
    }
}

impl Checkpointer {
    /// Copies the books as they stand between two postings.
    pub fn copy(&mut self) -> Result<Snapshot, Busy> {
        let _turn = self.0.handshake.begin_copy().ok_or(Busy)?;
        // SAFETY: we hold the checkpointer's turn until the end of this function.
        let books = unsafe { &*self.0.books.get() };
        Ok(books.clone())
    }
}
