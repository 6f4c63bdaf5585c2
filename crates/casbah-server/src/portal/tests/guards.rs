//! Forms of other sessions, and objects of other tenants.

use casbah_model::identity::DirectoryRole;
use casbah_model::ids::ObjectId;
use casbah_model::permission::Permission;
use secrecy::ExposeSecret;

use super::{
    Registered, SINGLE, add_provider, administrator, consent, done, post, principal_of, register,
    sign_in_as,
};
use crate::portal::pages;
use crate::testing::browser::Browser;
use crate::testing::directory::Directory;

const API: &str = "05a65629-4c1b-48c1-a78b-804c4abdd4af";

/// A path with an id in place of each of its variables.
fn filled(path: &str, id: impl Fn(&str) -> String) -> String {
    let parts = path.split('/').map(|part| {
        let name = part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'));
        name.map_or_else(|| part.to_owned(), &id)
    });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_form_needs_the_token_of_its_own_session() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let other = directory
        .server
        .create_tenant("Northwind", "northwind.example")
        .await;
    let mut elsewhere = directory.browser();
    let password = other.password.expose_secret();
    sign_in_as(
        &mut elsewhere,
        &other.administrator.upn,
        password,
        "/portal/",
    )
    .await;
    let token = async |browser: &mut Browser| {
        let page = browser.get("/portal/apps/new").await;
        page.attribute("name=\"csrf\" value=\"")
    };
    let (own, foreign) = (token(&mut browser).await, token(&mut elsewhere).await);
    assert_ne!(own, foreign);
    let forms = pages().forms;
    assert!(forms.len() > 20, "{forms:?}");
    for path in forms {
        let path = filled(path, |_| ObjectId::random().to_string());
        for fields in [&[][..], &[("csrf", "")], &[("csrf", foreign.as_str())]] {
            let page = browser.post(&path, fields).await;
            assert_eq!(page.status, 403, "{path}: {}", page.text);
            assert!(page.text.contains("was not shown in this session"));
        }
        let page = browser.post(&path, &[("csrf", &own)]).await;
        assert_ne!(page.status, 403, "{path}: the session's own token is taken");
        let signed_out = directory.browser().post(&path, &[("csrf", &own)]).await;
        assert_eq!(signed_out.status, 303);
        assert!(
            signed_out
                .header("location")
                .starts_with("/portal/sign_in?")
        );
    }
}

