//! The fields of a form or an address.

/// The first value of a field; none if it is not there.
pub(super) fn find(form: &[u8], wanted: &str) -> Option<String> {
    form_urlencoded::parse(form)
        .find(|(name, _)| name == wanted)
        .map(|(_, value)| value.into_owned())
}

/// The first value of a field; empty if it is not there.
pub(super) fn text(form: &[u8], wanted: &str) -> String {
    find(form, wanted).unwrap_or_default()
}
