//! Any bytes as audit records: no panic, and reading comes to an end.

#![no_main]

use casbah_detection::sources::{Limits, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    for record in Source::Microsoft365.read(input, Limits::default()) {
        drop(record);
    }
});
