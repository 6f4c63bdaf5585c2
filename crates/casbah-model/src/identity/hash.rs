//! Digests and sealed bytes: what is kept of a secret.

use std::fmt;

use subtle::ConstantTimeEq;

/// A 32-byte digest of a secret: HMAC-SHA-256 of a client secret, SHA-256 of a
/// code or token. Comparing takes the same time whatever the difference.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest with these bytes.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a store's column.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(..)")
    }
}

/// A person's password as an Argon2id hash in PHC string form.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The hash with this text.
    pub const fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The text, for a store's column and for verifying.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// Bytes encrypted at rest, with their own header; only who has the master key
/// can open them.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// These bytes, as a store kept them.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for a store's column.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_tells_nothing() {
        assert_eq!(format!("{:?}", Digest::new([7; 32])), "Digest(..)");
        assert_eq!(
            format!("{:?}", PasswordHash::new("$argon2id$…".into())),
            "PasswordHash(..)"
        );
        assert_eq!(format!("{:?}", Sealed::new(vec![7; 3])), "Sealed(3 bytes)");
    }

    #[test]
    fn digests_are_equal_byte_for_byte() {
        let mut other = [7; 32];
        assert_eq!(Digest::new([7; 32]), Digest::new(other));
        other[31] = 8;
        assert_ne!(Digest::new([7; 32]), Digest::new(other));
    }
}
