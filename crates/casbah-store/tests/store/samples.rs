//! Small records to store.

use casbah_model::activity::{Activity, ActivityId};
use casbah_model::alert::Alert;
use casbah_model::filter::{ListQuery, ListSpec, parse_query};
use casbah_model::ids::{RecordId, TenantId};
use casbah_model::ip_range::{IpCategory, IpRange, Subnet};
use casbah_model::time::Timestamp;
use casbah_store::AuditRecord;
use serde_json::{Value, json};

/// A list's parameters, as the wire has them.
pub(crate) fn query(list: &'static ListSpec, parameters: &Value) -> ListQuery {
    parse_query(list, parameters.as_object().unwrap(), Timestamp(0)).unwrap()
}

/// An activity of `user` at `timestamp`.
pub(crate) fn activity(tenant: TenantId, timestamp: i64, user: &str, operation: &str) -> Activity {
    let id = ActivityId::derive(
        tenant,
        "test",
        &format!("{timestamp}{user}{operation}"),
        Timestamp(timestamp),
    );
    serde_json::from_value(json!({
        "_id": id.to_string(), "uid": id.to_string(), "tenantId": 1, "aadTenantId": tenant,
        "appId": 11161, "saasId": 11161, "timestamp": timestamp, "timestampRaw": timestamp,
        "instantiation": timestamp, "instantiationRaw": timestamp, "created": timestamp,
        "createdRaw": timestamp, "eventType": 1, "eventTypeValue": "EVENT_TEST",
        "eventRouting": {"scubaUnpacker": false, "lograbber": true, "auditing": true},
        "device": {"clientIP": "8.8.8.8", "userAgent": "curl/8", "countryCode": "US"},
        "location": {"countryCode": "US", "anonymousProxy": false, "isSatelliteProvider": false,
            "category": 0, "categoryValue": null},
        "user": {"userName": user, "userTags": []},
        "userAgent": {"family": "CURL", "name": "curl", "operatingSystem": {"name": "Unknown",
            "family": "Unknown"}, "type": "Application", "typeName": "Application",
            "deviceType": "OTHER", "nativeBrowser": false, "tags": [], "os": "OTHER",
            "browser": "CURL"},
        "internals": {"otherIPs": []},
        "mainInfo": {"eventObjects": [], "rawOperationName": operation,
            "prettyOperationName": operation, "type": "basic"},
        "confidenceLevel": 20, "source": 2, "srcAppId": 11161, "rawDataJson": {"Id": user},
        "appName": "Office 365", "eventTypeName": "EVENT_CATEGORY_UNSPECIFIED",
        "actionType": "11161:EVENT_TEST", "classifications": [], "entityData": {"1": null},
        "description_id": "EVENT_DESCRIPTION_BASIC_EVENT", "description_metadata": {},
        "description": format!("{operation}: Übung 100%"),
        "genericEventType": "ENUM_ACTIVITY_GENERIC_TYPE_BASIC", "severity": "INFO"
    }))
    .unwrap()
}

/// An open alert that speaks of `user`.
pub(crate) fn alert(tenant: TenantId, timestamp: i64, user: &str) -> Alert {
    serde_json::from_value(json!({
        "_id": RecordId::generate(timestamp / 1000), "contextId": tenant, "timestamp": timestamp,
        "title": "Test", "description": "Something happened", "isMarkdown": false,
        "statusValue": 0, "severityValue": 1, "resolutionStatusValue": 0, "stories": [0],
        "evidence": [], "intent": [2], "isPreview": false, "audits": [], "threatScore": 5,
        "idValue": 15, "isSystemAlert": false, "comment": null, "handledByUser": null,
        "resolveTime": null, "policy": null, "threatScoreReasoning": [],
        "entities": [
            {"type": "user", "id": user, "label": user},
            {"type": "ip", "id": "8.8.8.8", "label": "8.8.8.8"},
            {"type": "service", "id": 11161, "label": "Office 365"}
        ]
    }))
    .unwrap()
}

/// A record of `action`.
pub(crate) fn audit(action: &'static str) -> AuditRecord {
    AuditRecord::new("anna", action, &"target")
}

/// A range of these networks.
pub(crate) fn ip_range(name: &str, networks: &[&str]) -> IpRange {
    IpRange {
        id: RecordId::generate(1),
        name: name.to_owned(),
        subnets: networks
            .iter()
            .map(|network| Subnet::parse(network).unwrap())
            .collect(),
        location: None,
        organization: None,
        tags: Vec::new(),
        category: IpCategory::Corporate,
        last_modified: 1.0,
        tid: 1,
    }
}
