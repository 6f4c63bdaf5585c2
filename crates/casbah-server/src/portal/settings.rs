//! Pages about the tenant as a whole: its name and policies, how people sign in, its audit,
//! its credentials, its addresses; and the keys of the installation.

mod about;
mod api_tokens;
mod audit;
mod credentials;
mod identity_providers;
mod keys;
mod tenant;

use super::pages::Pages;

/// Adds the pages.
pub(super) fn pages(pages: Pages) -> Pages {
    let pages = pages
        .page("/portal/tenant", tenant::show)
        .form("/portal/tenant", tenant::rename)
        .form("/portal/tenant/policies", tenant::set_policies)
        .page("/portal/keys", keys::show)
        .page("/portal/keys/rotate", keys::ask_to_rotate)
        .form("/portal/keys/rotate", keys::rotate);
    api_tokens::pages(identity_providers::pages(pages))
        .page("/portal/audit", audit::show)
        .page("/portal/credentials", credentials::show)
        .page("/portal/about", about::show)
}
