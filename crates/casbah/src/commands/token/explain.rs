//! A token's members in words. Nothing is checked here: that is `token verify`.

use casbah_client::well_known;
use casbah_model::permission::{Action, Permission};
use casbah_model::time::Timestamp;
use casbah_token::Unverified;
use serde_json::{Value, json};

use crate::output::Zone;

/// The token's members with what each means, and what its roles allow.
pub(super) fn explain(parts: &Unverified, now: Timestamp, zone: &Zone) -> Vec<Value> {
    let header = parts
        .header
        .iter()
        .map(|(name, value)| ("header", name, value));
    let claims = parts
        .claims
        .iter()
        .map(|(name, value)| ("claim", name, value));
    let mut rows: Vec<_> = header
        .chain(claims)
        .map(|(part, name, value)| {
            let meaning = match part {
                "header" => header_meaning(name).to_owned(),
                _ => claim_meaning(name, value, now, zone),
            };
            json!({"part": part, "name": name, "value": value, "meaning": meaning})
        })
        .collect();
    rows.extend(allowed(parts).into_iter().map(|action| {
        json!({"part": "allows", "name": format!("{action:?}"), "value": null,
            "meaning": action.description()})
    }));
    rows
}

/// The actions of the API that the token's roles, or scopes, allow. A person must be
/// allowed the same by a role of their own.
fn allowed(parts: &Unverified) -> Vec<Action> {
    let texts = |name: &str| match parts.claims.get(name) {
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => text.split(' ').collect(),
        _ => Vec::new(),
    };
    let is_for_api = parts
        .claims
        .get("aud")
        .and_then(Value::as_str)
        .is_some_and(|audience| {
            audience.trim_end_matches('/') == well_known::CLOUD_APP_SECURITY
                || audience.contains("cloudappsecurity")
        });
    if !is_for_api {
        return Vec::new();
    }
    let granted = if parts.claims.contains_key("scp") {
        texts("scp")
    } else {
        texts("roles")
    };
    let permissions: Vec<_> = granted
        .into_iter()
        .filter_map(Permission::from_value)
        .collect();
    let allows = |action: &Action| permissions.iter().any(|one| one.allows(*action));
    Action::ALL.into_iter().filter(allows).collect()
}

fn header_meaning(name: &str) -> &'static str {
    match name {
        "alg" => {
            "how it is signed; the service's tokens are RS256, a Casbah's may be ES256, never \
             anything else"
        }
        "kid" => "the name of the key that signed it, to be found in the issuer's key set",
        "x5t" => "the thumbprint of that key's certificate",
        "typ" => "that it is a JSON Web Token",
        "nonce" => "a token of Microsoft Graph's own kind: others cannot check its signature",
        _ => "",
    }
}

fn claim_meaning(name: &str, value: &Value, now: Timestamp, zone: &Zone) -> String {
    let text = value.as_str().unwrap_or_default();
    match name {
        "aud" => resource(text),
        "iss" => "who issued it, for which tenant".to_owned(),
        "idp" => "who signed the caller in".to_owned(),
        "tid" => "the tenant whose data it is for".to_owned(),
        "appid" | "azp" => "the client id of the application that asked for it".to_owned(),
        "appidacr" | "azpacr" => match text {
            "0" => "the application is a public client and proved nothing",
            "1" => "the application proved itself with a client secret",
            "2" => "the application proved itself with a certificate or another issuer's token",
            _ => "how the application proved itself",
        }
        .to_owned(),
        "idtyp" if text == "app" => "an application by itself, without a user".to_owned(),
        "oid" => "the caller's object in that tenant: a service principal, or a person".to_owned(),
        "sub" => "the caller; of a person, another text for each application".to_owned(),
        "roles" => "application permissions that were consented to".to_owned(),
        "scp" => "what the application may do for the person who signed in".to_owned(),
        "upn" | "unique_name" | "preferred_username" => "the person's sign-in name".to_owned(),
        "name" => "the person's name".to_owned(),
        "ipaddr" => "the address that the person signed in from".to_owned(),
        "amr" => "how the person signed in".to_owned(),
        "acr" => "1: the person was signed in as the standard asks".to_owned(),
        "ver" => "the version of the token's form".to_owned(),
        "uti" | "jti" => "the token's own id, as it stands in logs".to_owned(),
        "aio" | "rh" => "the issuer's own; means nothing to others".to_owned(),
        "nonce" => "the client's own text, sent back".to_owned(),
        "iat" => format!("issued {}", moment(value, now, zone)),
        "nbf" => format!("good from {}", moment(value, now, zone)),
        "exp" => format!("ends {}", moment(value, now, zone)),
        "auth_time" => format!("the person signed in {}", moment(value, now, zone)),
        _ => String::new(),
    }
}

