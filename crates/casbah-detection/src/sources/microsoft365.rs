//! Microsoft 365 unified audit records.
//!
//! The format is the Office 365 Management Activity API schema (Microsoft Learn,
//! "Office 365 Management Activity API schema"): a common schema and further
//! fields by `RecordType`. Fields are read one by one because the same name holds
//! text in one workload and a number in another.

mod accounts;
mod fields;
mod operations;

use casbah_model::activity::{EventCategory, RawRecord};
use casbah_model::time::Timestamp;

use self::fields::Record;
use super::{App, Outcome, Refusal, Source, SourceEvent, Target, parse_address};

/// Reads one record.
///
/// # Errors
/// Text that is no JSON object, and records without `Id`, `CreationTime` or
/// `Operation`.
pub fn parse(text: &str) -> Result<SourceEvent, Refusal> {
    let record = Record::parse(text)?;
    let source_id = record.required("Id")?.to_owned();
    let operation = record.required("Operation")?.to_owned();
    let creation_time = record.required("CreationTime")?;
    let timestamp = Timestamp::parse(creation_time).ok_or_else(|| Refusal::Time {
        field: "CreationTime",
        value: creation_time.chars().take(40).collect(),
    })?;

    let category = operations::category(&operation, record.number("RecordType"));
    let is_sign_in = matches!(category, EventCategory::Login | EventCategory::FailedLogin);
    let app = if is_sign_in {
        App::of_resource(record.text("ObjectId").unwrap_or_default())
    } else {
        App::of_workload(record.text("Workload").unwrap_or_default())
    };
    let outcome = outcome(&record, category);
    let category = match (&outcome, category) {
        (Outcome::Failure(_), EventCategory::Login) => EventCategory::FailedLogin,
        (_, category) => category,
    };
    let action = record
        .property("RequestType")
        .filter(|_| is_sign_in)
        .unwrap_or(&operation)
        .to_owned();
    let actor = accounts::actor(&record);
    let observations = accounts::observations(&record, actor.as_ref(), timestamp);

    Ok(SourceEvent {
        source: Source::Microsoft365,
        source_id,
        timestamp,
        app,
        reported_by: App::OFFICE_365,
        category,
        kind: operations::kind(category, app, record.text("Workload").unwrap_or_default()),
        pretty_operation: operation.trim_end_matches('.').to_owned(),
        operation,
        action,
        actor,
        address: ["ClientIP", "ClientIPAddress", "ActorIpAddress"]
            .iter()
            .find_map(|field| parse_address(record.text(field)?)),
        user_agent: user_agent(&record),
        outcome,
        targets: targets(&record),
        on_behalf_of: accounts::on_behalf_of(&record),
        is_admin: operations::is_admin(record.number("RecordType")),
        session: session(&record),
        observations,
        raw: RawRecord::from_text(text.to_owned())?,
    })
}

/// How it ended. `UserLoginFailed` has failed whatever `ResultStatus` says, which
/// there is the status of the log entry.
fn outcome(record: &Record, category: EventCategory) -> Outcome {
    let reason = || {
        record
            .text("LogonError")
            .or_else(|| record.property("ResultStatusDetail"))
            .map(str::to_owned)
    };
    let failed_code = |field| record.number(field).is_some_and(|code| code != 0);
    match category {
        EventCategory::FailedLogin => return Outcome::Failure(reason()),
        EventCategory::Login if failed_code("ErrorNumber") || failed_code("LoginStatus") => {
            return Outcome::Failure(reason());
        }
        _ => {}
    }
    match record.text("ResultStatus").map(str::to_ascii_lowercase) {
        None => Outcome::Unstated,
        Some(status) => match status.as_str() {
            "failed" | "failure" | "false" | "error" => Outcome::Failure(reason()),
            "" => Outcome::Unstated,
            _ => Outcome::Success,
        },
    }
}

/// The program: a field of its own, an extended property, or Exchange's client text.
fn user_agent(record: &Record) -> Option<String> {
    let detailed = || {
        let details = record.property("additionalDetails")?;
        let details: serde_json::Value = serde_json::from_str(details).ok()?;
        Some(details.get("User-Agent")?.as_str()?.to_owned())
    };
    record
        .text("UserAgent")
        .or_else(|| record.property("UserAgent"))
        .map(str::to_owned)
        .or_else(detailed)
        .or_else(|| record.text("ClientInfoString").map(str::to_owned))
        .filter(|text| !text.trim().is_empty())
}

fn targets(record: &Record) -> Vec<Target> {
    let object = record.text("ObjectId").filter(|id| *id != "Not Available");
    let file = record.text("SourceFileName");
    let named = file.or(object).map(|name| Target {
        name: name.to_owned(),
        id: object.map(str::to_owned),
        kind: record.text("ItemType").map(str::to_owned),
    });
    named.into_iter().collect()
}

fn session(record: &Record) -> Option<String> {
    record
        .pair("DeviceProperties", "SessionId")
        .or_else(|| record.text("SessionId"))
        .or_else(|| {
            record
                .object("AppAccessContext")?
                .get("AADSessionId")?
                .as_str()
        })
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests;
