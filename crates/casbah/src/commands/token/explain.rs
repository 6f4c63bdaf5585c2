//! A token's members in words. Nothing is checked here: that is `token verify`.

use casbah_model::claims::{self, Form, Part};
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_token::Unverified;
use serde_json::{Value, json};

use crate::output::Zone;

/// The token's members with what each means, and what its roles allow.
pub(super) fn explain(parts: &Unverified, now: Timestamp, zone: &Zone) -> Vec<Value> {
    let header = parts
        .header
        .iter()
        .map(|(name, value)| (Part::Header, name, value));
    let claims = parts
        .claims
        .iter()
        .map(|(name, value)| (Part::Claim, name, value));
    let mut rows: Vec<_> = header
        .chain(claims)
        .map(|(part, name, value)| {
            let meaning = meaning(part, name, value, now, zone);
            json!({"part": part.name(), "name": name, "value": value, "meaning": meaning})
        })
        .collect();
    rows.extend(allowed(parts).into_iter().map(|action| {
        json!({"part": "allows", "name": format!("{action:?}"), "value": null,
            "meaning": action.description()})
    }));
    rows
}

/// The actions of the API that the token's roles, or scopes, allow.
fn allowed(parts: &Unverified) -> Vec<Action> {
    let texts = |name: &str| match parts.claims.get(name) {
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => text.split(' ').collect(),
        _ => Vec::new(),
    };
    let audience = parts.claims.get("aud").and_then(Value::as_str);
    if !audience.is_some_and(claims::is_for_api) {
        return Vec::new();
    }
    let granted = if parts.claims.contains_key("scp") {
        texts("scp")
    } else {
        texts("roles")
    };
    claims::allowed(granted)
}

fn meaning(part: Part, name: &str, value: &Value, now: Timestamp, zone: &Zone) -> String {
    let Some(meaning) = claims::meaning(part, name, value.as_str().unwrap_or_default()) else {
        return String::new();
    };
    match meaning.form {
        Form::Text => meaning.words.to_owned(),
        Form::Moment => format!("{} {}", meaning.words, moment(value, now, zone)),
    }
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
    use casbah_client::well_known;

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
