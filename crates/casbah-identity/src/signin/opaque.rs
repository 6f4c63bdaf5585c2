//! Codes, refresh tokens and invitations as texts. They begin with their kind and tenant, so
//! that a request to `common` finds the tenant's rows without another lookup.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_model::ids::TenantId;
use secrecy::SecretString;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness};

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OpaqueKind {
    /// An authorisation code.
    Code,
    /// A refresh token.
    Refresh,
    /// The end of an invitation's address.
    Invitation,
}

impl OpaqueKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Code => "0",
            Self::Refresh => "1",
            Self::Invitation => "2",
        }
    }
}

/// A fresh text with 256 random bits.
pub(crate) fn fresh(kind: OpaqueKind, tenant: TenantId) -> Result<SecretString, NoRandomness> {
    let random = Zeroizing::new(random::url_safe::<32>()?);
    let tenant = URL_SAFE_NO_PAD.encode(tenant.uuid().as_bytes());
    Ok(format!("{}.{tenant}.{}", kind.prefix(), *random).into())
}

/// The tenant that such a text says it belongs to. Only the stored
/// row, found by the digest of the whole text, proves it.
pub fn tenant_of(kind: OpaqueKind, text: &str) -> Option<TenantId> {
    let (prefix, rest) = text.split_once('.')?;
    let (tenant, _) = rest.split_once('.')?;
    if prefix != kind.prefix() {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(tenant).ok()?;
    Uuid::from_slice(&bytes).ok().map(TenantId::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    #[test]
    fn a_text_tells_its_tenant_and_nothing_else() {
        let tenant = TenantId::random();
        let code = fresh(OpaqueKind::Code, tenant).unwrap();
        assert_eq!(
            tenant_of(OpaqueKind::Code, code.expose_secret()),
            Some(tenant)
        );
        assert_eq!(tenant_of(OpaqueKind::Refresh, code.expose_secret()), None);
        let again = fresh(OpaqueKind::Code, tenant).unwrap();
        assert_ne!(code.expose_secret(), again.expose_secret());
    }

    proptest! {
        #[test]
        fn garbage_never_panics(text: String, parts in "[01]\\.[A-Za-z0-9_-]{0,30}\\.") {
            let _: Option<TenantId> = tenant_of(OpaqueKind::Code, &text);
            let _: Option<TenantId> = tenant_of(OpaqueKind::Code, &parts);
        }
    }
}
