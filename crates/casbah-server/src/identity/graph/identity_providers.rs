//! `/identity/identityProviders`: companies' own providers, through which people sign in.
//!
//! The shape is that of `openIdConnectIdentityProvider`. Casbah's own are `issuer`, which
//! `metadataUrl` cannot tell where it ends with a slash, `domains`, `isUserCreationEnabled`,
//! `isEnabled`, and the paths below a provider.

use casbah_identity::crypto::SealError;
use casbah_identity::identity_provider::{
    ClientMethod, ProviderChanges, change_provider, check_secret, new_provider, secret_place,
};
use casbah_model::identity::{IdentityProvider, Sealed};
use casbah_model::ids::ObjectId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::body::{self, Member};
use super::caller::Right;
use super::dispatch::Call;
use super::error::GraphError;
use super::reply::Reply;
use crate::identity::issuers::Published;

const KIND: &str = "#microsoft.graph.openIdConnectIdentityProvider";
const METADATA: &str = "/.well-known/openid-configuration";
/// What stands in answers for the secret, which is never given back.
const HIDDEN: &str = "****";

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    display_name: Member<String>,
    client_id: Member<String>,
    client_secret: Member<String>,
    metadata_url: Member<String>,
    issuer: Member<String>,
    scope: Member<String>,
    response_type: Member<String>,
    response_mode: Member<String>,
    claims_mapping: Member<ClaimsMapping>,
    domain_hint: Member<String>,
    domains: Member<Vec<String>>,
    is_user_creation_enabled: Member<bool>,
    is_enabled: Member<bool>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ClaimsMapping {
    user_id: Option<String>,
    email: Option<String>,
}

/// What a body says, its secret apart.
struct Read {
    changes: ProviderChanges,
    secret: Option<String>,
}

impl Body {
    fn read(call: &Call<'_>) -> Result<Read, GraphError> {
        let body: Self = body::read(&call.body)?;
        let invalid = |text: &str| Err(GraphError::Invalid(text.to_owned()));
        let is_other = |member: &Member<String>, only: &str| match member {
            Member::Absent | Member::Null => false,
            Member::Value(text) => text != only,
        };
        if is_other(&body.response_type, "code") {
            return invalid("responseType must be code.");
        }
        if is_other(&body.response_mode, "query") {
            return invalid("responseMode must be query.");
        }
        let mapping = body.claims_mapping.set().unwrap_or_default();
        if mapping.user_id.is_some_and(|claim| claim != "sub") {
            return invalid("claimsMapping.userId must be sub.");
        }
        let of_metadata = body.metadata_url.set_present("metadataUrl")?;
        let of_metadata = of_metadata.map(|url| issuer_of(&url)).transpose()?;
        let of_hint = body.domain_hint.set().map(|hint| match hint.as_str() {
            "" => Vec::new(),
            _ => vec![hint],
        });
        let changes = ProviderChanges {
            display_name: body.display_name.set_present("displayName")?,
            issuer: body.issuer.set_present("issuer")?.or(of_metadata),
            client_id: body.client_id.set_present("clientId")?,
            scope: body.scope.set_present("scope")?,
            name_claim: mapping.email,
            domains: body.domains.set().or(of_hint),
            creates_people: body.is_user_creation_enabled.set(),
            enabled: body.is_enabled.set_present("isEnabled")?,
        };
        let secret = body.client_secret.set_present("clientSecret")?;
        // Who writes back what was read changes nothing.
        let secret = secret.filter(|secret| secret != HIDDEN);
        if let Some(secret) = &secret {
            check_secret(secret)?;
        }
        Ok(Read { changes, secret })
    }
}

/// The issuer whose metadata lie at this address.
fn issuer_of(metadata_url: &str) -> Result<String, GraphError> {
    let issuer = metadata_url.strip_suffix(METADATA);
    issuer.map(str::to_owned).ok_or_else(|| {
        let message = format!("metadataUrl must end with {METADATA}, behind the issuer.");
        GraphError::Invalid(message)
    })
}

