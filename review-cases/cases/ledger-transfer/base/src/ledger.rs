//! The ledger: all accounts behind one lock.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::account::{AccountId, Cents, Opening};

/// Why no money was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferError {
    /// No account has this number.
    Unknown(AccountId),
    /// Both ends are the same account.
    SameAccount,
    /// The account holds less than the amount.
    NotEnough,
    /// The receiving balance would not fit its type.
    TooMuch,
}

type Accounts = BTreeMap<AccountId, Opening>;

/// The accounts of a bank. Which there are is settled when it opens.
pub struct Ledger {
    accounts: Mutex<Accounts>,
}

impl Ledger {
    /// Opens these accounts. Of two with the same number the later one counts.
    pub fn open(openings: &[Opening]) -> Self {
        let accounts = openings.iter().map(|&o| (o.id, o));
        Self {
            accounts: Mutex::new(accounts.collect()),
        }
    }

    /// Moves `amount` from one account to another, or nothing at all.
    ///
    /// # Errors
    /// [`TransferError`] says why nothing was moved.
    pub fn transfer(
        &self,
        from: AccountId,
        to: AccountId,
        amount: Cents,
    ) -> Result<(), TransferError> {
        let mut accounts = self.lock();
        let (payer, payee) = (find(&accounts, from)?, find(&accounts, to)?);
        if payer.id == payee.id {
            return Err(TransferError::SameAccount);
        }
        let debit = payer.balance.checked_sub(amount);
        let credit = payee.balance.checked_add(amount);
        let less = debit.ok_or(TransferError::NotEnough)?;
        let more = credit.ok_or(TransferError::TooMuch)?;
        for (id, balance) in [(from, less), (to, more)] {
            accounts.entry(id).and_modify(|a| a.balance = balance);
        }
        Ok(())
    }

    /// What is on the account now.
    ///
    /// # Errors
    /// [`TransferError::Unknown`] if there is no such account.
    pub fn balance(&self, id: AccountId) -> Result<Cents, TransferError> {
        Ok(find(&self.lock(), id)?.balance)
    }

    /// All money in accounts of this branch at one moment, for the audit.
    pub fn branch_total(&self, branch: u16) -> u128 {
        let accounts = self.lock();
        let accounts = accounts.values().filter(|a| a.branch == branch);
        accounts.map(|account| u128::from(account.balance)).sum()
    }

    /// Nothing that could panic runs between two changes that belong together.
    fn lock(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(accounts: &Accounts, id: AccountId) -> Result<Opening, TransferError> {
    let account = accounts.get(&id).copied();
    account.ok_or(TransferError::Unknown(id))
}
