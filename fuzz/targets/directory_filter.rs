//! Any text as the directory's `$filter`, put to an object.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/casbah-server/src/identity/graph/filter.rs"]
mod filter;

mod error {
    /// What the directory answers to a filter that it does not know.
    #[derive(Debug)]
    pub(crate) enum GraphError {
        /// Told in words.
        #[allow(dead_code)]
        UnsupportedQuery(String),
    }
}

fuzz_target!(|text: &str| {
    let Ok(terms) = filter::parse(text) else {
        return;
    };
    let values = |name: &str| match name {
        "id" => Some(vec!["1".to_owned()]),
        "identifieruris" => Some(vec!["api://a".to_owned(), "https://a.example".to_owned()]),
        _ => None,
    };
    drop(filter::passes(&terms, values));
});
