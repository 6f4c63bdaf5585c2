//! `/casbah/v1/ip_ranges/…`: built-in ranges, and what a change of ranges changes.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use casbah_detection::published::{ListFormat, PublishedList};
use casbah_model::built_in_range::{BuiltInKind, BuiltInRange};
use casbah_model::ids::RecordId;
use casbah_model::ip_range::{IpCategory, Subnet};
use casbah_model::ip_tag::IpTag;
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::envelope::Listed;
use super::error::ApiError;
use super::iso::Iso;
use super::operation::{JSON, Kind, Parameter};
use super::path::Path;
use super::routes::Routes;
use crate::auth::{Caller, Need};
use crate::state::App;

/// The largest list: Azure's, the longest of those known, has 5 MB.
const LARGEST_LIST: u64 = 32 << 20;

/// The longest name of a list, in characters.
const LONGEST_NAME: usize = 100;

/// What the addresses of a list may be of.
const KINDS: [&str; 4] = [
    BuiltInKind::CloudProvider.name(),
    BuiltInKind::AnonymousProxy.name(),
    BuiltInKind::Tor.name(),
    BuiltInKind::Botnet.name(),
];

/// How a list may be written.
const FORMATS: [&str; 5] = [
    ListFormat::Aws.name(),
    ListFormat::Azure.name(),
    ListFormat::Google.name(),
    ListFormat::TorExits.name(),
    ListFormat::Plain.name(),
];

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Need::Action(Action::IpRangesRead);
    let manage = Need::Action(Action::IpRangesManage);
    routes
        .of("Built-in IP ranges")
        .get(
            "/casbah/v1/ip_ranges/built_in",
            read,
            "List the imported lists",
            list,
        )
        .answers::<Listed<SourceRecord>>()
        .post_stream(
            "/casbah/v1/ip_ranges/built_in",
            manage,
            "Import a published list",
            import,
        )
        .takes_file(
            &["text/plain", JSON],
            const {
                &[
                    Parameter::new("category", Kind::Word(&KINDS), "What the addresses are of"),
                    Parameter::new("name", Kind::Text, "What the list is called"),
                    Parameter::new("format", Kind::Word(&FORMATS), "How it is written"),
                ]
            },
        )
        .answers::<ImportRecord>()
        .delete(
            "/casbah/v1/ip_ranges/built_in/{name}",
            manage,
            "Delete the ranges of a list",
            delete,
        )
        .answers_nothing(StatusCode::OK)
        .get(
            "/casbah/v1/ip_ranges/enrichment",
            read,
            "Ask how far a change of ranges is",
            enrichment,
        )
        .answers::<EnrichmentRecord>()
}

/// A list of built-in ranges as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
struct SourceRecord {
    name: String,
    category: IpCategory,
    ranges: u64,
    networks: u64,
}

/// A list that was just imported.
#[derive(Debug, Serialize, JsonSchema)]
struct ImportRecord {
    name: String,
    /// What it was read as.
    format: &'static str,
    category: IpCategory,
    ranges: usize,
    networks: usize,
}

/// How far stored activities have the ranges of now.
#[derive(Debug, Serialize, JsonSchema)]
struct EnrichmentRecord {
    /// How often the ranges changed.
    revision: i64,
    /// Whether a change has not reached all activities.
    pending: bool,
    began: Option<Iso>,
    finished: Option<Iso>,
    /// Activities that were looked at.
    done: u64,
    /// Activities that are to be looked at.
    total: u64,
}

/// What the query says of a list.
#[derive(Debug, Default, Deserialize)]
struct Wanted {
    category: Option<String>,
    name: Option<String>,
    format: Option<String>,
}

/// A list that was read, as it is to be stored.
struct Import {
    name: String,
    kind: BuiltInKind,
    list: PublishedList,
}

