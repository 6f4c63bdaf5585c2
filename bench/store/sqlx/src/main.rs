//! Measures sqlx, and beside it the C interface of the very same SQLite library.

#[path = "../../shared/ffi.rs"]
mod ffi;
mod through_sqlx;

use clap::Parser;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = store_common::Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    match options.api.as_str() {
        "sqlx" => runtime.block_on(through_sqlx::run(&options, &runtime)),
        "ffi" => ffi::run(&options, &runtime),
        other => Err(format!("unknown api {other}, known are sqlx and ffi").into()),
    }
}
