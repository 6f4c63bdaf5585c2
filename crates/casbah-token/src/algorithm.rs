//! The algorithms that sign tokens.

use std::fmt;
use std::str::FromStr;

/// How a key signs tokens (RFC 7518 section 3.1). A key has one algorithm and is never
/// used with another (RFC 8725 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Algorithm {
    /// RSA PKCS#1 1.5 with SHA-256 (RFC 7518 3.3): what Entra ID signs with, so what
    /// every client of it knows.
    #[default]
    Rs256,
    /// ECDSA on P-256 with SHA-256 (RFC 7518 3.4): shorter and much cheaper, for
    /// readers that know it.
    Es256,
}

/// A name of no algorithm that is spoken here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the algorithm is neither RS256 nor ES256")]
pub struct UnknownAlgorithm;

impl Algorithm {
    /// Its name in `alg`, compared with case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Rs256, Self::Es256]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
