//! Signing and verification of JSON Web Tokens, key sets and claims.
