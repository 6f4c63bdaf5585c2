//! The casbah command: server and client in one binary.
fn main() {}
