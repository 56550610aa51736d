//! One account.

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
