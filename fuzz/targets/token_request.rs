//! Any body and any `Authorization` header at the token endpoints.

#![no_main]

use casbah_identity::request::{Endpoint, Params, TokenRequest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], Option<&str>)| {
    let (body, authorization) = input;
    let Ok(params) = Params::parse(body) else {
        return;
    };
    for endpoint in [Endpoint::V1, Endpoint::V2] {
        drop(TokenRequest::parse(endpoint, &params, authorization));
    }
});
