//! Squid: `access.log` in its native, `common` and `combined` forms.
//!
//! Vendor's reference: the `logformat` and `access_log` directives of `squid.conf.documented`,
//! and the page "Squid Log Files" of the Squid wiki (`wiki.squid-cache.org/SquidFaq/SquidLogs`).

pub(super) mod common;
pub(super) mod native;

/// Squid's result codes for a request that its own rules refused (`TCP_DENIED`,
/// `TCP_DENIED_REPLY`, `TCP_DENIED_ABORTED`, `UDP_DENIED`).
fn is_denied(code: &[u8]) -> bool {
    memchr::memmem::find(code, b"DENIED").is_some()
}
