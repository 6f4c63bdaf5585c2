//! Rules of applications, credentials, consent and grants.
