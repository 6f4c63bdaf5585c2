//! Any JSON object as a list's parameters.

#![no_main]

use casbah_model::filter::{ACTIVITIES, ALERTS, DISCOVERED_APPS, ENTITIES, IP_RANGES, parse_query};
use casbah_model::time::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|input: &[u8]| {
    let Ok(parameters) = serde_json::from_slice::<Map<String, Value>>(input) else {
        return;
    };
    let now = Timestamp::from_seconds(1_790_000_000);
    for list in [&ACTIVITIES, &ALERTS, &DISCOVERED_APPS, &ENTITIES, &IP_RANGES] {
        drop(parse_query(list, &parameters, now));
    }
});