/// What the rest of a path means.
pub(super) async fn route(
    call: &Call<'_>,
    method: &str,
    rest: &[(&str, &str)],
) -> Result<Reply, GraphError> {
    call.caller.require(Right::ManageSignIn)?;
    match (method, rest) {
        ("GET", []) => list(call).await,
        ("POST", []) => create(call).await,
        ("GET", [(_, id)]) => Ok(Reply::Ok(call.options.select(wire(&find(call, id).await?)))),
        ("PATCH", [(_, id)]) => change(call, id).await,
        ("DELETE", [(_, id)]) => delete(call, id).await,
        ("POST", [(_, id), ("test", _)]) => test(call, id).await,
        ("GET", [(_, id), ("links", _)]) => links(call, id).await,
        ("DELETE", [(_, id), ("links", _), (_, user)]) => unlink(call, id, user).await,
        (_, rest) => {
            let segment = rest.last().map_or("identityProviders", |(_, raw)| raw);
            Err(GraphError::NoSuchPath(segment.to_owned()))
        }
    }
}

async fn find(call: &Call<'_>, id: &str) -> Result<IdentityProvider, GraphError> {
    let tenant = call.caller.tenant.id;
    let found = match id.parse() {
        Ok(id) => call.app.store.identity_provider(tenant, id).await?,
        Err(_) => None,
    };
    found.ok_or_else(|| GraphError::NotFound(id.to_owned()))
}

/// `GET /identity/identityProviders`
async fn list(call: &Call<'_>) -> Result<Reply, GraphError> {
    let all = call.app.store.identity_providers(call.caller.tenant.id);
    let kept = call.options.keep(all.await?, |one, name| match name {
        "id" => Some(vec![one.id.to_string()]),
        "displayname" => Some(vec![one.display_name.clone()]),
        "clientid" => Some(vec![one.client_id.clone()]),
        _ => None,
    })?;
    let (authority, set) = (&call.app.authority, "identity/identityProviders");
    Ok(Reply::Ok(call.options.page(authority, set, &kept, wire)))
}

/// `POST /identity/identityProviders`
async fn create(call: &Call<'_>) -> Result<Reply, GraphError> {
    let Read { changes, secret } = Body::read(call)?;
    let (id, now) = (ObjectId::random(), call.context.now);
    let new = new_provider(&call.caller.tenant, id, changes, now)?;
    let secret =
        secret.ok_or_else(|| GraphError::Invalid("clientSecret is missing.".to_owned()))?;
    let record = call
        .record("identity_provider.create", &id)
        .detail(told(&new, false));
    let sealed = seal(call, &new, &secret)?;
    let stored = new.clone();
    call.app
        .store
        .create_identity_provider(stored, sealed, record)
        .await?;
    Ok(Reply::Created(wire(&new)))
}

/// `PATCH /identity/identityProviders/{id}`. The audit's record says what becomes of the
/// provider, so it is refused where another change came between.
async fn change(call: &Call<'_>, id: &str) -> Result<Reply, GraphError> {
    let Read { changes, secret } = Body::read(call)?;
    let before = find(call, id).await?;
    let after = change_provider(&call.caller.tenant, before.clone(), changes)?;
    let record = call
        .record("identity_provider.change", &before.id)
        .detail(told(&after, secret.is_some()));
    let sealed = secret
        .map(|secret| seal(call, &before, &secret))
        .transpose()?;
    let (tenant, id) = (before.tenant, before.id);
    let changed = call
        .app
        .store
        .change_identity_provider(tenant, id, sealed, record, move |found| match found {
            None => Err(GraphError::NotFound(id.to_string())),
            Some(found) if found == before => Ok(after.clone()),
            Some(_) => Err(GraphError::Exists(
                "The identity provider was changed meanwhile: try again.".to_owned(),
            )),
        })
        .await?;
    changed?;
    Ok(Reply::Done)
}

/// `DELETE /identity/identityProviders/{id}`
async fn delete(call: &Call<'_>, id: &str) -> Result<Reply, GraphError> {
    let one = find(call, id).await?;
    let record = call
        .record("identity_provider.delete", &one.id)
        .detail(told(&one, false));
    let store = &call.app.store;
    if store
        .delete_identity_provider(one.tenant, one.id, record)
        .await?
    {
        Ok(Reply::Done)
    } else {
        Err(GraphError::NotFound(id.to_owned()))
    }
}

/// `POST /identity/identityProviders/{id}/test`: reads metadata and keys at this moment, and
/// says what of them is good.
async fn test(call: &Call<'_>, id: &str) -> Result<Reply, GraphError> {
    let one = find(call, id).await?;
    let found = call.app.issuers.read(&one.issuer).await;
    Ok(Reply::Ok(match found {
        Ok(published) => tested(&one, &published),
        Err(error) => json!({
            "id": one.id,
            "issuer": one.issuer,
            "isGood": false,
            "problems": [error.to_string()],
        }),
    }))
}

