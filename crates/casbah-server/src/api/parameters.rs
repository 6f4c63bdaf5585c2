//! Parameters, however they come: query, JSON body (also with GET, also under a
//! form's content type), form body, multipart body, or none.

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;
use casbah_model::feedback::Feedback;
use casbah_model::filter::{truth, whole_number};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::error::ApiError;
use super::operation::{JSON, Kind, Parameter};

/// The largest body of a request that is not an upload.
const LARGEST_BODY: usize = 4 << 20;

/// The longest name of something, in characters.
const LONGEST_NAME: usize = 250;

/// The media type of a form with parts (RFC 7578).
pub(crate) const MULTIPART: &str = "multipart/form-data";

/// What [`Parameters::feedback`] reads.
pub(crate) const FEEDBACK: [Parameter; 3] = [
    Parameter::new("feedbackText", Kind::Text, "The remark"),
    Parameter::new(
        "allowContact",
        Kind::Flag,
        "Whether its author may be asked",
    ),
    Parameter::new("contactEmail", Kind::Text, "Where"),
];

/// The parameters of a request; the last of several with one name wins.
#[derive(Debug, Default)]
pub(crate) struct Parameters(pub(crate) Map<String, Value>);

impl Parameters {
    /// A text; numbers are taken as such, `null` and empty text as absent.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<String>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(other) => Err(ApiError::bad_json(name, other)),
        }
    }

    /// A text that must be there.
    pub(crate) fn required_text(&self, name: &'static str) -> Result<String, ApiError> {
        self.text(name)?.ok_or(ApiError::Required(name))
    }

    /// The name of something, without blanks around it: it must be there and not be long.
    pub(crate) fn required_name(&self, name: &'static str) -> Result<String, ApiError> {
        let text = self.required_text(name)?;
        match text.trim() {
            "" => Err(ApiError::Required(name)),
            trimmed if trimmed.chars().count() > LONGEST_NAME => {
                Err(ApiError::bad_value(name, text))
            }
            trimmed => Ok(trimmed.to_owned()),
        }
    }

    /// A truth value, also as text; `null` and empty text are absent, which is false.
    pub(crate) fn flag(&self, name: &'static str) -> Result<bool, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::String(text)) if text.is_empty() => Ok(false),
            Some(value) => truth(value).ok_or_else(|| ApiError::bad_json(name, value)),
        }
    }

    /// A whole number, also as text.
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<i64>, ApiError> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(value) => {
                let number = whole_number(value).map(Some);
                number.ok_or_else(|| ApiError::bad_json(name, value))
            }
        }
    }

    /// The same for a list that is read from A to Z, unless the client wants it otherwise.
    pub(crate) fn sorted_a_to_z(mut self) -> Self {
        let order = self.0.entry("sortDirection");
        order.or_insert_with(|| "asc".into());
        self
    }

    /// A remark, as alerts and activities take it.
    pub(crate) fn feedback(&self) -> Result<Feedback, ApiError> {
        Ok(Feedback {
            feedback_text: self.text("feedbackText")?,
            allow_contact: self.flag("allowContact")?,
            contact_email: self.text("contactEmail")?,
        })
    }

    /// The first of several spellings of a key that is there.
    pub(crate) fn any_of(&self, names: &[&'static str]) -> Option<(&'static str, &Value)> {
        names.iter().find_map(|name| match self.0.get(*name) {
            None | Some(Value::Null) => None,
            Some(value) => Some((*name, value)),
        })
    }
}

impl<S: Send + Sync> FromRequest<S> for Parameters {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let mut parameters = Map::new();
        let query = request.uri().query().unwrap_or_default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            parameters.insert(name.into_owned(), Value::String(value.into_owned()));
        }
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if is_media_type(content_type, MULTIPART) {
            let malformed = || ApiError::Malformed("the multipart body cannot be read");
            let mut multipart = Multipart::from_request(request, state)
                .await
                .map_err(|_| malformed())?;
            while let Some(field) = multipart.next_field().await.map_err(|_| malformed())? {
                let Some(name) = field.name().map(str::to_owned) else {
                    continue;
                };
                let text = field.text().await.map_err(|_| malformed())?;
                parameters.insert(name, Value::String(text));
            }
            return Ok(Self(parameters));
        }
        let is_json = is_media_type(content_type, JSON);
        let (_, body) = request.into_parts();
        let body = axum::body::to_bytes(body, LARGEST_BODY)
            .await
            .map_err(|_| ApiError::TooLarge(LARGEST_BODY as u64))?;
        parameters.extend(read_body(&body, is_json)?);
        Ok(Self(parameters))
    }
}

