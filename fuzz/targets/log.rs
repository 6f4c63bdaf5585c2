//! Any bytes as a log: no panic, and no cut into chunks changes the result.

#![no_main]

use std::num::NonZeroUsize;

use casbah_discovery::{Analysis, Catalog, Format, LogReader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &[u8])| {
    let (choice, log) = input;
    let format = match choice % 3 {
        0 => None,
        1 => Some(Format::SquidNative),
        _ => Some(Format::SquidCommon),
    };
    let read = |chunk: usize| {
        let reader = LogReader::new()
            .format(format)
            .workers(NonZeroUsize::MIN)
            .chunk_bytes(NonZeroUsize::new(chunk).unwrap())
            .max_decoded_bytes(Some(1 << 22));
        let outcome = Analysis::new(Catalog::built_in()).reader(reader).run(log, |_| ());
        outcome.ok().map(|outcome| {
            let apps: Vec<_> = outcome.usage.app_days().cloned().collect();
            (outcome.lines, outcome.parsed, outcome.bad, apps)
        })
    };
    assert_eq!(read(64), read(1 << 20));
});
