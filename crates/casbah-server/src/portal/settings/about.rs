//! What clients of this tenant must be told.

use askama::Template;
use casbah_token::TokenVersion;

use crate::portal::page::{self, Frame, Section};
use crate::portal::pages::Answer;
use crate::portal::visitor::Visitor;

#[derive(Template)]
#[template(path = "portal/settings/about.html")]
struct About<'a> {
    frame: Frame<'a>,
    addresses: Vec<(&'static str, String)>,
    has_own_ca: bool,
    version: &'static str,
}

/// `GET /portal/about`
pub(super) async fn show(visitor: Visitor, (): ()) -> Answer {
    let authority = &visitor.app.authority;
    let (origin, tenant) = (authority.origin(), visitor.tenant.id);
    let base = format!("{origin}/{tenant}");
    let addresses = vec![
        ("API URL", format!("{origin}/api/v1/")),
        ("Directory (tenant) ID", tenant.to_string()),
        (
            "OAuth 2.0 token endpoint (v2)",
            format!("{base}/oauth2/v2.0/token"),
        ),
        (
            "OAuth 2.0 token endpoint (v1)",
            format!("{base}/oauth2/token"),
        ),
        (
            "OAuth 2.0 authorization endpoint (v2)",
            format!("{base}/oauth2/v2.0/authorize"),
        ),
        (
            "OpenID Connect metadata document",
            format!("{base}/v2.0/.well-known/openid-configuration"),
        ),
        (
            "Issuer (v1 tokens)",
            authority.issuer(TokenVersion::V1, tenant),
        ),
        (
            "Issuer (v2 tokens)",
            authority.issuer(TokenVersion::V2, tenant),
        ),
        ("Microsoft Graph API endpoint", format!("{origin}/v1.0/")),
    ];
    let page = About {
        frame: Frame::new(&visitor, Section::About, "About"),
        addresses,
        has_own_ca: visitor.app.config.certificate.is_none(),
        version: env!("CARGO_PKG_VERSION"),
    };
    Ok(page::show(&page, &visitor.context)?)
}
