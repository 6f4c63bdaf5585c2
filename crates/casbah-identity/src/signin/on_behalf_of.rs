//! The on-behalf-of grant: an API calls the next API for the same person.

use casbah_model::ids::TenantId;
use casbah_model::time::Timestamp;
use casbah_token::{CallerKind, Claims, KeyRing, VerifyError, verify};

use crate::authority::Authority;
use crate::error::AadError;

/// Checks the assertion of an on-behalf-of request: a person's access token of
/// this tenant, meant for the caller. `own_names` are the caller's client id and
/// identifier URIs. An application's own token is refused: it speaks for nobody.
///
/// # Errors
/// [`AadError::UserAssertionExpired`] or [`AadError::UserAssertionInvalid`].
pub fn check_user_assertion(
    assertion: &str,
    keys: &KeyRing,
    authority: &Authority,
    tenant: TenantId,
    own_names: Vec<String>,
    now: Timestamp,
) -> Result<Claims, AadError> {
    let policy = authority
        .token_policy(own_names)
        .map_err(|_| AadError::Internal)?
        .for_tenant(tenant.to_string());
    let claims = verify(assertion, keys, &policy, now.seconds()).map_err(|error| match error {
        VerifyError::Expired { .. } => AadError::UserAssertionExpired,
        _ => AadError::UserAssertionInvalid,
    })?;
    // An ID token has the caller as its audience too, but grants no access.
    let is_access_of_person = claims.caller() == CallerKind::User && claims.scopes.is_some();
    if is_access_of_person {
        Ok(claims)
    } else {
        Err(AadError::UserAssertionInvalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use casbah_token::{
        AccessToken, Client, ClientAuth, IdToken, Life, SigningKey, Subject, TokenVersion,
        UserSubject,
    };

    const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

    #[test]
    fn only_a_persons_access_token_for_the_caller_is_taken() {
        let authority = Authority::parse("https://casbah.example").unwrap();
        let tenant = TenantId::random();
        let key = SigningKey::generate(NOW.seconds()).unwrap();
        let mut keys = KeyRing::default();
        keys.insert(&key.jwk()).unwrap();
        let life = Life::starting(NOW.seconds(), 3599);
        let person = AccessToken {
            version: TokenVersion::V2,
            audience: "caller".into(),
            issuer: authority.issuer(TokenVersion::V2, tenant),
            tenant: tenant.to_string(),
            client: Client {
                id: "front".into(),
                auth: ClientAuth::Public,
            },
            subject: Subject::User(UserSubject {
                object_id: "ada".into(),
                subject: "pairwise".into(),
                upn: "ada@a.example".into(),
                name: "Ada".into(),
                scopes: vec!["use".into()],
                methods: vec!["pwd".into()],
                ip_address: None,
            }),
            roles: Vec::new(),
            life,
            token_id: "uti".into(),
        };
        let check = |token: &str, tenant, names: &[&str], now| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            check_user_assertion(token, &keys, &authority, tenant, names, now)
        };
        let good = key.sign_access(&person).unwrap();
        let claims = check(&good, tenant, &["api://caller", "caller"], NOW).unwrap();
        assert_eq!(claims.object_id.as_deref(), Some("ada"));

        let app = AccessToken {
            subject: Subject::App {
                object_id: "app".into(),
            },
            ..person.clone()
        };
        let id = IdToken {
            version: TokenVersion::V2,
            audience: "caller".into(),
            issuer: person.issuer.clone(),
            tenant: person.tenant.clone(),
            object_id: "ada".into(),
            subject: "pairwise".into(),
            upn: "ada@a.example".into(),
            name: "Ada".into(),
            nonce: None,
            auth_time: None,
            life,
            token_id: "uti".into(),
        };
        let invalid = Some(AadError::UserAssertionInvalid);
        let own = &["caller"];
        assert_eq!(
            check(&key.sign_access(&app).unwrap(), tenant, own, NOW).err(),
            invalid
        );
        assert_eq!(
            check(&key.sign_id(&id).unwrap(), tenant, own, NOW).err(),
            invalid
        );
        assert_eq!(check(&good, tenant, &["other"], NOW).err(), invalid);
        assert_eq!(check(&good, TenantId::random(), own, NOW).err(), invalid);
        assert_eq!(check("garbage", tenant, own, NOW).err(), invalid);
        assert_eq!(
            check(&good, tenant, own, NOW.plus_millis(7_200_000)).err(),
            Some(AadError::UserAssertionExpired)
        );
    }
}
