//! Sets of small numbers.

use hashbrown::HashTable;

const WORD_BITS: usize = 64;
/// Bits of a bitmap that cost as much memory as one number in a hash table.
const BITS_PER_ENTRY: usize = 64;
/// How much larger than the table it would replace a bitmap may become before it is given up.
const SLACK: usize = 4;

/// A set of numbers that an [`Interner`](crate::Interner) gave.
///
/// Most hosts have a few users, and a few hosts have most of them: a set is a hash table as long
/// as that is smaller than a bitmap, so that memory follows the number of entries whatever the
/// highest number is, and adding to a large set is one access to memory.
#[derive(Clone, Debug)]
pub struct IdSet(Ids);

#[derive(Clone, Debug)]
enum Ids {
    Sparse(HashTable<u32>),
    Dense(Vec<u64>),
}

impl Default for IdSet {
    fn default() -> Self {
        Self(Ids::Sparse(HashTable::new()))
    }
}

impl IdSet {
    /// Adds a number; nothing happens when it is there.
    #[inline]
    pub fn insert(&mut self, id: u32) {
        if let Ids::Dense(words) = &mut self.0
            && let Some(word) = words.get_mut(id as usize / WORD_BITS)
        {
            *word |= bit(id);
            return;
        }
        self.insert_slowly(id);
    }

    fn insert_slowly(&mut self, id: u32) {
        match &mut self.0 {
            Ids::Sparse(table) => {
                if table.find(hash(id), |other| *other == id).is_some() {
                    return;
                }
                // Asked only when the table would move anyhow, so the answer costs nothing much.
                if table.len() == table.capacity() {
                    let highest = table.iter().copied().fold(id, u32::max) as usize;
                    if highest < BITS_PER_ENTRY * table.len() {
                        let mut words = vec![0; highest / WORD_BITS + 1];
                        for id in table.iter().copied().chain([id]) {
                            words[id as usize / WORD_BITS] |= bit(id);
                        }
                        self.0 = Ids::Dense(words);
                        return;
                    }
                }
                table.insert_unique(hash(id), id, |id| hash(*id));
            }
            Ids::Dense(words) => {
                let length = (id as usize / WORD_BITS + 1).next_power_of_two();
                let entries: usize = words.iter().map(|word| word.count_ones() as usize).sum();
                if length * WORD_BITS <= SLACK * BITS_PER_ENTRY * entries {
                    words.resize(length, 0);
                    words[id as usize / WORD_BITS] |= bit(id);
                } else {
                    let mut table = HashTable::with_capacity(entries + 1);
                    for id in bits(words).chain([id]) {
                        table.insert_unique(hash(id), id, |id| hash(*id));
                    }
                    self.0 = Ids::Sparse(table);
                }
            }
        }
    }

    /// How many numbers are in it.
    pub fn len(&self) -> usize {
        match &self.0 {
            Ids::Sparse(table) => table.len(),
            Ids::Dense(words) => words.iter().map(|word| word.count_ones() as usize).sum(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds every number of another set, as `renumbered` translates it.
    ///
    /// # Panics
    /// When a number of the other set is not an index of `renumbered`.
    pub fn absorb(&mut self, other: &Self, renumbered: &[u32]) {
        match &other.0 {
            Ids::Sparse(table) => {
                for id in table {
                    self.insert(renumbered[*id as usize]);
                }
            }
            Ids::Dense(words) => {
                for id in bits(words) {
                    self.insert(renumbered[id as usize]);
                }
            }
        }
    }
}

fn bit(id: u32) -> u64 {
    1 << (id % u64::BITS)
}

/// Numbers are given in turn, so their low bits differ already; the table takes its bucket from
/// those, and seven more bits from the top.
fn hash(id: u32) -> u64 {
    u64::from(id).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The numbers of a bitmap, ascending.
fn bits(words: &[u64]) -> impl Iterator<Item = u32> {
    (0..)
        .step_by(WORD_BITS)
        .zip(words)
        .flat_map(|(base, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                if rest == 0 {
                    return None;
                }
                let id = base + rest.trailing_zeros();
                rest &= rest - 1;
                Some(id)
            })
        })
}

#[cfg(test)]
mod tests {
    use super::{IdSet, Ids};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn set(ids: impl IntoIterator<Item = u32>) -> IdSet {
        let mut set = IdSet::default();
        for id in ids {
            set.insert(id);
        }
        set
    }

    fn bytes(set: &IdSet) -> usize {
        match &set.0 {
            Ids::Sparse(table) => table.allocation_size(),
            Ids::Dense(words) => words.len() * 8,
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_an_ordered_set(
            low in prop::collection::vec(0..300_u32, 0..400),
            high in prop::collection::vec(0..100_000_u32, 0..40),
            more in prop::collection::vec(0..2_000_u32, 0..400),
        ) {
            let ours = set(low.iter().chain(&high).chain(&more).copied());
            let expected: BTreeSet<u32> = low.iter().chain(&high).chain(&more).copied().collect();
            prop_assert_eq!(ours.len(), expected.len());
            let renumbered: Vec<u32> = (0..100_000).rev().collect();
            let mut merged = set(more.iter().copied());
            merged.absorb(&ours, &renumbered);
            let moved = expected.iter().map(|id| 99_999 - id).chain(more.iter().copied());
            prop_assert_eq!(merged.len(), moved.collect::<BTreeSet<_>>().len());
        }
    }

    #[test]
    fn memory_follows_the_entries() {
        let dense = set(0..5_000);
        assert!(matches!(dense.0, Ids::Dense(_)));
        assert!(bytes(&dense) <= 1_024);
        let scattered = set((0..200).map(|id| id * 1_000_000));
        assert!(bytes(&scattered) <= 4_096, "{}", bytes(&scattered));
        let mut outlier = set(0..200);
        outlier.insert(u32::MAX);
        assert!(bytes(&outlier) <= 4_096, "{}", bytes(&outlier));
        assert_eq!(outlier.len(), 201);
    }
}
