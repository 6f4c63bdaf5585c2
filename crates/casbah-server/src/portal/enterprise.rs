//! Enterprise applications: service principals, which are applications as this tenant
//! has them.

mod list;
mod object;
mod permissions;

use super::pages::Pages;

/// Adds the pages.
pub(super) fn pages(pages: Pages) -> Pages {
    pages
        .page("/portal/enterprise_apps", list::show)
        .page("/portal/enterprise_apps/{id}", object::show)
        .form("/portal/enterprise_apps/{id}", object::save)
        .page("/portal/enterprise_apps/{id}/delete", object::ask_delete)
        .form("/portal/enterprise_apps/{id}/delete", object::delete)
        .page(
            "/portal/enterprise_apps/{id}/permissions",
            permissions::show,
        )
        .page(
            "/portal/enterprise_apps/{id}/permissions/revoke",
            permissions::ask,
        )
        .form(
            "/portal/enterprise_apps/{id}/permissions/revoke",
            permissions::revoke,
        )
        .page(
            "/portal/enterprise_apps/{id}/permissions/revoke_all",
            permissions::ask_all,
        )
        .form(
            "/portal/enterprise_apps/{id}/permissions/revoke_all",
            permissions::revoke_all,
        )
}
