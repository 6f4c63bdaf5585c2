//! `/api/v1/subnet/`: IP ranges.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::{Extension, Json};
use casbah_model::activity::tenant_number;
use casbah_model::built_in_range::ListedRange;
use casbah_model::filter::{IP_RANGES, parse_query};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::ip_range::{IpCategory, IpLocation, IpRange, Subnet};
use casbah_model::ip_tag::TagReference;
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use serde_json::Value;

use super::error::ApiError;
use super::lines::ListForm;
use super::operation::{Kind, Parameter};
use super::parameters::Parameters;
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

const RANGE: [Parameter; 6] = [
    Parameter::new("name", Kind::Text, "Its name, unique in the tenant").required(),
    Parameter::new(
        "subnets",
        Kind::Texts,
        "Its networks (CIDR); none of another range may overlap them",
    )
    .required(),
    Parameter::new(
        "category",
        Kind::UpTo(6),
        "0 none, 1 corporate, 2 administrative, 3 risky, 4 VPN, 5 cloud provider, 6 other",
    )
    .required(),
    Parameter::new(
        "organization",
        Kind::Text,
        "The organization that it is registered to",
    ),
    Parameter::new(
        "tags",
        Kind::Texts,
        "Names or ids of tags; a new name makes a tag",
    ),
    Parameter::new(
        "location",
        Kind::Object,
        "Where it is: `name`, `latitude`, `longitude`, `countryCode`, `countryName`",
    ),
];

/// The most networks or tags of one range.
const MOST: usize = 1_000;

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Need::Action(Action::IpRangesRead);
    let manage = Need::Action(Action::IpRangesManage);
    routes
        .of("IP ranges")
        .list("/api/subnet", read, "List IP ranges", list)
        .pages::<ListedRange>(&IP_RANGES)
        .and_lines::<ListedRange>()
        .get("/api/subnet/{id}", read, "Fetch an IP range", fetch)
        .answers::<ListedRange>()
        .post(
            "/api/subnet/create_rule",
            manage,
            "Create an IP range",
            create,
        )
        .takes(&RANGE)
        .answers::<RecordId>()
        .post(
            "/api/subnet/{id}/update_rule",
            manage,
            "Update an IP range",
            update,
        )
        .takes(&RANGE)
        .answers::<IpRange>()
        .delete("/api/subnet/{id}", manage, "Delete an IP range", delete)
        .answers_nothing(StatusCode::OK)
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    form: ListForm,
    parameters: Parameters,
) -> Result<Response, ApiError> {
    let mut query = parse_query(&IP_RANGES, &parameters.0, Timestamp::now())?;
    form.widen(&mut query, &parameters)?;
    form.answer(app.store.list_ip_ranges(caller.tenant, query).await?)
}

async fn fetch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<ListedRange>, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ApiError::NotFound)?;
    let range = app.store.ip_range(caller.tenant, id).await?;
    range.map(Json).ok_or(ApiError::NotFound)
}

async fn create(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    parameters: Parameters,
) -> Result<Json<RecordId>, ApiError> {
    let now = Timestamp::now();
    let range = read_range(
        caller.tenant,
        RecordId::generate(now.seconds()),
        &parameters,
        now,
    )?;
    let audit = caller.record("ip_range.create", &range.id);
    let range = app
        .store
        .save_ip_range(caller.tenant, range, read_tags(&parameters)?, audit)
        .await?;
    app.enrichment_wake.notify_one();
    Ok(Json(range.id))
}

async fn update(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parameters: Parameters,
) -> Result<Json<IpRange>, ApiError> {
    let id = own_id(&app, &caller, &id).await?;
    let range = read_range(caller.tenant, id, &parameters, Timestamp::now())?;
    let audit = caller.record("ip_range.update", &range.id);
    let range = app
        .store
        .save_ip_range(caller.tenant, range, read_tags(&parameters)?, audit)
        .await?;
    app.enrichment_wake.notify_one();
    Ok(Json(range))
}

async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id = own_id(&app, &caller, &id).await?;
    let audit = caller.record("ip_range.delete", &id);
    if !app.store.delete_ip_range(caller.tenant, id, audit).await? {
        return Err(ApiError::NotFound);
    }
    app.enrichment_wake.notify_one();
    Ok(StatusCode::OK)
}

/// The id of a range of the tenant's own; built-in ones come and go with their list.
async fn own_id(app: &App, caller: &Caller, id: &str) -> Result<RecordId, ApiError> {
    let id: RecordId = id.parse().map_err(|_| ApiError::NotFound)?;
    match app.store.ip_range(caller.tenant, id).await? {
        Some(ListedRange::Custom(range)) => Ok(range.id),
        Some(ListedRange::BuiltIn(_)) => Err(ApiError::Conflict(
            "a built-in range cannot be changed; make one of your own, which goes before it"
                .to_owned(),
        )),
        None => Err(ApiError::NotFound),
    }
}