/// Whether a content type is this media type, whatever its parameters; names of media types
/// are of any case (RFC 9110, 8.3.1).
pub(crate) fn is_media_type(content_type: &str, media_type: &str) -> bool {
    let start = content_type.get(..media_type.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(media_type))
}

/// Clients send JSON under any content type, so the body itself decides; but nobody
/// sends a form as JSON.
fn read_body(body: &Bytes, is_json: bool) -> Result<Map<String, Value>, ApiError> {
    let text = body.trim_ascii();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    match text.first() {
        None => Ok(Map::new()),
        Some(b'{') => serde_json::from_slice(text)
            .map_err(|_| ApiError::Malformed("the body is not valid JSON")),
        Some(b'[' | b'"') => Err(ApiError::Malformed("the body is not a JSON object")),
        Some(_) if text == b"null" => Ok(Map::new()),
        Some(_) if is_json => Err(ApiError::Malformed(
            match serde_json::from_slice::<IgnoredAny>(text) {
                Ok(IgnoredAny) => "the body is not a JSON object",
                Err(_) => "the body is not valid JSON",
            },
        )),
        // A form encodes these (URL Standard, application/x-www-form-urlencoded).
        Some(_) if text.iter().any(u8::is_ascii_control) => {
            Err(ApiError::Malformed("the body is neither JSON nor a form"))
        }
        Some(_) => Ok(form_urlencoded::parse(text)
            .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect()),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use serde_json::json;

    use super::*;

    async fn read(uri: &str, content_type: &str, body: &str) -> Result<Value, ApiError> {
        let request = Request::builder()
            .uri(uri)
            .header(header::CONTENT_TYPE, content_type);
        let request = request.body(Body::from(body.to_owned())).unwrap();
        Ok(Value::Object(
            Parameters::from_request(request, &()).await?.0,
        ))
    }

    #[tokio::test]
    async fn every_way_of_sending_is_understood() {
        const FORM: &str = "application/x-www-form-urlencoded";
        const JSON: &str = "application/json";
        let multipart =
            "--x\r\nContent-Disposition: form-data; name=\"limit\"\r\n\r\n5\r\n--x--\r\n";
        for (uri, content_type, body, expected) in [
            ("/?limit=5&limit=6", JSON, "", json!({"limit": "6"})),
            ("/", JSON, "null", json!({})),
            (
                "/",
                JSON,
                "{\"limit\": 5, \"limit\": 7}",
                json!({"limit": 7}),
            ),
            ("/", FORM, "{\"limit\": 5}", json!({"limit": 5})),
            (
                "/",
                FORM,
                "limit=5&filters=%7B%7D",
                json!({"limit": "5", "filters": "{}"}),
            ),
            (
                "/?skip=1",
                JSON,
                " \u{feff}{\"limit\": 5}",
                json!({"skip": "1", "limit": 5}),
            ),
            (
                "/",
                "multipart/form-data; boundary=x",
                multipart,
                json!({"limit": "5"}),
            ),
            (
                "/",
                "Multipart/Form-Data; boundary=x",
                multipart,
                json!({"limit": "5"}),
            ),
        ] {
            assert_eq!(
                read(uri, content_type, body).await.unwrap(),
                expected,
                "{uri} {body}"
            );
        }
    }

    #[tokio::test]
    async fn what_is_no_object_is_refused() {
        for body in ["[1]", "{", "\"x\"", "{\"a\": 1} x"] {
            assert!(read("/", "application/json", body).await.is_err(), "{body}");
        }
        let deep = format!(
            "{{\"filters\": {}{}}}",
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert!(read("/", "application/json", &deep).await.is_err());
    }
}
