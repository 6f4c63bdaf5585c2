//! The portal as a browser sees it.

mod frame;
mod security;
mod settings;

use std::collections::BTreeSet;

use casbah_model::identity::DirectoryRole;
use secrecy::ExposeSecret;

use crate::testing::audit_record;
use crate::testing::browser::{Browser, Page};
use crate::testing::directory::Directory;

const PASSWORD: &str = "correct horse battery";

/// Sends the form of a page with its token.
async fn submit(browser: &mut Browser, page: &Page, fields: &[(&str, &str)]) -> Page {
    let action = page.attribute("action=\"");
    let csrf = page.attribute("name=\"csrf\" value=\"");
    let csrf = ("csrf", csrf.as_str());
    let fields: Vec<_> = [csrf].iter().chain(fields).copied().collect();
    browser.post(&action, &fields).await
}

/// Signs the administrator in through the page that was wanted.
async fn sign_in(directory: &Directory, to: &str) -> (Browser, Page) {
    let mut browser = directory.browser();
    let (upn, password) = (&directory.admin.upn, directory.one_time.expose_secret());
    let page = sign_in_as(&mut browser, upn, password, to).await;
    (browser, page)
}

/// Signs a person in who has a given password.
async fn sign_in_as(browser: &mut Browser, upn: &str, password: &str, to: &str) -> Page {
    let sent = browser.get(to).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let form = browser.get(sent.header("location")).await;
    let fields = [
        ("username", upn),
        ("password", password),
        ("new_password", PASSWORD),
        ("new_password_again", PASSWORD),
    ];
    submit(browser, &form, &fields).await
}

/// The browser of the administrator, signed in.
async fn administrator(directory: &Directory) -> Browser {
    sign_in(directory, "/portal/").await.0
}

/// Gives the administrator other roles.
async fn set_roles(directory: &Directory, roles: &[DirectoryRole]) {
    let store = &directory.server.app.store;
    let (tenant, id) = (directory.tenant, directory.admin.id);
    let roles: BTreeSet<_> = roles.iter().copied().collect();
    let changed: Result<_, ()> = store
        .change_user(tenant, id, audit_record(), move |present| {
            let mut user = present.ok_or(())?.user;
            user.roles.clone_from(&roles);
            Ok(user)
        })
        .await
        .unwrap();
    changed.unwrap();
}