fn read_range(
    tenant: TenantId,
    id: RecordId,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<IpRange, ApiError> {
    let category = read_category(parameters)?;
    let subnets = list_of(parameters, "subnets")?;
    if subnets.is_empty() {
        return Err(ApiError::Required("subnets"));
    }
    Ok(IpRange {
        id,
        name: parameters.required_name("name")?,
        subnets: subnets.iter().map(read_subnet).collect::<Result<_, _>>()?,
        location: read_location(parameters)?,
        organization: parameters.text("organization")?,
        tags: Vec::new(),
        category,
        last_modified: now.millis() as f64,
        tid: tenant_number(tenant),
    })
}

/// A category by its number, or by the word that filters know it by.
fn read_category(parameters: &Parameters) -> Result<IpCategory, ApiError> {
    let text = parameters.required_text("category")?;
    let category = match text.trim().parse() {
        Ok(number) => IpCategory::from_value(number),
        Err(_) => IpCategory::from_name(&text),
    };
    category.ok_or_else(|| ApiError::bad_value("category", text))
}

/// A list, a single value in its stead, or (in forms) JSON text of a list.
fn list_of(parameters: &Parameters, name: &'static str) -> Result<Vec<Value>, ApiError> {
    let values = match parameters.0.get(name) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values.clone(),
        Some(Value::String(text)) if text.trim_start().starts_with('[') => {
            serde_json::from_str(text).map_err(|_| ApiError::bad_value(name, text))?
        }
        Some(other) => vec![other.clone()],
    };
    if values.len() > MOST {
        return Err(ApiError::bad_value(
            name,
            format!("a list of {} values", values.len()),
        ));
    }
    Ok(values)
}

/// A network as text, or as a record that was read from a list.
fn read_subnet(value: &Value) -> Result<Subnet, ApiError> {
    let text = value.as_str().or_else(|| value["originalString"].as_str());
    let text = text.ok_or_else(|| ApiError::bad_json("subnets", value))?;
    Subnet::parse(text).map_err(|error| ApiError::bad_value("subnets", error.0))
}

fn read_tags(parameters: &Parameters) -> Result<Vec<TagReference>, ApiError> {
    let tags = list_of(parameters, "tags")?;
    let is_empty = |tag: &Value| tag.as_str().is_some_and(|text| text.trim().is_empty());
    let mut read = Vec::new();
    for tag in tags.iter().filter(|tag| !is_empty(tag)) {
        let tag = read_tag(tag)?;
        if !read.contains(&tag) {
            read.push(tag);
        }
    }
    Ok(read)
}

/// A tag by its name, its id, `{"text": name}`, or as a record.
fn read_tag(value: &Value) -> Result<TagReference, ApiError> {
    let text = |value: &Value| {
        let text = value.as_str().map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let id = |value: &Value| text(value)?.parse::<RecordId>().ok();
    let (id, name) = match value {
        Value::String(_) => (id(value), text(value)),
        tag => (
            ["id", "_id", "name", "text"]
                .into_iter()
                .find_map(|key| id(&tag[key])),
            text(&tag["name"]).or_else(|| text(&tag["text"])),
        ),
    };
    match (id, name) {
        // A text that is an id is no name.
        (Some(id), name) => Ok(TagReference::Id {
            id,
            name: name.filter(|name| name.parse::<RecordId>().is_err()),
        }),
        (None, Some(name)) => Ok(TagReference::Name(name)),
        (None, None) => Err(ApiError::bad_json("tags", value)),
    }
}

fn read_location(parameters: &Parameters) -> Result<Option<IpLocation>, ApiError> {
    let read = match parameters.0.get("location") {
        None => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        // A form carries it as JSON text.
        Some(Value::String(text)) => serde_json::from_str(text),
        Some(value) => serde_json::from_value(value.clone()),
    };
    read.map_err(|_| ApiError::bad_json("location", &parameters.0["location"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "0000002a0000000000000000";

    #[test]
    fn a_location_comes_as_an_object_or_as_its_text() {
        let berlin = json!({"name": "Berlin", "latitude": 52.5, "longitude": 13.4,
            "countryCode": "DE", "countryName": "Germany"});
        let read = |location: &Value| {
            let mut parameters = Parameters::default();
            parameters.0.insert("location".to_owned(), location.clone());
            read_location(&parameters)
        };
        let expected = read(&berlin).unwrap();
        assert_eq!(expected.as_ref().unwrap().name.as_deref(), Some("Berlin"));
        assert_eq!(read(&json!(berlin.to_string())).unwrap(), expected);
        for nothing in [json!(null), json!(""), json!("null")] {
            assert_eq!(read(&nothing).unwrap(), None, "{nothing}");
        }
        for nonsense in [json!("Berlin"), json!(5), json!("{")] {
            assert!(read(&nonsense).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn tags_are_understood_as_clients_write_them() {
        let id: RecordId = ID.parse().unwrap();
        let named = |name: &str| TagReference::Name(name.to_owned());
        let by_id = |name: Option<&str>| TagReference::Id {
            id,
            name: name.map(str::to_owned),
        };
        for (tags, expected) in [
            (json!("Branch"), vec![named("Branch")]),
            (json!(["", " ", "Branch", "Branch"]), vec![named("Branch")]),
            (json!([ID]), vec![by_id(None)]),
            (json!([{"text": "Branch"}]), vec![named("Branch")]),
            (json!([{"text": ID}]), vec![by_id(None)]),
            (
                json!([{"_id": ID, "name": "Azure"}]),
                vec![by_id(Some("Azure"))],
            ),
            (
                json!([{"_id": ID, "id": "", "name": ""}]),
                vec![by_id(None)],
            ),
        ] {
            let mut parameters = Parameters::default();
            parameters.0.insert("tags".to_owned(), tags.clone());
            assert_eq!(read_tags(&parameters).unwrap(), expected, "{tags}");
        }
        for tags in [json!([5]), json!([{}]), json!([{"name": ""}])] {
            let mut parameters = Parameters::default();
            parameters.0.insert("tags".to_owned(), tags.clone());
            assert!(read_tags(&parameters).is_err(), "{tags}");
        }
    }
}
