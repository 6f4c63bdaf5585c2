//! Activities and entities.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use casbah_model::entity::EntityKey;
use casbah_model::feedback::ActivityVerdict;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::api::list::{ListQuery, Pages, Walk};
use crate::api::{Client, segment};
use crate::error::Error;
use crate::transport::Repeat;

impl Client {
    /// Activities of the last 30 days, the newest first, by skip and limit.
    pub fn activities<T: DeserializeOwned>(&self, query: ListQuery) -> Pages<T> {
        Pages::new(self.clone(), "/api/v1/activities/", query, Walk::Skip)
    }

    /// All activities that match, without one missing or doubled while new ones
    /// arrive: for exports.
    pub fn scan_activities<T: DeserializeOwned>(&self, query: ListQuery) -> Pages<T> {
        Pages::new(self.clone(), "/api/v1/activities/", query, Walk::Scan)
    }

    /// One activity.
    ///
    /// # Errors
    /// [`Error::Api`] with 404 when there is none with this id.
    pub async fn activity<T: DeserializeOwned>(&self, id: &str) -> Result<T, Error> {
        self.get(&format!("/api/v1/activities/{}/", segment(id)))
            .await
    }

    /// Says something of an activity.
    ///
    /// # Errors
    /// [`Error::Api`] with 404 when there is none with this id.
    pub async fn give_activity_feedback(
        &self,
        id: &str,
        verdict: &ActivityVerdict,
    ) -> Result<(), Error> {
        let path = format!("/api/v1/activities/{}/feedback", segment(id));
        let _kept: Value = self.post(&path, Repeat::Unsafe, verdict).await?;
        Ok(())
    }

    /// What was said of an activity, the latest first.
    pub fn activity_feedback<T: DeserializeOwned>(&self, id: &str, query: ListQuery) -> Pages<T> {
        let path = format!("/casbah/v1/activities/{}/feedback", segment(id));
        Pages::new(self.clone(), path, query, Walk::Skip)
    }

    /// People and their accounts.
    pub fn entities<T: DeserializeOwned>(&self, query: ListQuery) -> Pages<T> {
        Pages::new(self.clone(), "/api/v1/entities/", query, Walk::Skip)
    }

    /// One entity.
    ///
    /// # Errors
    /// [`Error::Api`] with 404 when there is none with this key.
    pub async fn entity<T: DeserializeOwned>(&self, key: &EntityKey) -> Result<T, Error> {
        self.get(&format!("/api/v1/entities/{}/", pk(key)?)).await
    }

    /// An entity with what belongs to it: a user's accounts, an account's user
    /// and siblings.
    ///
    /// # Errors
    /// [`Error::Api`] with 404 when there is none with this key.
    pub async fn entity_tree<T: DeserializeOwned>(&self, key: &EntityKey) -> Result<T, Error> {
        self.get(&format!("/api/v1/entities/{}/retrieve_tree/", pk(key)?))
            .await
    }
}

fn pk(key: &EntityKey) -> Result<String, Error> {
    let text = serde_json::to_vec(key).map_err(Error::answer)?;
    Ok(URL_SAFE_NO_PAD.encode(text))
}
