//! Small numbers for repeated byte strings.

use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

/// Gives every distinct byte string a number, counting from 0.
///
/// All strings lie in one buffer: meeting a known one allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct Interner {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    numbers: HashTable<(u64, u32)>,
    hasher: DefaultHashBuilder,
}

impl Interner {
    /// The number of a string, and whether it is new.
    #[inline]
    pub fn intern(&mut self, text: &[u8]) -> (u32, bool) {
        // Only byte strings are hashed, so none needs its length mixed in as `Hash` does it.
        let mut hasher = self.hasher.build_hasher();
        hasher.write(text);
        let hash = hasher.finish();
        let (bytes, ends) = (&self.bytes, &self.ends);
        let same = |&(other_hash, number): &(u64, u32)| {
            other_hash == hash && slice(bytes, ends, number) == text
        };
        if let Some(&(_, number)) = self.numbers.find(hash, same) {
            return (number, false);
        }
        // 2^32 distinct strings are more than memory holds: the last number is then shared.
        let number = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
        self.numbers
            .insert_unique(hash, (hash, number), |entry| entry.0);
        (number, true)
    }

    /// The string of a number that [`Interner::intern`] gave.
    ///
    /// # Panics
    /// When this interner did not give the number.
    pub fn get(&self, number: u32) -> &[u8] {
        slice(&self.bytes, &self.ends, number)
    }

    /// Takes over another's strings; gives the number here of every number there.
    pub fn absorb(&mut self, other: &Self) -> Vec<u32> {
        other.iter().map(|text| self.intern(text).0).collect()
    }

    /// Every string, in the order of its number.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..).take(self.ends.len()).map(|number| self.get(number))
    }
}

fn slice<'a>(bytes: &'a [u8], ends: &[usize], number: u32) -> &'a [u8] {
    let index = number as usize;
    let start = index.checked_sub(1).map_or(0, |before| ends[before]);
    &bytes[start..ends[index]]
}

#[cfg(test)]
mod tests {
    use super::Interner;

    #[test]
    fn equal_strings_share_a_number() {
        let mut interner = Interner::default();
        for (text, expected) in [
            ("a", (0, true)),
            ("", (1, true)),
            ("bc", (2, true)),
            ("a", (0, false)),
            ("", (1, false)),
        ] {
            assert_eq!(interner.intern(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(interner.get(2), b"bc");
        assert_eq!(interner.iter().collect::<Vec<_>>(), [&b"a"[..], b"", b"bc"]);
    }
}
