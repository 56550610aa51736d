//! What a client knows of an operation.

use crate::sim::network::CallError;

/// What a client knows of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClientResult<T, E> {
    /// It was done.
    Ok(T),
    /// It was not done, and will not be.
    Err(E),
    /// It may have been done, or may be done later: the reply did not come.
    Unknown,
}

impl<T> From<Result<T, CallError>> for ClientResult<T, CallError> {
    fn from(result: Result<T, CallError>) -> Self {
        match result {
            Ok(value) => ClientResult::Ok(value),
            Err(CallError::Timeout) => ClientResult::Unknown,
            Err(refused) => ClientResult::Err(refused),
        }
    }
}
