//! Key pairs of either algorithm.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    RSA_PKCS1_SHA256,
};
use zeroize::Zeroizing;

use crate::algorithm::Algorithm;
use crate::encoding;
use crate::jwk::PublicKey;
use crate::key::{KeyError, SignError};

/// A key pair, parsed.
pub(crate) enum Pair {
    Rsa(rsa::KeyPair),
    /// Signs in the form of JWS: two numbers of 32 bytes (RFC 7518 3.4).
    P256(EcdsaKeyPair),
}

impl Pair {
    pub(crate) fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        match algorithm {
            Algorithm::Rs256 => rsa::KeyPair::generate(KeySize::Rsa2048).map(Self::Rsa),
            Algorithm::Es256 => {
                EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map(Self::P256)
            }
        }
        .map_err(|_| KeyError::Generate)
    }

    /// Reads PKCS#8, which tells of which kind the key is.
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        if let Ok(pair) = rsa::KeyPair::from_pkcs8(pkcs8) {
            return Ok(Self::Rsa(pair));
        }
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8)
            .map(Self::P256)
            .map_err(|_| KeyError::Rejected)
    }

    pub(crate) fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let bytes = match self {
            Self::Rsa(pair) => AsDer::<Pkcs8V1Der<'_>>::as_der(pair)
                .map_err(|_| KeyError::Encode)?
                .as_ref()
                .to_vec(),
            Self::P256(pair) => pair
                .to_pkcs8v1()
                .map_err(|_| KeyError::Encode)?
                .as_ref()
                .to_vec(),
        };
        Ok(Zeroizing::new(bytes))
    }

    pub(crate) const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(_) => Algorithm::Rs256,
            Self::P256(_) => Algorithm::Es256,
        }
    }

    /// The public half as it stands in a key set.
    pub(crate) fn public(&self) -> PublicKey {
        match self {
            Self::Rsa(pair) => {
                let public = pair.public_key();
                PublicKey::Rsa {
                    n: encoding::encode(public.modulus().big_endian_without_leading_zero()),
                    e: encoding::encode(public.exponent().big_endian_without_leading_zero()),
                }
            }
            Self::P256(pair) => {
                // 4, x and y, each 32 bytes: the uncompressed point (SEC 1, 2.3.3).
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                PublicKey::P256 {
                    x: encoding::encode(x),
                    y: encoding::encode(y),
                }
            }
        }
    }

    /// The public half as it stands in a certificate.
    pub(crate) fn public_der(&self) -> &[u8] {
        match self {
            Self::Rsa(pair) => pair.public_key().as_ref(),
            Self::P256(pair) => pair.public_key().as_ref(),
        }
    }

    /// A signature as a token has it.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match self {
            Self::Rsa(pair) => sign_rsa(pair, message),
            Self::P256(pair) => sign_p256(pair, message),
        }
    }

    /// A signature as a certificate has it, which for ECDSA is DER (RFC 5758 3.2).
    pub(crate) fn sign_der(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match self {
            Self::Rsa(pair) => sign_rsa(pair, message),
            Self::P256(pair) => {
                let pkcs8 = pair.to_pkcs8v1().map_err(|_| SignError::Sign)?;
                let pair =
                    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref())
                        .map_err(|_| SignError::Sign)?;
                sign_p256(&pair, message)
            }
        }
    }
}

fn sign_rsa(pair: &rsa::KeyPair, message: &[u8]) -> Result<Vec<u8>, SignError> {
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message,
        &mut signature,
    )
    .map_err(|_| SignError::Sign)?;
    Ok(signature)
}

fn sign_p256(pair: &EcdsaKeyPair, message: &[u8]) -> Result<Vec<u8>, SignError> {
    let signature = pair.sign(&SystemRandom::new(), message);
    Ok(signature.map_err(|_| SignError::Sign)?.as_ref().to_vec())
}