fn resource(audience: &str) -> String {
    let name = match audience.trim_end_matches('/') {
        well_known::CLOUD_APP_SECURITY => "Microsoft Cloud App Security",
        well_known::CASBAH => "Casbah",
        "00000003-0000-0000-c000-000000000000" | "https://graph.microsoft.com" => "Microsoft Graph",
        _ => return "the resource that it is for".to_owned(),
    };
    format!("the resource that it is for: {name}")
}

/// A moment in the zone, and how far it is away.
fn moment(value: &Value, now: Timestamp, zone: &Zone) -> String {
    let Some(seconds) = value.as_i64() else {
        return "at a time that is not understood".to_owned();
    };
    let away = seconds.saturating_sub(now.seconds());
    let span = match away.unsigned_abs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    };
    let shown = zone.show(seconds.saturating_mul(1_000));
    if away < 0 {
        format!("{shown}, {span} ago")
    } else {
        format!("{shown}, in {span}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(claims: Value) -> Unverified {
        let Value::Object(claims) = claims else {
            panic!("not an object");
        };
        let Value::Object(header) = json!({"alg": "RS256", "kid": "k", "odd": 1}) else {
            panic!("not an object");
        };
        Unverified { header, claims }
    }

    #[test]
    fn every_claim_is_explained() {
        let token = parts(json!({
            "aud": "05a65629-4c1b-48c1-a78b-804c4abdd4af", "iss": "https://a.example/t/",
            "appid": "c", "appidacr": "2", "idtyp": "app", "tid": "t", "oid": "o",
            "roles": ["discovery.manage"], "iat": 1_790_000_000, "nbf": 1_790_000_000,
            "exp": 1_790_003_599, "own": true,
        }));
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let rows = explain(&token, Timestamp::from_seconds(1_790_000_060), &zone);
        let lines: Vec<_> = rows
            .iter()
            .map(|row| {
                let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
                format!("{} {}: {}", text("part"), text("name"), text("meaning"))
            })
            .collect();
        insta::assert_snapshot!("explained", lines.join("\n"));
    }

    #[test]
    fn only_the_apis_own_tokens_allow_its_actions() {
        for (claims, expected) in [
            (json!({"roles": ["settings.read"]}), 0),
            (
                json!({"aud": "00000003-0000-0000-c000-000000000000", "roles": ["settings.read"]}),
                0,
            ),
            (
                json!({"aud": well_known::CLOUD_APP_SECURITY, "roles": ["settings.read"]}),
                1,
            ),
            (
                json!({"aud": well_known::CLOUD_APP_SECURITY, "roles": ["Settings.Everything"]}),
                0,
            ),
            (
                json!({"aud": well_known::CLOUD_APP_SECURITY, "scp": "settings.read openid"}),
                1,
            ),
            (
                json!({"aud": well_known::CLOUD_APP_SECURITY, "scp": "", "roles": ["settings.read"]}),
                0,
            ),
        ] {
            assert_eq!(allowed(&parts(claims.clone())).len(), expected, "{claims}");
        }
    }
}
