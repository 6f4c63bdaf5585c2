//! Sign-in on another device (RFC 8628): the codes, and what a poll is answered.

use casbah_model::identity::{DeviceGrant, DeviceRequest, DeviceState, Digest};
use casbah_model::ids::{AppId, TenantId};
use casbah_model::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use crate::error::AadError;
use crate::random::{self, NoRandomness, bearer_token, digest_of};
use crate::request::DelegatedScopes;

/// How long a device's request waits, seconds.
pub const DEVICE_SECONDS: i64 = 900;
/// How long a client waits between two polls, seconds.
pub const DEVICE_INTERVAL: i64 = 5;

/// Letters of a user code: no vowels, so that no words come about, and none that is taken
/// for another (RFC 8628 section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// How many letters one has: 20⁹ codes, of which a source tries some hundred in the time
/// that one is good (RFC 8628 section 5.1).
const USER_CODE_LETTERS: usize = 9;

/// A request that was just made: the only moment its codes' texts exist.
#[derive(Debug)]
pub struct NewDeviceRequest {
    /// For the client.
    pub device_code: SecretString,
    /// For the person.
    pub user_code: SecretString,
    /// What is kept.
    pub stored: DeviceRequest,
}

/// A fresh request of a client.
///
/// # Errors
/// [`NoRandomness`]
pub fn new_device_request(
    client: AppId,
    tenant: Option<TenantId>,
    scopes: &DelegatedScopes,
    now: Timestamp,
) -> Result<NewDeviceRequest, NoRandomness> {
    let device_code = bearer_token()?;
    let user_code = fresh_user_code()?;
    let stored = DeviceRequest {
        hash: digest_of(device_code.expose_secret()),
        user_code: user_code_digest(user_code.expose_secret()),
        tenant,
        client,
        scope: scopes.to_scope(),
        created: now,
        expires: now.plus_millis(DEVICE_SECONDS * 1000),
        state: DeviceState::Pending,
    };
    Ok(NewDeviceRequest {
        device_code,
        user_code,
        stored,
    })
}

/// The digest of a user code as a person types it: in any case, with signs in between.
pub fn user_code_digest(typed: &str) -> Digest {
    let letters: Zeroizing<String> = Zeroizing::new(
        typed
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_uppercase())
            .collect(),
    );
    digest_of(&format!("user_code:{}", *letters))
}

/// What a poll gets: what the person granted, once it is granted.
///
/// # Errors
/// [`AadError::DevicePending`], [`AadError::DeviceDeclined`],
/// [`AadError::DeviceCodeExpired`]; [`AadError::DeviceCodeUnknown`] of a code that is
/// another client's or has been exchanged; [`AadError::GrantOfOtherTenant`].
pub fn check_device_poll(
    stored: Option<&DeviceRequest>,
    client: AppId,
    tenant: Option<TenantId>,
    now: Timestamp,
) -> Result<&DeviceGrant, AadError> {
    let request = stored
        .filter(|request| request.client == client)
        .ok_or(AadError::DeviceCodeUnknown)?;
    let grant = match &request.state {
        DeviceState::Redeemed => return Err(AadError::DeviceCodeUnknown),
        DeviceState::Declined => return Err(AadError::DeviceDeclined),
        DeviceState::Pending | DeviceState::Accepted(_) if request.expires <= now => {
            return Err(AadError::DeviceCodeExpired);
        }
        DeviceState::Pending => return Err(AadError::DevicePending),
        DeviceState::Accepted(grant) => grant,
    };
    if tenant.is_some_and(|tenant| tenant != grant.tenant) {
        return Err(AadError::GrantOfOtherTenant);
    }
    Ok(grant)
}

fn fresh_user_code() -> Result<SecretString, NoRandomness> {
    /// The greatest multiple of 20 that a byte can be below: more would not be fair.
    const FAIR: u8 = 240;
    let mut code = Zeroizing::new(String::with_capacity(USER_CODE_LETTERS));
    while code.len() < USER_CODE_LETTERS {
        for byte in random::bytes::<16>()?.iter().filter(|byte| **byte < FAIR) {
            if code.len() < USER_CODE_LETTERS {
                code.push(char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
            }
        }
    }
    Ok(code.as_str().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use casbah_model::ids::ObjectId;

    const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

    fn request() -> NewDeviceRequest {
        let scopes = DelegatedScopes::parse("openid a/b").unwrap();
        new_device_request(AppId::random(), None, &scopes, NOW).unwrap()
    }

    #[test]
    fn a_user_code_is_read_as_it_is_typed() {
        let new = request();
        let code = new.user_code.expose_secret();
        assert_eq!(code.len(), USER_CODE_LETTERS);
        assert!(
            code.bytes().all(|letter| LETTERS.contains(&letter)),
            "{code}"
        );
        let typed = format!(" {}-{} ", code[..4].to_lowercase(), &code[4..]);
        assert_eq!(user_code_digest(&typed), new.stored.user_code);
        assert_ne!(user_code_digest(&code[1..]), new.stored.user_code);
        assert_ne!(request().stored.user_code, new.stored.user_code);
        assert_eq!(new.stored.scope, "openid a/b");
    }

    #[test]
    fn a_poll_is_answered_with_what_became_of_it() {
        let tenant = TenantId::random();
        let grant = DeviceGrant {
            tenant,
            user: ObjectId::random(),
            scopes: Vec::new(),
            resource: None,
            auth_time: NOW,
            methods: vec!["pwd".to_owned()],
        };
        let end = NOW.plus_millis(DEVICE_SECONDS * 1000);
        let accepted = DeviceState::Accepted(grant.clone());
        for (state, now, expected) in [
            (DeviceState::Pending, NOW, Err(AadError::DevicePending)),
            (DeviceState::Pending, end, Err(AadError::DeviceCodeExpired)),
            (DeviceState::Declined, end, Err(AadError::DeviceDeclined)),
            (accepted.clone(), NOW, Ok(&grant)),
            (accepted.clone(), end, Err(AadError::DeviceCodeExpired)),
            (DeviceState::Redeemed, NOW, Err(AadError::DeviceCodeUnknown)),
        ] {
            let request = DeviceRequest {
                state,
                ..request().stored
            };
            let poll = |client, tenant| check_device_poll(Some(&request), client, tenant, now);
            assert_eq!(poll(request.client, None), expected);
            assert_eq!(poll(request.client, Some(tenant)), expected);
            let unknown = Err(AadError::DeviceCodeUnknown);
            assert_eq!(poll(AppId::random(), None), unknown);
            if expected.is_ok() {
                let other = Some(TenantId::random());
                let refused = Err(AadError::GrantOfOtherTenant);
                assert_eq!(poll(request.client, other), refused);
            }
        }
        let unknown = Err(AadError::DeviceCodeUnknown);
        assert_eq!(check_device_poll(None, AppId::random(), None, NOW), unknown);
    }
}
