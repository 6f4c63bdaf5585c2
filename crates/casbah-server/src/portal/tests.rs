//! The portal as a browser sees it.

mod frame;

use secrecy::ExposeSecret;

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
    let sent = browser.get(to).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let form = browser.get(sent.header("location")).await;
    let fields = [
        ("username", directory.admin.upn.as_str()),
        ("password", directory.one_time.expose_secret()),
        ("new_password", PASSWORD),
        ("new_password_again", PASSWORD),
    ];
    let page = submit(&mut browser, &form, &fields).await;
    (browser, page)
}
