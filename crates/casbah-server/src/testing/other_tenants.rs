//! Every route of the API that names an object, with an object of another tenant.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use casbah_identity::api_token::new_api_token;
use casbah_model::identity::CASBAH;
use casbah_model::ids::TenantId;
use casbah_model::permission::{CasbahRole, Permission};
use casbah_model::time::Timestamp;
use serde_json::{Value, json};

use super::{TestServer, audit_record};
use crate::api;

/// Who calls the API of one tenant with every permission and role that there is.
struct Mighty<'a> {
    server: &'a TestServer,
    client: String,
    tokens: [String; 2],
}

impl<'a> Mighty<'a> {
    async fn of(server: &'a TestServer, tenant: TenantId) -> Self {
        let mut client = server.client(tenant, &Permission::ALL).await;
        for role in CasbahRole::ALL {
            server.grant_casbah(&client, role).await;
        }
        let of_app = server.token(&client, |_| {});
        client.roles = CasbahRole::ALL.map(|role| role.value().to_owned()).to_vec();
        let of_casbah = server.token(&client, |token| {
            token.audience = CASBAH.app_id.to_string();
        });
        Self {
            server,
            client: client.application.app_id.to_string(),
            tokens: [of_app, of_casbah],
        }
    }

    /// The answer to whichever of the tokens the route is for.
    async fn call(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut last = (0, String::new());
        for token in &self.tokens {
            let answer = self.server.call(method, path, Some(token), body.to_owned());
            let answer = answer.await;
            last = (answer.status, answer.text);
            if last.0 != 401 {
                break;
            }
        }
        last
    }

    async fn list(&self, path: &str) -> Vec<Value> {
        let (status, text) = self.call("GET", path, "").await;
        assert_eq!(status, 200, "{path}: {text}");
        let page: Value = serde_json::from_str(&text).unwrap();
        page["data"].as_array().unwrap().clone()
    }

    /// One of everything that a path can name.
    async fn objects(&self, tenant: TenantId) -> Objects {
        self.server.play_demo(tenant).await;
        let body = json!({"name": "Office", "category": 1, "subnets": ["10.0.0.0/8"]});
        let (path, body) = ("/api/v1/subnet/create_rule/", body.to_string());
        let (status, text) = self.call("POST", path, &body).await;
        assert_eq!(status, 200, "{text}");
        let list = "/casbah/v1/ip_ranges/built_in?name=Botnet&category=botnet";
        assert_eq!(self.call("POST", list, "203.0.113.7").await.0, 200);
        let link = "/api/v1/discovery/upload_url/?filename=a.log&source=SQUID_NATIVE";
        let (_, link) = self.call("GET", link, "").await;
        let link: Value = serde_json::from_str(&link).unwrap();
        let link = url::Url::parse(link["url"].as_str().unwrap()).unwrap();
        let upload = link.path_segments().unwrap().next_back().unwrap();
        let first = async |path: &str, name: &str| {
            let all = self.list(path).await;
            all[0][name].as_str().unwrap().to_owned()
        };
        Objects {
            api_token: self.api_token(tenant).await,
            activity: first("/api/v1/activities/", "_id").await,
            alert: first("/api/v1/alerts/", "_id").await,
            entity: key_of(&self.list("/api/v1/entities/").await[0]),
            subnet: serde_json::from_str(&text).unwrap(),
            upload: upload.to_owned(),
            client: self.client.clone(),
            export: self.export().await,
        }
    }

    /// The id of an export to a host that is nowhere.
    async fn export(&self) -> String {
        let body = json!({"name": "SIEM", "kind": "syslog", "transport": "tcp",
            "host": "siem.invalid"});
        let path = "/casbah/v1/exports";
        let (status, text) = self.call("POST", path, &body.to_string()).await;
        assert_eq!(status, 201, "{text}");
        let made: Value = serde_json::from_str(&text).unwrap();
        made["id"].as_str().unwrap().to_owned()
    }

    /// The id of a legacy API token of the tenant's administrator.
    async fn api_token(&self, tenant: TenantId) -> String {
        let store = &self.server.app.store;
        let issuer = store.users(tenant).await.unwrap().remove(0);
        let new = new_api_token(&issuer, "SOAR", Timestamp::now()).unwrap();
        let id = new.stored.id.to_string();
        let stored = store.create_api_token(new.stored, audit_record());
        stored.await.unwrap();
        id
    }
}

/// The key by which an entity is fetched.
fn key_of(entity: &Value) -> String {
    let app = &entity["appData"];
    let key = json!({"id": entity["id"], "saas": app["saas"], "inst": app["instance"]});
    URL_SAFE.encode(key.to_string())
}

