//! Searches and digits in short texts, eight bytes at a time.
//!
//! A log's fields are mostly shorter than what a vectorised search costs to begin, and long enough
//! that a byte at a time is slow.

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGH_BITS: u64 = ONES << 7;

/// Position of the first `byte`.
pub(super) fn find(text: &[u8], byte: u8) -> Option<usize> {
    let wanted = ONES * u64::from(byte);
    let (words, tail) = text.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let difference = u64::from_le_bytes(*word) ^ wanted;
        // Marks bytes that are zero. A borrow may mark a byte above one that is zero: the lowest
        // mark is always right.
        let marks = difference.wrapping_sub(ONES) & !difference & HIGH_BITS;
        if marks != 0 {
            return Some(number * 8 + marks.trailing_zeros() as usize / 8);
        }
    }
    let at = tail.iter().position(|other| *other == byte)?;
    Some(words.len() * 8 + at)
}

/// The number that eight decimal digits write; `None` when one is no digit.
pub(super) fn eight_digits(text: [u8; 8]) -> Option<u64> {
    const TENS: u64 = ONES * 10;
    let word = u64::from_le_bytes(text);
    let values = word ^ (ONES * u64::from(b'0'));
    // A value above 9 carries into the high bit of its byte, or has it already.
    let carried = values.wrapping_add(HIGH_BITS - TENS) | values;
    if carried & HIGH_BITS != 0 {
        return None;
    }
    // Neighbours are joined into numbers of two, then four, then eight digits; the first digit of
    // the text is the lowest byte.
    let pairs = (values * 10 + (values >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some((fours * 10_000 + (fours >> 32)) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::{eight_digits, find};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finding_agrees_with_looking_at_every_byte(
            text in prop::collection::vec(prop_oneof![any::<u8>(), 30..36_u8], 0..40),
            byte in prop_oneof![any::<u8>(), Just(b' ')],
        ) {
            prop_assert_eq!(find(&text, byte), text.iter().position(|other| *other == byte));
        }

        #[test]
        fn eight_digits_are_their_number(number in 0..100_000_000_u64) {
            let text = format!("{number:08}").into_bytes();
            let text = <[u8; 8]>::try_from(text).expect("eight");
            prop_assert_eq!(eight_digits(text), Some(number));
        }

        #[test]
        fn anything_else_is_no_number(number in 0..100_000_000_u64, at in 0..8_usize, byte: u8) {
            prop_assume!(!byte.is_ascii_digit());
            let text = format!("{number:08}").into_bytes();
            let mut text = <[u8; 8]>::try_from(text).expect("eight");
            text[at] = byte;
            prop_assert_eq!(eight_digits(text), None);
        }
    }
}