fn tested(one: &IdentityProvider, published: &Published) -> Value {
    let Published { metadata, keys } = published;
    let endpoint = metadata.authorization_endpoint();
    let (token, method) = (metadata.token_endpoint(), metadata.client_method());
    let problems =
        [
            endpoint.as_ref().err(),
            token.err().as_ref(),
            method.err().as_ref(),
        ]
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .chain(keys.is_empty().then(|| {
            "the key set has no key with a name for RS256, PS256, ES256 or ES384".to_owned()
        }))
        .collect::<Vec<_>>();
    json!({
        "id": one.id,
        "issuer": metadata.issuer,
        "authorizationEndpoint": endpoint.ok(),
        "tokenEndpoint": token.ok(),
        "clientAuthenticationMethod": method.ok().map(ClientMethod::name),
        "keys": keys.names(),
        "isGood": problems.is_empty(),
        "problems": problems,
    })
}

/// `GET /identity/identityProviders/{id}/links`: whom its subjects mean.
async fn links(call: &Call<'_>, id: &str) -> Result<Reply, GraphError> {
    let one = find(call, id).await?;
    let store = &call.app.store;
    let all = store.provider_links(one.tenant, one.id).await?;
    let kept = call.options.keep(all, |link, name| match name {
        "id" => Some(vec![link.user.to_string()]),
        "issuerassignedid" => Some(vec![link.subject.clone()]),
        _ => None,
    })?;
    let set = format!("identity/identityProviders('{}')/links", one.id);
    let page = call.options.page(&call.app.authority, &set, &kept, |link| {
        json!({
            "id": link.user,
            "issuer": one.issuer,
            "issuerAssignedId": link.subject,
            "createdDateTime": link.created.to_iso_seconds(),
        })
    });
    Ok(Reply::Ok(page))
}

/// `DELETE /identity/identityProviders/{id}/links/{user}`: the next sign-in of the person is
/// a first one again.
async fn unlink(call: &Call<'_>, id: &str, user: &str) -> Result<Reply, GraphError> {
    let missing = || GraphError::NotFound(user.to_owned());
    let one = find(call, id).await?;
    let person: ObjectId = user.parse().map_err(|_| missing())?;
    let record = call
        .record("identity_provider.unlink", &person)
        .detail(told(&one, false));
    let store = &call.app.store;
    if store
        .unlink_person(one.tenant, one.id, person, record)
        .await?
    {
        Ok(Reply::Done)
    } else {
        Err(missing())
    }
}

fn seal(call: &Call<'_>, provider: &IdentityProvider, secret: &str) -> Result<Sealed, SealError> {
    let place = secret_place(provider);
    call.app.vault.seal(&place, secret.as_bytes())
}

/// What decides who is signed in, for the audit.
fn told(one: &IdentityProvider, has_new_secret: bool) -> String {
    let state = if one.enabled { "on" } else { "off" };
    let creation = if one.creates_people { "on" } else { "off" };
    let secret = if has_new_secret {
        ", another secret"
    } else {
        ""
    };
    format!(
        "{}: {state}, issuer {}, client {}, scope {}, people by {}, domains {}, creation of \
         people {creation}{secret}",
        one.display_name,
        one.issuer,
        one.client_id,
        one.scopes.join(" "),
        one.name_claim,
        if one.domains.is_empty() {
            "none".to_owned()
        } else {
            one.domains.join(" ")
        },
    )
}

fn wire(one: &IdentityProvider) -> Value {
    let base = one.issuer.strip_suffix('/').unwrap_or(&one.issuer);
    json!({
        "@odata.type": KIND,
        "id": one.id,
        "displayName": one.display_name,
        "clientId": one.client_id,
        "clientSecret": HIDDEN,
        "issuer": one.issuer,
        "metadataUrl": format!("{base}{METADATA}"),
        "scope": one.scopes.join(" "),
        "responseType": "code",
        "responseMode": "query",
        "domainHint": one.domains.first(),
        "domains": one.domains,
        "claimsMapping": {
            "userId": "sub",
            "email": one.name_claim.name(),
            "displayName": "name",
            "givenName": null,
            "surname": null,
        },
        "isUserCreationEnabled": one.creates_people,
        "isEnabled": one.enabled,
    })
}
