//! The server as a relying party of passkeys (Web Authentication level 3).
//!
//! A ceremony is two requests: what is asked of the browser is kept here until the
//! answer comes, since the answer is only good for that.

use casbah_identity::Authority;
use casbah_model::identity::{Passkey, User};
use casbah_model::ids::ObjectId;
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;
use webauthn_rs::prelude::{
    CredentialID, DiscoverableAuthentication, DiscoverableKey, PasskeyAuthentication,
    PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};

/// A passkey cannot be made or is not believed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasskeyError {
    /// The browser's answer, or what was kept of the question, cannot be read.
    #[error("the answer cannot be read: {0}")]
    Form(#[from] serde_json::Error),
    /// It proves nothing.
    #[error(transparent)]
    Refused(#[from] WebauthnError),
    /// The person has no such passkey.
    #[error("no such passkey")]
    Unknown,
}

/// One half of a ceremony.
pub(crate) struct Question {
    /// For the browser, JSON.
    pub(crate) options: String,
    /// To be kept until the answer.
    pub(crate) state: String,
}

/// A passkey that was used, with what the use changed in it.
pub(crate) struct Used {
    /// The credential's id.
    pub(crate) id: Vec<u8>,
    /// To be kept in place of the former record.
    pub(crate) record: String,
}

/// This server, as passkeys know it.
pub(crate) struct RelyingParty(Webauthn);

impl RelyingParty {
    /// None where the server has no name but an address, for which no browser makes
    /// passkeys.
    pub(crate) fn of(authority: &Authority) -> Option<Self> {
        let origin = Url::parse(authority.origin()).ok()?;
        let host = origin.domain()?.to_owned();
        let builder = WebauthnBuilder::new(&host, &origin).ok()?;
        builder.rp_name("Casbah").build().ok().map(Self)
    }

    /// Asks a browser to make a passkey for a person who has these.
    pub(crate) fn ask_for_new(
        &self,
        user: &User,
        present: &[Passkey],
    ) -> Result<Question, PasskeyError> {
        let present = present.iter();
        let present = present
            .map(|one| CredentialID::from(one.id.clone()))
            .collect();
        let (options, state) = self.0.start_passkey_registration(
            user.id.uuid(),
            &user.upn,
            &user.display_name,
            Some(present),
        )?;
        let mut options = serde_json::to_value(&options.public_key)?;
        // One that the device can find without a name signs in without one.
        options["authenticatorSelection"]["residentKey"] = "preferred".into();
        question(&options, &state)
    }

    /// The new passkey's id and record.
    pub(crate) fn receive_new(
        &self,
        state: &str,
        answer: &SecretString,
    ) -> Result<Used, PasskeyError> {
        let state: PasskeyRegistration = serde_json::from_str(state)?;
        let answer: RegisterPublicKeyCredential = read(answer)?;
        let passkey = self.0.finish_passkey_registration(&answer, &state)?;
        Ok(Used {
            id: passkey.cred_id().clone(),
            record: serde_json::to_string(&passkey)?,
        })
    }

    /// Asks a browser for one of a person's passkeys.
    pub(crate) fn ask_for_one_of(&self, passkeys: &[Passkey]) -> Result<Question, PasskeyError> {
        let known = passkeys.iter();
        let known: Vec<_> = known
            .map(|one| serde_json::from_str(&one.record))
            .collect::<Result<_, _>>()?;
        let (options, state) = self.0.start_passkey_authentication(&known)?;
        question(&options.public_key, &state)
    }

    /// Which of the person's passkeys answered.
    pub(crate) fn receive_one_of(
        &self,
        passkeys: &[Passkey],
        state: &str,
        answer: &SecretString,
    ) -> Result<Used, PasskeyError> {
        let state: PasskeyAuthentication = serde_json::from_str(state)?;
        let answer: PublicKeyCredential = read(answer)?;
        let result = self.0.finish_passkey_authentication(&answer, &state)?;
        let id = result.cred_id().clone();
        let mut passkey = stored(passkeys, &id)?;
        passkey.update_credential(&result);
        Ok(Used {
            id,
            record: serde_json::to_string(&passkey)?,
        })
    }

    /// Asks a browser for any passkey that it has for this server.
    pub(crate) fn ask_for_any(&self) -> Result<Question, PasskeyError> {
        let (options, state) = self.0.start_discoverable_authentication()?;
        question(&options.public_key, &state)
    }

    /// The person whom an answer names; nothing is proven yet.
    pub(crate) fn person_of(&self, answer: &SecretString) -> Result<ObjectId, PasskeyError> {
        let answer: PublicKeyCredential = read(answer)?;
        let (id, _) = self.0.identify_discoverable_authentication(&answer)?;
        Ok(ObjectId::new(id))
    }

    /// Which of that person's passkeys answered.
    pub(crate) fn receive_any(
        &self,
        passkeys: &[Passkey],
        state: &str,
        answer: &SecretString,
    ) -> Result<Used, PasskeyError> {
        let state: DiscoverableAuthentication = serde_json::from_str(state)?;
        let answer: PublicKeyCredential = read(answer)?;
        let (_, id) = self.0.identify_discoverable_authentication(&answer)?;
        let mut passkey = stored(passkeys, id)?;
        let key = DiscoverableKey::from(&passkey);
        let result = self
            .0
            .finish_discoverable_authentication_v2(&answer, state, &key)?;
        passkey.update_credential(&result);
        Ok(Used {
            id: result.cred_id().clone(),
            record: serde_json::to_string(&passkey)?,
        })
    }
}

fn stored(passkeys: &[Passkey], id: &[u8]) -> Result<webauthn_rs::prelude::Passkey, PasskeyError> {
    let found = passkeys.iter().find(|one| one.id == id);
    let found = found.ok_or(PasskeyError::Unknown)?;
    Ok(serde_json::from_str(&found.record)?)
}

fn question(options: &impl Serialize, state: &impl Serialize) -> Result<Question, PasskeyError> {
    Ok(Question {
        options: serde_json::to_string(options)?,
        state: serde_json::to_string(state)?,
    })
}

fn read<T: DeserializeOwned>(answer: &SecretString) -> Result<T, PasskeyError> {
    use secrecy::ExposeSecret;

    Ok(serde_json::from_str(answer.expose_secret())?)
}
