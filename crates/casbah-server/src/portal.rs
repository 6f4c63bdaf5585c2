//! Pages for people.

pub(crate) mod sign_in;
