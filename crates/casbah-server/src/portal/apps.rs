//! App registrations.

mod authentication;
mod credentials;
mod delete;
mod list;
mod object;
mod overview;
mod owners;
mod permissions;
mod register;
mod usage;

use super::pages::Pages;

/// Adds the pages.
pub(super) fn pages(pages: Pages) -> Pages {
    let pages = pages
        .page("/portal/apps", list::show)
        .page("/portal/apps/new", register::show)
        .form("/portal/apps/new", register::register)
        .page("/portal/apps/by_client_id/{app_id}", overview::find)
        .page("/portal/apps/{id}", overview::show)
        .form("/portal/apps/{id}/rename", overview::rename)
        .form("/portal/apps/{id}/principal", overview::create_principal)
        .page("/portal/apps/{id}/authentication", authentication::show)
        .form("/portal/apps/{id}/authentication", authentication::save)
        .form("/portal/apps/{id}/redirects/add", authentication::add)
        .form("/portal/apps/{id}/redirects/remove", authentication::remove)
        .page("/portal/apps/{id}/owners", owners::show)
        .form("/portal/apps/{id}/owners", owners::add)
        .form("/portal/apps/{id}/owners/{owner}/remove", owners::remove)
        .page("/portal/apps/{id}/usage", usage::show)
        .page("/portal/apps/{id}/delete", delete::ask)
        .form("/portal/apps/{id}/delete", delete::delete)
        .form("/portal/apps/{id}/restore", delete::restore);
    permissions::pages(credentials::pages(pages))
}