/// An application with one of everything.
struct Rich {
    app: Registered,
    principal: String,
    keys: [(&'static str, String); 3],
    owner: String,
    person: String,
    assignment: String,
    provider: String,
    api_token: String,
    activity: String,
    alert: String,
}

impl Rich {
    async fn register(directory: &Directory, browser: &mut Browser) -> Self {
        let app = register(browser, "Console", SINGLE).await;
        post(browser, &app.at("/secrets"), &[("life", "90")]).await;
        let (pem, _) = super::credentials::certificate();
        done(browser, &app.at("/certificates"), &[("pem", &pem)]).await;
        let fields = [
            ("issuer", "https://issuer.example"),
            ("subject", "s"),
            ("audience", "a"),
            ("name", "n"),
        ];
        done(browser, &app.at("/federated"), &fields).await;
        let role = Permission::InvestigationRead.app_role_id().to_string();
        let fields = [("kind", "application"), ("permission", role.as_str())];
        let add = app.at(&format!("/permissions/add/{API}"));
        done(browser, &add, &fields).await;
        consent(browser, &app).await;
        let mut keys = Vec::new();
        for kind in ["secrets", "certificates", "federated"] {
            let page = browser
                .get(&app.at(&format!("/credentials?tab={kind}")))
                .await;
            let key = page.attribute(&format!("href=\"{}/", app.at(&format!("/{kind}"))));
            keys.push((kind, key.strip_suffix("/delete").unwrap().to_owned()));
        }
        let ada = directory
            .person("ada", &[DirectoryRole::SecurityReader])
            .await;
        let page = browser.get(&format!("/portal/users/{}", ada.id)).await;
        let remove = page.attribute(&format!("action=\"/portal/users/{}/roles/", ada.id));
        directory.server.play_demo(directory.tenant).await;
        Self {
            activity: {
                let page = browser.get("/portal/activities").await;
                page.attribute("href=\"/portal/activities/")
            },
            alert: {
                let page = browser.get("/portal/alerts").await;
                page.attribute("href=\"/portal/alerts/")
            },
            provider: {
                let page = add_provider(browser, "Console", &[]).await;
                page.rsplit_once('/').unwrap().1.to_owned()
            },
            api_token: {
                post(browser, "/portal/api-tokens", &[("name", "Console")]).await;
                let page = browser.get("/portal/api-tokens").await;
                let path = page.attribute("secondary small\" href=\"/portal/api-tokens/");
                path.strip_suffix("/revoke").unwrap().to_owned()
            },
            person: ada.id.to_string(),
            assignment: remove.strip_suffix("/remove").unwrap().to_owned(),
            principal: principal_of(browser, &app).await,
            keys: keys.try_into().unwrap(),
            owner: directory.admin.id.to_string(),
            app,
        }
    }

    /// The address of a page or form about this application.
    fn at(&self, path: &str) -> String {
        let address = filled(path, |name| match name {
            "id" if path.contains("enterprise") => self.principal.clone(),
            "id" if path.contains("identity-providers") => self.provider.clone(),
            "id" if path.contains("api-tokens") => self.api_token.clone(),
            "id" if path.contains("alerts") => self.alert.clone(),
            "id" if path.contains("activities") => self.activity.clone(),
            "id" if path.contains("users") => self.person.clone(),
            "user" => self.person.clone(),
            "role" => self.assignment.clone(),
            "id" => self.app.id.clone(),
            "app_id" => self.app.app_id.clone(),
            "resource" => API.to_owned(),
            "owner" => self.owner.clone(),
            "key" => {
                let mut keys = self.keys.iter();
                let key = keys.find(|(kind, _)| path.contains(kind));
                key.unwrap().1.clone()
            }
            _ => "x".to_owned(),
        });
        if path.ends_with("/revoke") {
            let role = Permission::InvestigationRead.app_role_id();
            format!("{address}?resource={API}&kind=application&permission={role}")
        } else {
            address
        }
    }
}

/// Fields by which every form would do something.
fn fields(owner: &str) -> Vec<(&str, String)> {
    let role = Permission::InvestigationRead.app_role_id().to_string();
    [
        ("name", "n2"),
        ("typed", "Console"),
        ("audience", "AzureADMultipleOrgs"),
        ("public_flows", "yes"),
        ("platform", "web"),
        ("uri", "https://a.example/"),
        ("upn", owner),
        ("life", "90"),
        ("issuer", "https://other.example"),
        ("subject", "s2"),
        ("resource", API),
        ("kind", "application"),
        ("permission", &role),
        ("role", "Global Reader"),
        ("enabled", "no"),
        ("verdict", "harmless"),
        ("closing", "benign"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

#[tokio::test]
async fn nobody_reaches_an_object_of_another_tenant() {
    let directory = Directory::new().await;
    let mut owner = administrator(&directory).await;
    let rich = Rich::register(&directory, &mut owner).await;
    let other = directory
        .server
        .create_tenant("Northwind", "northwind.example")
        .await;
    let mut stranger = directory.browser();
    let (upn, password) = (&other.administrator.upn, other.password.expose_secret());
    sign_in_as(&mut stranger, upn, password, "/portal/").await;
    let store = &directory.server.app.store;
    let before = store.audit_records(directory.tenant, 1_000).await.unwrap();

    let fields = fields(upn);
    let (pem, _) = super::credentials::certificate();
    let mut fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    fields.push(("pem", &pem));
    let is_about_one = |path: &&str| path.contains('{') && !path.contains("{*");
    for path in pages().shown.into_iter().filter(is_about_one) {
        let path = rich.at(path);
        let seen = owner.get(&path).await.status;
        assert!([200, 303].contains(&seen), "{path}: {seen}");
        let page = stranger.get(&path).await;
        assert_eq!(page.status, 404, "{path}: {}", page.text);
        assert!(!page.text.contains("Console"), "{path}");
    }
    for path in pages().forms.into_iter().filter(is_about_one) {
        let path = rich.at(path);
        let page = post(&mut stranger, &path, &fields).await;
        assert_eq!(page.status, 404, "{path}: {}", page.text);
    }
    let after = store.audit_records(directory.tenant, 1_000).await.unwrap();
    assert_eq!(before, after, "nothing was changed");
}