async fn list(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<Listed<SourceRecord>>, ApiError> {
    let sources = app.store.built_in_sources(caller.tenant).await?;
    let sources = sources.into_iter().map(|source| SourceRecord {
        name: source.name,
        category: source.category,
        ranges: source.ranges,
        networks: source.networks,
    });
    Ok(Json(sources.collect()))
}

async fn import(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    body: Body,
) -> Result<Json<ImportRecord>, ApiError> {
    let wanted = wanted.map_err(|_| ApiError::Malformed("the query is not understood"))?;
    let Query(wanted) = wanted;
    let limit = usize::try_from(LARGEST_LIST).unwrap_or(usize::MAX);
    let body = axum::body::to_bytes(body, limit).await;
    let body = body.map_err(|_| ApiError::TooLarge(LARGEST_LIST))?;
    let read = tokio::task::spawn_blocking(move || wanted.read(&body)).await;
    let import = read.map_err(|_| ApiError::Internal("reading a list was interrupted"))??;
    let (format, networks) = (import.list.format, import.list.networks());
    let (name, category) = (import.name.clone(), import.kind.category());
    let ranges = import.into_ranges(Timestamp::now());
    let count = ranges.len();
    let target = format!("{name}: {count} ranges, {networks} networks");
    let audit = caller.record("built_in_ip_ranges.import", &target);
    app.store
        .import_built_in_ranges(caller.tenant, name.clone(), ranges, audit)
        .await?;
    app.enrichment_wake.notify_one();
    Ok(Json(ImportRecord {
        name,
        format: format.name(),
        category,
        ranges: count,
        networks,
    }))
}

async fn delete(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    let audit = caller.record("built_in_ip_ranges.delete", &name);
    let deleted = app
        .store
        .delete_built_in_ranges(caller.tenant, name, audit)
        .await?;
    if !deleted {
        return Err(ApiError::NotFound);
    }
    app.enrichment_wake.notify_one();
    Ok(StatusCode::OK)
}

async fn enrichment(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
) -> Result<Json<EnrichmentRecord>, ApiError> {
    let state = app.store.enrichment_state(caller.tenant).await?;
    Ok(Json(EnrichmentRecord {
        revision: state.revision,
        pending: state.is_pending,
        began: state.began.map(Iso),
        finished: state.finished.map(Iso),
        done: state.done,
        // What comes while it runs is looked at, too.
        total: state.total.max(state.done),
    }))
}

impl Wanted {
    /// Reads the list. What the format says of itself need not be said again, and may not
    /// be contradicted.
    fn read(self, document: &[u8]) -> Result<Import, ApiError> {
        let format = self.format.map(|text| {
            let format = text.parse::<ListFormat>();
            format.map_err(|error| ApiError::bad_value("format", error.0))
        });
        let kind = self.category.map(|text| {
            let kind = text.parse::<BuiltInKind>();
            kind.map_err(|error| ApiError::bad_value("category", error.0))
        });
        let (format, kind) = (format.transpose()?, kind.transpose()?);
        let list = PublishedList::read(document, format)
            .map_err(|error| ApiError::Conflict(error.to_string()))?;
        let kind = match (kind, list.format.kind()) {
            (Some(wanted), Some(known)) if wanted != known => {
                return Err(ApiError::Conflict(format!(
                    "the list is of a {known}, not of a {wanted}"
                )));
            }
            (wanted, known) => wanted.or(known).ok_or(ApiError::Required("category"))?,
        };
        let named = self.name.map(|name| name.trim().to_owned());
        let name = named
            .filter(|name| !name.is_empty())
            .or_else(|| list.format.owner().map(str::to_owned))
            .ok_or(ApiError::Required("name"))?;
        if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(ApiError::bad_value("name", name));
        }
        Ok(Import { name, kind, list })
    }
}

impl Import {
    /// A range for each group of the list.
    fn into_ranges(self, now: Timestamp) -> Vec<BuiltInRange> {
        let Self { name, kind, list } = self;
        let owner = list.format.owner();
        let of_owner = owner.and_then(IpTag::built_in_named);
        let mut tags: Vec<IpTag> = kind.tag().into_iter().collect();
        tags.extend(of_owner.filter(|tag| kind.tag().is_none_or(|of_kind| of_kind != *tag)));
        let is_provider = kind == BuiltInKind::CloudProvider;
        let isp = is_provider.then(|| owner.map_or_else(|| name.clone(), str::to_owned));
        let range = |group: String, subnets: Vec<Subnet>| BuiltInRange {
            id: RecordId::generate(now.seconds()),
            name: format!("{name} {group}").trim_end().to_owned(),
            category: kind.category(),
            source_isps: isp.clone().into_iter().collect(),
            built_in: true,
            tags: tags.clone(),
            subnets,
            tid: 0,
        };
        let groups = list.groups.into_iter();
        groups
            .map(|(group, subnets)| range(group, subnets))
            .collect()
    }
}
