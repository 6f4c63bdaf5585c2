//! What token requests ask for again and again, kept while nobody changes the
//! directory.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use casbah_model::identity::Tenant;
use casbah_model::ids::{AppId, TenantId};
use lru::LruCache;

use super::TokenFacts;

/// How many answers of each kind are kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(4_096).expect("not zero");

/// Answers of the directory.
pub(crate) struct Remembered {
    pub(super) tenants: Answers<TenantId, Option<Tenant>>,
    pub(super) token_facts: Answers<(TenantId, AppId, Option<AppId>), TokenFacts>,
}

impl Default for Remembered {
    fn default() -> Self {
        Self {
            tenants: Answers::new(),
            token_facts: Answers::new(),
        }
    }
}

/// Answers with the version of the directory that they were read from.
pub(super) struct Answers<K, V>(Mutex<LruCache<K, (u64, Arc<V>)>>);

impl<K: Hash + Eq, V> Answers<K, V> {
    fn new() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }

    /// The answer, if the directory is still what it was.
    pub(super) fn get(&self, key: &K, version: u64) -> Option<Arc<V>> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, answer) = answers.get(key)?;
        (*read_at == version).then(|| Arc::clone(answer))
    }

    /// Keeps an answer. `version` was asked for before the answer was read, so that a
    /// change in between makes it count as old.
    pub(super) fn put(&self, key: K, version: u64, answer: &Arc<V>) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.put(key, (version, Arc::clone(answer)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_holds_for_its_version_alone() {
        let answers = Answers::new();
        answers.put("a", 3, &Arc::new(7));
        for (key, version, expected) in [
            ("a", 3, Some(7)),
            ("a", 4, None),
            ("a", 2, None),
            ("b", 3, None),
        ] {
            assert_eq!(answers.get(&key, version).as_deref(), expected.as_ref());
        }
    }
}
