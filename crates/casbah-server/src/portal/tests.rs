//! The portal as a browser sees it.

mod activities;
mod alerts;
mod api_tokens;
mod apps;
mod credentials;
mod enterprise;
mod frame;
mod guards;
mod hostile;
mod identity_providers;
mod keys;
mod permissions;
mod security;
mod settings;
mod tables;
mod tenant;
mod tokens;
mod users;

use casbah_model::identity::DirectoryRole;
use secrecy::ExposeSecret;

use crate::testing::browser::{Browser, Page};
use crate::testing::directory::{Directory, PASSWORD};
use crate::testing::save_user;

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

/// A tenant with what the demonstration leaves, and its administrator's browser.
async fn demonstrated() -> (Directory, Browser) {
    let directory = Directory::new().await;
    directory.server.play_demo(directory.tenant).await;
    let browser = administrator(&directory).await;
    (directory, browser)
}

/// The addresses of what a list has, in its order.
fn rows(page: &Page) -> Vec<String> {
    let links = page
        .text
        .split("<th scope=\"row\" class=\"wrap\"><a href=\"");
    let links = links.skip(1).map(|link| link.split('"').next().unwrap());
    links.map(str::to_owned).collect()
}

/// The browser of the administrator, signed in.
async fn administrator(directory: &Directory) -> Browser {
    sign_in(directory, "/portal/").await.0
}

/// Gives the administrator other roles.
async fn set_roles(directory: &Directory, roles: &[DirectoryRole]) {
    let store = &directory.server.app.store;
    let user = store.user(directory.tenant, directory.admin.id).await;
    let mut user = user.unwrap().unwrap();
    user.roles = roles.iter().copied().collect();
    save_user(store, &user).await;
}

/// Sends a form with the token of the browser's session.
async fn post(browser: &mut Browser, action: &str, fields: &[(&str, &str)]) -> Page {
    let token = browser.get("/portal/apps/new").await;
    let token = token.attribute("name=\"csrf\" value=\"");
    let token = ("csrf", token.as_str());
    let fields: Vec<_> = [token].iter().chain(fields).copied().collect();
    browser.post(action, &fields).await
}

/// The same of a form that does what it is for; answers the page that it leads to.
async fn done(browser: &mut Browser, action: &str, fields: &[(&str, &str)]) -> Page {
    let sent = post(browser, action, fields).await;
    assert_eq!(sent.status, 303, "{action}: {}", sent.text);
    let page = browser.get(sent.header("location")).await;
    assert_eq!(
        page.status,
        200,
        "{}: {}",
        sent.header("location"),
        page.text
    );
    assert!(page.text.contains("class=\"done\""), "{}", page.text);
    page
}

/// An application that was registered in the portal.
struct Registered {
    id: String,
    app_id: String,
}

impl Registered {
    /// A page of the application.
    fn at(&self, path: &str) -> String {
        format!("/portal/apps/{}{path}", self.id)
    }
}

/// Registers an application.
async fn register(browser: &mut Browser, name: &str, audience: &str) -> Registered {
    let fields = [("name", name), ("audience", audience)];
    let sent = post(browser, "/portal/apps/new", &fields).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let address = sent.header("location").to_owned();
    let id = address.rsplit_once('/').unwrap().1;
    let id = id.split_once('?').unwrap().0.to_owned();
    let page = browser.get(&address).await;
    Registered {
        id,
        app_id: page.attribute("data-copy=\""),
    }
}

/// Answers the question whether to consent; answers the page that it leads to.
async fn consent(browser: &mut Browser, app: &Registered) -> Page {
    let question = browser.get(&app.at("/permissions/consent")).await;
    assert_eq!(question.status, 200, "{}", question.text);
    let mark = question.attribute("name=\"mark\" value=\"");
    done(browser, &app.at("/permissions/consent"), &[("mark", &mark)]).await
}

/// The object id of an application's service principal, as its overview links to it.
async fn principal_of(browser: &mut Browser, app: &Registered) -> String {
    let page = browser.get(&app.at("")).await;
    page.attribute("href=\"/portal/enterprise_apps/")
}

/// Adds an identity provider; answers its page's address.
async fn add_provider(browser: &mut Browser, name: &str, fields: &[(&str, &str)]) -> String {
    let rest = [
        ("name", name),
        ("issuer", "https://idp.example"),
        ("client_id", "casbah"),
        ("secret", "what nobody may read"),
        ("scope", "openid email"),
        ("claim", "email"),
    ];
    let fields: Vec<_> = fields.iter().chain(&rest).copied().collect();
    let new = "/portal/identity-providers/new";
    let page = done(browser, new, &fields).await;
    let base = "/portal/identity-providers/";
    let delete = page.attribute(&format!("href=\"{base}"));
    format!("{base}{}", delete.strip_suffix("/delete").unwrap())
}

const SINGLE: &str = "AzureADMyOrg";
const MULTI: &str = "AzureADMultipleOrgs";
