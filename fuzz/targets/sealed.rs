//! Any bytes as a sealed value: none opens that was not sealed, and one that was and is
//! changed anywhere does not open any more.

#![no_main]

use std::sync::LazyLock;

use casbah_identity::crypto::{MasterKey, SealContext, Vault};
use casbah_model::identity::Sealed;
use casbah_model::time::Timestamp;
use libfuzzer_sys::fuzz_target;

static VAULT: LazyLock<Vault> = LazyLock::new(|| {
    let mut vault = Vault::new(MasterKey::generate().expect("randomness"));
    vault.add_data_key(Timestamp(0)).expect("a key");
    vault
});

fuzz_target!(|input: (&[u8], usize, u8)| {
    let (bytes, at, change) = input;
    let place = SealContext::server("fuzz", "one");
    assert!(VAULT.open(&place, &Sealed::new(bytes.to_vec())).is_err());
    let sealed = VAULT.seal(&place, bytes).expect("sealed");
    let opened = VAULT.open(&place, &sealed).expect("opened");
    assert_eq!(opened.as_slice(), bytes);
    let elsewhere = SealContext::server("fuzz", "two");
    assert!(VAULT.open(&elsewhere, &sealed).is_err());
    if change != 0 {
        let mut changed = sealed.as_bytes().to_vec();
        let at = at % changed.len();
        changed[at] ^= change;
        assert!(VAULT.open(&place, &Sealed::new(changed)).is_err());
    }
});