struct Objects {
    api_token: String,
    activity: String,
    alert: String,
    entity: String,
    subnet: String,
    upload: String,
    client: String,
    export: String,
}

impl Objects {
    /// The path with an object in place of its variable; none for a path that names nothing
    /// of a tenant. A route that is not here fails the test.
    fn fill(&self, path: &str) -> Option<String> {
        let object: &str = match path {
            "/api/activities/{id}"
            | "/api/activities/{id}/feedback"
            | "/api/activities_kusto/{id}"
            | "/casbah/v1/activities/{id}/feedback" => &self.activity,
            path if path.starts_with("/api/alerts/{id}") => &self.alert,
            "/casbah/v1/alerts/{id}/history" => &self.alert,
            path if path.starts_with("/api/entities/{key}") => &self.entity,
            path if path.starts_with("/api/subnet/{id}") => &self.subnet,
            "/casbah/v1/discovery/uploads/{id}" => &self.upload,
            "/casbah/v1/apps/{appId}/usage" => &self.client,
            "/casbah/v1/api_tokens/{id}" => &self.api_token,
            "/casbah/v1/ip_ranges/built_in/{name}" => "Botnet",
            path if path.starts_with("/casbah/v1/exports/{id}") => &self.export,
            // The catalog is everybody's; what a tenant says of an app is a tag of its own.
            path if path.starts_with("/api/discovery/discovery_app/{app}/") => return None,
            // What is for people alone is looked at by them.
            path if ["files", "governance", "policies", "tags", "user_tags"]
                .iter()
                .any(|name| path.starts_with(&format!("/api/{name}/"))) =>
            {
                return None;
            }
            // A kind of event; the installation's tenants, for its own administrators alone;
            // rules of laboratories, which this server is none of.
            "/casbah/v1/events/{source}"
            | "/casbah/v1/tenants/{id}"
            | "/casbah/v1/lab/faults/{id}" => return None,
            // What is not there for applications at all.
            path if path.ends_with("/{*rest}") => return None,
            path => panic!("{path} names an object: say here which"),
        };
        let (before, rest) = path.split_once('{').unwrap();
        let (_, after) = rest.split_once('}').unwrap();
        Some(format!("{before}{object}{after}"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_of_the_api_leads_to_an_object_of_another_tenant() {
    let server = TestServer::start().await;
    let other = server.create_tenant("Other", "other.example").await;
    let owner = Mighty::of(&server, server.tenant).await;
    let stranger = Mighty::of(&server, other.tenant.id).await;
    let objects = owner.objects(server.tenant).await;
    let body = json!({"name": "Lab", "category": 1, "subnets": ["10.1.0.0/16"],
        "feedbackValue": "good"});
    let body = body.to_string();
    let operations = api::operations(server.app.clone());
    let paths: BTreeSet<_> = operations.into_iter().map(|one| one.path).collect();
    let paths = paths.iter().filter(|path| path.contains('{'));
    let paths: Vec<_> = paths.filter_map(|path| objects.fill(path)).collect();
    assert!(paths.len() >= 12, "{paths:?}");
    let mut wrong = Vec::new();
    // What deletes comes last.
    for methods in [&["GET", "POST", "PUT", "PATCH"][..], &["DELETE"]] {
        for path in &paths {
            for method in methods {
                let (status, text) = stranger.call(method, path, &body).await;
                let (own, seen) = owner.call(method, path, &body).await;
                let is_hidden = [404, 405].contains(&status) && (own == 405) == (status == 405);
                if !is_hidden || own == 404 || own >= 500 {
                    wrong.push(format!(
                        "{method} {path}: {status} {text}, and {own} {seen}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let (status, text) = stranger.call("GET", "/casbah/v1/tenants", "").await;
    assert_eq!(status, 403, "{text}");
    let tenant = format!("/casbah/v1/tenants/{}", server.tenant);
    assert_eq!(stranger.call("GET", &tenant, "").await.0, 403);
    for list in [
        "/api/v1/activities/",
        "/api/v1/alerts/",
        "/api/v1/entities/",
        "/api/v1/subnet/",
        "/casbah/v1/discovery/uploads",
        "/casbah/v1/ip_ranges/built_in",
        "/api/v1/subnet/?filters=%7B%22builtIn%22:%7B%22eq%22:true%7D%7D",
    ] {
        let seen = stranger.list(list).await;
        assert!(seen.is_empty(), "{list}: {seen:?}");
    }
}
