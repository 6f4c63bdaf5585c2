//! `/cas/api/v1/discovery/app_catalog/`: the app catalog.

use axum::response::Response;
use casbah_discovery::risk::Weights;
use casbah_discovery::{App, Catalog};
use casbah_model::discovery::{AppCategory, DiscoveredAppId};
use casbah_model::filter::{APP_CATALOG, Condition, ListQuery, fold, parse_query};
use casbah_model::permission::Action;
use casbah_model::time::Timestamp;
use casbah_store::Page;
use schemars::JsonSchema;
use serde::Serialize;

use super::apps::{number_matches, text_matches};
use super::report;
use crate::api::error::ApiError;
use crate::api::lines::ListForm;
use crate::api::parameters::Parameters;
use crate::api::routes::Routes;
use crate::auth::Need;

pub(super) fn routes(routes: Routes) -> Routes {
    let read = Need::Action(Action::DiscoveryRead);
    routes
        .list(
            "/api/discovery/app_catalog",
            read,
            "Search the app catalog",
            list,
        )
        .pages::<CatalogRecord>(&APP_CATALOG)
        .and_lines::<CatalogRecord>()
}

async fn list(form: ListForm, parameters: Parameters) -> Result<Response, ApiError> {
    let parameters = parameters.sorted_a_to_z();
    let mut query = query(&parameters)?;
    form.widen(&mut query, &parameters)?;
    form.answer(page(Catalog::built_in(), &query))
}

fn query(parameters: &Parameters) -> Result<ListQuery, ApiError> {
    Ok(parse_query(&APP_CATALOG, &parameters.0, Timestamp::now())?)
}

/// An app of the catalog as the wire has it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CatalogRecord {
    app_id: DiscoveredAppId,
    name: String,
    category: AppCategory,
    /// The first of its domains.
    domain: Option<String>,
    domain_list: Vec<String>,
    /// 0 risky to 10; null where nothing is known of the app.
    score: Option<u8>,
}

fn page(catalog: &Catalog, query: &ListQuery) -> Page<CatalogRecord> {
    let conditions = &query.filter.conditions;
    let mut found: Vec<&App> = catalog
        .apps()
        .filter(|app| conditions.iter().all(|condition| matches(app, condition)))
        .collect();
    found.sort_by_cached_key(|app| (fold(&app.name.value), app.id));
    if query.sort.descending {
        found.reverse();
    }
    let year = report::current_year();
    Page::of(found, query).map(|app| CatalogRecord {
        app_id: app.id,
        name: app.name.value.clone(),
        category: app.category(),
        domain: app.domains.first().map(|domain| domain.value.clone()),
        domain_list: report::domain_list(app),
        score: app
            .risk(&Weights::default(), year)
            .map(|score| score.rounded()),
    })
}

fn matches(app: &App, condition: &Condition) -> bool {
    match condition.field.name {
        "name" => text_matches(&condition.test, &[fold(&app.name.value)]),
        "appId" => number_matches(&condition.test, Some(i64::from(app.id.0))),
        "category" => {
            let category = app.category().wire_name().to_owned();
            text_matches(&condition.test, &[category])
        }
        "domain" => {
            let domains: Vec<String> = app.domains.iter().map(|fact| fold(&fact.value)).collect();
            text_matches(&condition.test, &domains)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn asked(parameters: Value) -> Result<Page<CatalogRecord>, ApiError> {
        let Value::Object(parameters) = parameters else {
            panic!("no object: {parameters}")
        };
        let query = query(&Parameters(parameters).sorted_a_to_z())?;
        Ok(page(Catalog::built_in(), &query))
    }

    #[test]
    fn filters_find_apps() {
        for (filters, found) in [
            (json!({"name": {"contains": ["dropbo"]}}), "Dropbox"),
            (json!({"name": {"eq": "DROPBOX"}}), "Dropbox"),
            (json!({"name": {"startswith": "salesf"}}), "Salesforce"),
            (json!({"domain": {"eq": ["dropbox.com"]}}), "Dropbox"),
            (json!({"appId": {"eq": [11_114]}}), "Salesforce"),
            (json!({"id": {"eq": "11114"}}), "Salesforce"),
            (
                json!({"category": {"eq": "SAASDB_CATEGORY_CRM"}, "domain": {"endswith": "salesforce.com"}}),
                "Salesforce",
            ),
        ] {
            let page = asked(json!({"filters": filters})).unwrap();
            let names: Vec<_> = page.data.iter().map(|app| app.name.as_str()).collect();
            assert!(names.contains(&found), "{filters}: {names:?}");
            assert!(page.total.number() < 50, "{filters}");
        }
        let none = asked(json!({"filters": {"name": {"eq": "no such app"}}})).unwrap();
        assert_eq!((none.total.number(), none.data.len()), (0, 0));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for parameters in [
            json!({"filters": {"colour": {"eq": "red"}}}),
            json!({"filters": {"name": {"sounds": "like"}}}),
            json!({"filters": {"name": "dropbox"}}),
            json!({"filters": "{"}),
            json!({"filters": []}),
            json!({"limit": -1}),
            json!({"sortField": "colour"}),
        ] {
            assert!(asked(parameters.clone()).is_err(), "{parameters}");
        }
    }

    #[test]
    fn pages_are_in_the_order_of_names() {
        let names = |parameters: Value| -> Vec<(String, DiscoveredAppId)> {
            let page = asked(parameters).unwrap();
            assert_eq!(page.total.number(), Catalog::built_in().apps().len() as u64);
            page.data
                .iter()
                .map(|app| (fold(&app.name), app.app_id))
                .collect()
        };
        let first = names(json!({}));
        assert_eq!(first.len(), 100);
        assert!(first.is_sorted());
        let second = names(json!({"skip": "100", "limit": "7"}));
        assert_eq!(second.len(), 7);
        assert!(first.last() < second.first());
        let last = names(json!({"sortField": "name", "sortDirection": "desc"}));
        assert!(last.first() > second.last());
    }
}
