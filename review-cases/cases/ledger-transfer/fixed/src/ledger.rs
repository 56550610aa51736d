//! The ledger: all accounts, a lock each.

use std::collections::BTreeMap;

use crate::account::{Account, AccountId, Cents, Opening};

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

/// The accounts of a bank. Which there are is settled when it opens.
pub struct Ledger {
    accounts: BTreeMap<AccountId, Account>,
}

impl Ledger {
    /// Opens these accounts. Of two with the same number the later one counts.
    pub fn open(openings: &[Opening]) -> Self {
        let accounts = openings.iter().map(|&o| (o.id, Account::open(o)));
        Self {
            accounts: accounts.collect(),
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
        let (payer, payee) = (self.find(from)?, self.find(to)?);
        if payer.id == payee.id {
            return Err(TransferError::SameAccount);
        }
        let (mut debit, mut credit);
        if payer.id < payee.id {
            debit = payer.lock();
            credit = payee.lock();
        } else {
            credit = payee.lock();
            debit = payer.lock();
        }
        let less = debit.checked_sub(amount).ok_or(TransferError::NotEnough)?;
        let more = credit.checked_add(amount).ok_or(TransferError::TooMuch)?;
        (*debit, *credit) = (less, more);
        Ok(())
    }

    /// What is on the account now.
    ///
    /// # Errors
    /// [`TransferError::Unknown`] if there is no such account.
    pub fn balance(&self, id: AccountId) -> Result<Cents, TransferError> {
        Ok(*self.find(id)?.lock())
    }

    /// All money in accounts of this branch at one moment, for the audit.
    pub fn branch_total(&self, branch: u16) -> u128 {
        let accounts = self.accounts.values().filter(|a| a.branch == branch);
        let balances: Vec<_> = accounts.map(Account::lock).collect();
        balances.iter().map(|balance| u128::from(**balance)).sum()
    }

    fn find(&self, id: AccountId) -> Result<&Account, TransferError> {
        self.accounts.get(&id).ok_or(TransferError::Unknown(id))
    }
}
