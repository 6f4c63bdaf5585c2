//! Command line.

use clap::{ArgGroup, Parser};
use std::path::PathBuf;

/// Sends one HTTPS request over and over on kept HTTP/1.1 connections, each with one request in
/// flight, and prints rate, latencies and statuses as JSON. Connections are opened and warmed up
/// before the clocks start.
#[derive(Clone, Debug, Parser)]
#[command(version)]
#[command(group = ArgGroup::new("length").required(true).args(["requests", "duration"]))]
pub struct Options {
    /// Where to, `https://host[:port]/path?query`.
    pub url: String,
    /// PEM file with the certificates to trust.
    #[arg(long)]
    pub ca: PathBuf,
    /// Connections, each with one request in flight.
    #[arg(long, default_value_t = 16)]
    pub connections: usize,
    /// Requests in all.
    #[arg(long)]
    pub requests: Option<u64>,
    /// Seconds.
    #[arg(long)]
    pub duration: Option<f64>,
    /// Requests a second on all connections together, sent when they are due whether the earlier
    /// ones are answered or not, as far as there are connections; without it as many as go through.
    #[arg(long)]
    pub rate: Option<f64>,
    /// Requests of each connection before the clocks start; at least one is sent.
    #[arg(long, default_value_t = 20)]
    pub warm_up: u64,
    /// Request method; POST when there is a form, else GET.
    #[arg(long)]
    pub method: Option<String>,
    /// Form field NAME=VALUE, may be repeated.
    #[arg(long)]
    pub form: Vec<String>,
    /// Form field NAME=VARIABLE with the value in an environment variable, for secrets.
    #[arg(long)]
    pub form_env: Vec<String>,
    /// Header 'NAME: VALUE', may be repeated.
    #[arg(long)]
    pub header: Vec<String>,
    /// Header NAME=VARIABLE with the value in an environment variable, for secrets.
    #[arg(long)]
    pub header_env: Vec<String>,
    /// Status that every answer must have to count.
    #[arg(long, default_value_t = 200)]
    pub expect: u16,
    /// Also measure the CPU time of this process over the same span.
    #[arg(long)]
    pub watch_pid: Option<u32>,
}
