//! Tokens: without consent, with consent, checked, and refused.

use casbah_client::{Endpoint, Error, SubnetRule, TokenValidator, well_known};
use casbah_token::decode_unverified;
use serde_json::Value;

use crate::demo::story::{Story, Told, failed};
use crate::error::CliError;

/// A token asked for before consent has no roles.
pub(crate) async fn before_consent(story: &Story) -> Result<Told<()>, CliError> {
    let tokens = story.fresh_connector_tokens()?;
    let token = tokens.token(well_known::CLOUD_APP_SECURITY).await?;
    let claims = decode_unverified(token.secret()).map_err(|error| failed(error.to_string()))?;
    if claims.claims.contains_key("roles") {
        return Err(failed("a token has roles before anybody consented"));
    }
    Ok(Told::of(vec!["a token, but without `roles`".to_owned()]))
}

/// Tokens of both endpoints, checked with the published keys.
pub(crate) async fn after_consent(story: &mut Story) -> Result<Told<()>, CliError> {
    let tokens = story.fresh_connector_tokens()?;
    let tenant = story.start.tenant_id.as_str();
    let transport = story.transport.clone();
    let validator = TokenValidator::fetch(transport, &story.authority, tenant).await?;
    let mut lines = Vec::new();
    for (name, endpoint) in [
        ("/oauth2/token     ", Endpoint::V1),
        ("/oauth2/v2.0/token", Endpoint::V2),
    ] {
        let resource = well_known::CLOUD_APP_SECURITY;
        let token = tokens.token_from(endpoint, resource).await?;
        let audience = vec![resource.to_owned()];
        let claims = validator.validate(token.secret(), audience).await?;
        if claims.tenant != tenant || claims.roles.is_empty() {
            return Err(failed("a token does not say what was consented to"));
        }
        lines.push(format!(
            "{name}  signature, iss, tid, aud and exp are right; roles {}",
            claims.roles.join(", ")
        ));
        if endpoint == Endpoint::V2 {
            lines.extend(shown(token.secret())?);
        }
    }
    story.connector_tokens = Some(tokens);
    Ok(Told::of(lines))
}

/// A token taken apart, a line for each claim.
fn shown(token: &str) -> Result<Vec<String>, CliError> {
    let parts = decode_unverified(token).map_err(|error| failed(error.to_string()))?;
    let line = |(name, value): (&String, &Value)| format!("  {name:<9} {value}");
    let header = parts.header.iter().map(line);
    Ok(header.chain(parts.claims.iter().map(line)).collect())
}

/// A call that none of the token's roles allows.
pub(crate) async fn refusal(story: &Story) -> Result<Told<()>, CliError> {
    let rule = SubnetRule {
        name: "Demo".to_owned(),
        category: 1,
        subnets: vec!["192.0.2.0/24".to_owned()],
        organization: None,
        tags: Vec::new(),
    };
    match story.as_connector()?.create_subnet(&rule).await {
        Err(Error::Api(refusal)) if refusal.status.as_u16() == 403 => Ok(Told::of(vec![
            "POST /api/v1/subnet/create_rule/ needs investigation.manage or settings.manage"
                .to_owned(),
            refusal.to_string(),
        ])),
        Err(other) => Err(other.into()),
        Ok(_) => Err(failed("a call was allowed that the token does not allow")),
    }
}
