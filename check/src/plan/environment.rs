//! What the environment asks of every check.

/// The variable `name`, if it is set. Empty, as CI files and `VAR= cargo test` leave it, means not set.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().and_then(not_empty)
}

fn not_empty(text: String) -> Option<String> {
    (!text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_empty_is_not_set() {
        assert_eq!(not_empty("4".into()).as_deref(), Some("4"));
        assert!(["", " ", "\n"].iter().all(|text| not_empty((*text).into()).is_none()));
        assert_eq!(variable("RINGWRIGHT_A_VARIABLE_THAT_NOBODY_SETS"), None);
    }
}
