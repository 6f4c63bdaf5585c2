//! Any text as a client assertion, any bytes as a certificate.

#![no_main]

use casbah_token::{ClientAssertion, ClientCertificate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &str)| {
    let (certificate, text) = input;
    let certificate = ClientCertificate::parse(certificate);
    let Ok(assertion) = ClientAssertion::parse(text) else {
        return;
    };
    let _ = (assertion.issuer(), assertion.subject(), assertion.expires(), assertion.not_before());
    if let Ok(certificate) = certificate {
        assert!(!(assertion.names(&certificate) && assertion.is_signed_with(&certificate)));
    }
});
