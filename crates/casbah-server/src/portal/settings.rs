//! Pages about the tenant as a whole: its audit, its credentials, its addresses.

mod about;
mod audit;
mod credentials;

use super::pages::Pages;

/// Adds the pages.
pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page("/portal/audit", audit::show)
        .page("/portal/credentials", credentials::show)
        .page("/portal/about", about::show)
}
