//! The portal's own Rust program, which `snippets.py` puts into a file.

include!(env!("CASBAH_SNIPPET"));
