//! `keyCredentials`, `addKey` and `removeKey`: certificates of applications.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use casbah_model::identity::{Application, KeyCredential};
use casbah_model::ids::KeyId;
use casbah_model::time::Timestamp;
use casbah_token::ClientCertificate;
use serde::Deserialize;
use serde_json::Value;

use super::applications::change_one;
use super::body;
use super::dispatch::Call;
use super::error::GraphError;
use super::reply::Reply;
use super::wire;

/// The most certificates of one application.
const MOST: usize = 100;

/// A certificate as clients send it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wanted {
    key: Option<String>,
    key_id: Option<KeyId>,
    #[serde(rename = "type")]
    kind: Option<String>,
    usage: Option<String>,
    display_name: Option<String>,
    start_date_time: Option<String>,
    end_date_time: Option<String>,
    custom_key_identifier: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Add {
    key_credential: Wanted,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Remove {
    key_id: KeyId,
}

/// `POST /applications/{id}/addKey`. The proof of an earlier key, which Graph wants of
/// applications that change themselves, is not needed of those who may manage them.
pub(super) async fn add(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    let Add { key_credential } = body::read(&call.body)?;
    let credential = read_new(key_credential)?;
    let object = wire::key_credential(&credential, false);
    change_one(
        call,
        key,
        "application.add_certificate",
        move |application| {
            let mut all = application.key_credentials.clone();
            all.push(credential.clone());
            put(application, all)
        },
    )
    .await?;
    Ok(Reply::Ok(object))
}

/// `POST /applications/{id}/removeKey`
pub(super) async fn remove(call: &Call<'_>, key: &str) -> Result<Reply, GraphError> {
    let Remove { key_id } = body::read(&call.body)?;
    change_one(
        call,
        key,
        "application.remove_certificate",
        move |application| {
            let before = application.key_credentials.len();
            application
                .key_credentials
                .retain(|one| one.key_id != key_id);
            if application.key_credentials.len() == before {
                return Err(invalid(format!(
                    "No key credential found with keyId '{key_id}'."
                )));
            }
            Ok(())
        },
    )
    .await
}

/// Sets all certificates of an application: those that are known and come without their
/// key stay as they are, those that are left out go.
pub(super) fn replace(
    application: &mut Application,
    wanted: Vec<Wanted>,
) -> Result<(), GraphError> {
    let known = |one: &Wanted| {
        let key_id = one.key_id.filter(|_| one.key.is_none())?;
        let known = application.key_credentials.iter();
        known
            .into_iter()
            .find(|known| known.key_id == key_id)
            .cloned()
    };
    let all = wanted
        .into_iter()
        .map(|one| known(&one).map_or_else(|| read_new(one), Ok))
        .collect::<Result<_, _>>()?;
    put(application, all)
}

fn put(application: &mut Application, all: Vec<KeyCredential>) -> Result<(), GraphError> {
    if all.len() > MOST {
        return Err(invalid(format!(
            "An application has at most {MOST} certificates."
        )));
    }
    let mut ids: Vec<_> = all.iter().map(|one| one.key_id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() < all.len() {
        return Err(invalid("Two key credentials have the same keyId."));
    }
    application.key_credentials = all;
    Ok(())
}

fn read_new(wanted: Wanted) -> Result<KeyCredential, GraphError> {
    let is = |value: Option<&str>, expected| value.is_none_or(|value| value == expected);
    if !is(wanted.kind.as_deref(), "AsymmetricX509Cert") || !is(wanted.usage.as_deref(), "Verify") {
        return Err(invalid(
            "A key credential has the type AsymmetricX509Cert and the usage Verify.",
        ));
    }
    let key = wanted.key.ok_or_else(|| {
        invalid("A key credential needs its key: the certificate, base64 of its DER.")
    })?;
    let certificate = ClientCertificate::parse(key.as_bytes())
        .map_err(|error| invalid(format!("The key is no certificate to use: {error}.")))?;
    let (first, last) = (
        Timestamp::from_seconds(certificate.not_before),
        Timestamp::from_seconds(certificate.not_after),
    );
    let time = |text: Option<String>, otherwise| match text {
        None => Ok(otherwise),
        Some(text) => {
            Timestamp::parse(&text).ok_or_else(|| invalid(format!("'{text}' is no date and time.")))
        }
    };
    let (start, end) = (
        time(wanted.start_date_time, first)?,
        time(wanted.end_date_time, last)?,
    );
    if end > last || end <= start {
        return Err(invalid(
            "endDateTime must be after startDateTime and not after the certificate's end.",
        ));
    }
    Ok(KeyCredential {
        key_id: wanted.key_id.unwrap_or_else(KeyId::random),
        display_name: wanted
            .display_name
            .unwrap_or_else(|| certificate.subject.clone()),
        start: start.max(first),
        end,
        custom_key_identifier: wanted
            .custom_key_identifier
            .unwrap_or_else(|| STANDARD.encode(certificate.sha1())),
        certificate: STANDARD.encode(certificate.der()),
    })
}

/// Puts the keys into an object that was asked for them alone.
pub(super) fn show_keys(application: &Application, object: &mut Value) {
    let shown = application.key_credentials.iter();
    let shown: Vec<_> = shown.map(|one| wire::key_credential(one, true)).collect();
    object["keyCredentials"] = Value::from(shown);
}

fn invalid(message: impl Into<String>) -> GraphError {
    GraphError::Invalid(message.into())
}
