//! Whose a callback is: the secret ends of the addresses that attempts were given.
//!
//! An attempt that has ended keeps its address for a while, since a late callback shows how far
//! callbacks can be relied on. Then it is forgotten: a batch may be a million tasks long.

use std::collections::{HashMap, VecDeque};

use crate::task::{AttemptKey, Change, ChangeKind};

/// How many attempts that have ended keep theirs.
const ENDED: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Tokens {
    attempts: HashMap<String, AttemptKey>,
    tokens: HashMap<AttemptKey, String>,
    /// Those that have ended, the oldest first.
    ended: VecDeque<AttemptKey>,
}

impl Tokens {
    /// This address is the attempt's.
    pub(super) fn give(&mut self, token: String, attempt: AttemptKey) {
        self.tokens.insert(attempt, token.clone());
        self.attempts.insert(token, attempt);
    }

    /// The attempt that was given this address.
    pub(super) fn whose(&self, token: &str) -> Option<AttemptKey> {
        self.attempts.get(token).copied()
    }

    /// This has become of an attempt.
    pub(super) fn recorded(&mut self, change: &Change) {
        let Change { attempt, kind } = change;
        if matches!(kind, ChangeKind::Accepted(_) | ChangeKind::Unknown(_) | ChangeKind::Resend) {
            return; // a callback may still settle it
        }
        if self.tokens.contains_key(attempt) {
            self.ended.push_back(*attempt);
        }
        if self.ended.len() > ENDED
            && let Some(oldest) = self.ended.pop_front()
            && let Some(token) = self.tokens.remove(&oldest)
        {
            self.attempts.remove(&token);
        }
    }
}

impl FromIterator<(String, AttemptKey)> for Tokens {
    fn from_iter<I: IntoIterator<Item = (String, AttemptKey)>>(given: I) -> Self {
        let mut tokens = Tokens::default();
        given.into_iter().for_each(|(token, attempt)| tokens.give(token, attempt));
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Images;

    #[test]
    fn what_has_long_ended_is_forgotten_and_what_a_callback_may_settle_is_not() {
        let mut tokens = Tokens::default();
        let unknown = AttemptKey(0);
        tokens.give("unknown".to_owned(), unknown);
        tokens.recorded(&ChangeKind::Unknown("no reply".to_owned()).of(unknown));
        for n in 1..10_000 {
            tokens.give(format!("t{n}"), AttemptKey(n));
            tokens.recorded(&ChangeKind::Done(Images::default()).of(AttemptKey(n)));
        }
        assert_eq!(tokens.whose("unknown"), Some(unknown));
        assert_eq!((tokens.whose("t1"), tokens.whose("t9999")), (None, Some(AttemptKey(9999))));
        assert_eq!((tokens.attempts.len(), tokens.tokens.len()), (ENDED + 1, ENDED + 1));
    }
}
