//! Recovery codes: ten texts on paper, each good once in place of a second factor that was
//! lost.

use casbah_model::identity::Digest;
use casbah_model::ids::{ObjectId, TenantId};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness};
use crate::secret::{PepperError, Peppers};

/// How many codes a person gets.
pub const RECOVERY_CODES: usize = 10;
/// Characters of a code: 50 bits, which the throttle of sign-ins keeps from being guessed.
const LENGTH: usize = 10;
/// 32 characters, so that a byte's low five bits choose without bias. I, L, O and U are
/// missing, as in Crockford's base32, and what is read in their place is taken for what it is.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Codes that were just made: the only moment their texts exist.
#[derive(Debug)]
pub struct NewRecoveryCodes {
    /// The texts, shown once.
    pub texts: Vec<SecretString>,
    /// What is kept of them.
    pub hashes: Vec<Digest>,
}

/// Makes a person's codes.
///
/// # Errors
/// [`PepperError`] when there is no pepper or no randomness.
pub fn new_recovery_codes(
    peppers: &Peppers,
    tenant: TenantId,
    user: ObjectId,
) -> Result<NewRecoveryCodes, PepperError> {
    let (mut texts, mut hashes) = (Vec::new(), Vec::new());
    while texts.len() < RECOVERY_CODES {
        let code = random_code()?;
        let hash = peppers.digest(&told(tenant, user, &code))?;
        if !hashes.contains(&hash) {
            hashes.push(hash);
            let (first, second) = code.split_at(LENGTH / 2);
            texts.push(format!("{first}-{second}").into());
        }
    }
    Ok(NewRecoveryCodes { texts, hashes })
}

/// What is kept of a code that a person typed, under each pepper that may be its own; nothing
/// for a text that is no code. Spaces, hyphens and case do not matter.
pub fn recovery_code_digests(
    peppers: &Peppers,
    tenant: TenantId,
    user: ObjectId,
    typed: &str,
) -> Vec<Digest> {
    read(typed).map_or_else(Vec::new, |code| peppers.digests(&told(tenant, user, &code)))
}

fn random_code() -> Result<Zeroizing<String>, NoRandomness> {
    let bytes = random::bytes::<LENGTH>()?;
    let characters = bytes
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    Ok(Zeroizing::new(characters.collect()))
}

/// A code as it was made, from what somebody read and typed.
fn read(typed: &str) -> Option<Zeroizing<String>> {
    let mut code = Zeroizing::new(String::with_capacity(LENGTH));
    let typed = typed.chars();
    for character in typed.filter(|one| !one.is_whitespace() && *one != '-') {
        let character = match character.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        };
        let is_known = u8::try_from(character).is_ok_and(|byte| ALPHABET.contains(&byte));
        if !is_known || code.len() == LENGTH {
            return None;
        }
        code.push(character);
    }
    (code.len() == LENGTH).then_some(code)
}

/// What is hashed: a code is one person's, so equal codes of two look different.
fn told(tenant: TenantId, user: ObjectId, code: &str) -> SecretString {
    format!("recovery_code|{tenant}|{user}|{code}").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{MasterKey, Vault};
    use casbah_model::time::Timestamp;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    fn peppers() -> (Vault, Peppers) {
        let mut vault = Vault::new(MasterKey::generate().unwrap());
        vault.add_data_key(Timestamp(0)).unwrap();
        let mut peppers = Peppers::default();
        peppers.add(&vault, Timestamp(0)).unwrap();
        (vault, peppers)
    }

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let (vault, mut peppers) = peppers();
        let (tenant, user) = (TenantId::random(), ObjectId::random());
        let new = new_recovery_codes(&peppers, tenant, user).unwrap();
        assert_eq!((new.texts.len(), new.hashes.len()), (10, 10));
        // The codes stay good under the pepper that they were made with.
        peppers.add(&vault, Timestamp(1)).unwrap();
        for (text, hash) in new.texts.iter().zip(&new.hashes) {
            let text = text.expose_secret();
            assert_eq!(text.len(), 11, "{text}");
            for typed in [
                text.to_owned(),
                text.to_lowercase(),
                text.replace('-', ""),
                text.replace('-', " ") + " ",
                text.replace('0', "o").replace('1', "l"),
                text.replace('0', "O").replace('1', "I"),
            ] {
                let found = recovery_code_digests(&peppers, tenant, user, &typed);
                assert!(found.contains(hash), "{typed}");
            }
            for (tenant, user) in [(tenant, ObjectId::random()), (TenantId::random(), user)] {
                let found = recovery_code_digests(&peppers, tenant, user, text);
                assert!(!found.contains(hash), "another's");
            }
        }
    }

    #[test]
    fn what_is_no_code_is_known_to_nobody() {
        let (_, peppers) = peppers();
        let (tenant, user) = (TenantId::random(), ObjectId::random());
        for typed in [
            "",
            "-",
            "ABCDE-FGHJ",
            "ABCDE-FGHJKM",
            "ABCDE-FGHJU",
            "ABCDE-FGHJ\u{e9}",
        ] {
            let found = recovery_code_digests(&peppers, tenant, user, typed);
            assert!(found.is_empty(), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_breaks_it(typed in ".*") {
            if let Some(code) = read(&typed) {
                prop_assert_eq!(code.len(), LENGTH);
                prop_assert_eq!(read(&code), Some(code.clone()));
            }
        }
    }
}
