//! Squid: `access.log` in its native, `common` and `combined` forms.
//!
//! Vendor's reference: the `logformat` and `access_log` directives of `squid.conf.documented`,
//! and the page "Squid Log Files" of the Squid wiki (`wiki.squid-cache.org/SquidFaq/SquidLogs`).

pub(super) mod common;
pub(super) mod native;

/// Squid's result codes for a request that its own rules refused (`TCP_DENIED`,
/// `TCP_DENIED_REPLY`, `TCP_DENIED_ABORTED`, `UDP_DENIED`).
fn is_denied(code: &[u8]) -> bool {
    // The protocol before it has three letters; a search would cost more than the rest of the field.
    code.get(4..10) == Some(b"DENIED")
}
