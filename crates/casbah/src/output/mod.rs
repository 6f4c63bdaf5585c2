//! How results are written: tables for people, the exact record for programs.

mod columns;
mod flow;
mod time;

use std::io::{self, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table};
use serde::Deserialize;
use serde_json::Value;

pub(crate) use columns::{
    ACTIVITY, ACTIVITY_FEEDBACK, ALERT, ALERT_DETAIL, ALERT_HANDLING, API_TOKEN, APP, APP_USER,
    AUDIT, AUDIT_CHAIN, AUDIT_FINDING, BUILT_IN_LIST, CATEGORY, CERTIFICATE, CREDENTIAL, Column,
    DISCOVERED_APP, ENRICHMENT, ENTITY, EXPORT, FAULT, FEDERATED, IDENTITY_PROVIDER,
    IDENTITY_PROVIDER_LINK, IDENTITY_PROVIDER_TEST, INGEST, LAB_CLOCK, MIGRATION, PERMISSION,
    PERSON, ROLE, SECRET, SIGNING_KEY, STREAM, SUBNET, TENANT, TOKEN, UPLOAD, USAGE,
};
use columns::{Reader, harmless};
use flow::Flow;
pub(crate) use time::Zone;

/// A form of output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Columns for people
    #[default]
    Table,
    /// One JSON document, records whole
    Json,
    /// One JSON record a line
    Ndjson,
    /// The columns as CSV (RFC 4180)
    Csv,
}

/// Standard output in one of its forms.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    format: Format,
    zone: Zone,
}

impl Output {
    pub(crate) fn new(format: Format, zone: Zone) -> Self {
        Self { format, zone }
    }

    /// The zone in which times are shown.
    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Whether records are written whole.
    pub(crate) fn is_for_programs(&self) -> bool {
        matches!(self.format, Format::Json | Format::Ndjson)
    }

    /// A list that arrives piece by piece.
    pub(crate) fn list(&self, columns: &'static [Column]) -> io::Result<List<io::Stdout>> {
        List::new(self.clone(), columns, io::stdout())
    }

    /// Records that come one after the other, without an end.
    pub(crate) fn flow(&self, columns: &'static [Column]) -> io::Result<Flow<io::Stdout>> {
        Flow::new(self.clone(), columns, io::stdout())
    }

    /// A list that is there.
    pub(crate) fn records(
        &self,
        columns: &'static [Column],
        records: Vec<Value>,
    ) -> io::Result<()> {
        let mut list = self.list(columns)?;
        list.add(records)?;
        list.finish()
    }

    /// One record: all its columns below each other, or the record itself.
    pub(crate) fn record(&self, columns: &'static [Column], record: &Value) -> io::Result<()> {
        self.write_record(columns, record, &mut io::stdout().lock())
    }

    fn write_record(
        &self,
        columns: &'static [Column],
        record: &Value,
        out: &mut impl Write,
    ) -> io::Result<()> {
        match self.format {
            Format::Table => {
                let mut table = empty_table();
                for column in columns {
                    let cell = column.cell(record, &self.zone, Reader::Person);
                    table.add_row([column.header.to_owned(), cell]);
                }
                writeln!(out, "{}", table.trim_fmt())
            }
            Format::Json => write_json(out, record),
            Format::Ndjson => writeln!(out, "{record}"),
            Format::Csv => {
                let mut list = List::new(self.clone(), columns, out)?;
                list.add(vec![record.clone()])?;
                list.finish()
            }
        }
    }

    /// A document without columns, such as a token taken apart: its members below each
    /// other, or in CSV beside each other.
    pub(crate) fn document(&self, document: &Value) -> io::Result<()> {
        self.write_document(document, &mut io::stdout().lock())
    }

    fn write_document(&self, document: &Value, out: &mut impl Write) -> io::Result<()> {
        let (names, cells): (Vec<String>, Vec<String>) = members(document).into_iter().unzip();
        match self.format {
            Format::Ndjson => writeln!(out, "{document}"),
            Format::Json => write_json(out, document),
            Format::Table => {
                let mut table = empty_table();
                for member in names.into_iter().zip(cells) {
                    table.add_row([member.0, member.1]);
                }
                writeln!(out, "{}", table.trim_fmt())
            }
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(names).map_err(io::Error::from)?;
                let cells = cells.into_iter().map(without_formula);
                writer.write_record(cells).map_err(io::Error::from)?;
                writer.flush()
            }
        }
    }

    /// Bare text that is the result, such as a token or a script.
    pub(crate) fn text(text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            out.write_all(b"\n")?;
        }
        out.flush()
    }

    /// A word to the person at the terminal, beside the result.
    pub(crate) fn note(text: &str) {
        // With standard error closed nobody wants to know.
        drop(writeln!(io::stderr(), "{text}"));
    }
}

/// A list being written.
pub(crate) struct List<W: Write> {
    output: Output,
    columns: &'static [Column],
    to: Sink<W>,
    count: usize,
}

enum Sink<W: Write> {
    Table(Table, W),
    Json(W),
    Ndjson(W),
    Csv(csv::Writer<W>),
}

impl<W: Write> List<W> {
    fn new(output: Output, columns: &'static [Column], out: W) -> io::Result<Self> {
        let headers = columns.iter().map(|column| column.header);
        let to = match output.format {
            Format::Table => {
                let mut table = empty_table();
                table.set_header(headers);
                for (place, column) in columns.iter().enumerate() {
                    if let (true, Some(place)) = (column.is_id, table.column_mut(place)) {
                        place.set_constraint(ColumnConstraint::ContentWidth);
                    }
                }
                Sink::Table(table, out)
            }
            Format::Json => Sink::Json(out),
            Format::Ndjson => Sink::Ndjson(out),
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(headers).map_err(io::Error::from)?;
                Sink::Csv(writer)
            }
        };
        Ok(Self {
            output,
            columns,
            to,
            count: 0,
        })
    }

    /// Writes further records; a table waits for all.
    pub(crate) fn add(&mut self, records: Vec<Value>) -> io::Result<()> {
        let zone = &self.output.zone;
        for record in records {
            let reader = match self.to {
                Sink::Table(..) => Reader::Person,
                Sink::Json(_) | Sink::Ndjson(_) | Sink::Csv(_) => Reader::Program,
            };
            let cells = self.columns.iter();
            let cells = cells.map(|column| column.cell(&record, zone, reader));
            match &mut self.to {
                Sink::Table(table, _) => {
                    table.add_row(cells);
                }
                Sink::Json(out) => {
                    let before = if self.count == 0 { "[\n" } else { ",\n" };
                    write!(out, "{before}{record}")?;
                }
                Sink::Ndjson(out) => writeln!(out, "{record}")?,
                Sink::Csv(writer) => writer
                    .write_record(cells.map(without_formula))
                    .map_err(io::Error::from)?,
            }
            self.count += 1;
        }
        Ok(())
    }

    /// Ends the list.
    pub(crate) fn finish(self) -> io::Result<()> {
        match self.to {
            Sink::Table(_, mut out) if self.count == 0 => {
                Output::note("nothing found");
                out.flush()
            }
            Sink::Table(table, mut out) => writeln!(out, "{}", table.trim_fmt()),
            Sink::Json(mut out) => {
                out.write_all(if self.count == 0 { b"[]\n" } else { b"\n]\n" })?;
                out.flush()
            }
            Sink::Ndjson(mut out) => out.flush(),
            Sink::Csv(mut writer) => writer.flush(),
        }
    }
}

/// The members of a document by their paths: `administrator.userPrincipalName`.
fn members(document: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    flatten(String::new(), document, &mut found);
    found
}

fn flatten(path: String, value: &Value, found: &mut Vec<(String, String)>) {
    let text = match value {
        Value::Object(inner) => {
            for (name, value) in inner {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                flatten(path, value, found);
            }
            return;
        }
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            texts.join(", ")
        }
        other => other.to_string(),
    };
    found.push((path, harmless(&text)));
}

/// A spreadsheet would run a cell that begins like a formula.
fn without_formula(cell: String) -> String {
    let is_formula = cell.starts_with(['=', '@', '+', '-']) && cell.parse::<f64>().is_err();
    if is_formula { format!("'{cell}") } else { cell }
}

fn empty_table() -> Table {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn write_json(out: &mut impl Write, value: &Value) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn alerts() -> Vec<Value> {
        vec![
            json!({
                "_id": "5f06d71dba4289d0602ba5ac", "timestamp": 1_608_139_420_687_i64,
                "severityValue": 2, "statusValue": 0, "resolutionStatusValue": 0,
                "title": "Impossible travel", "description": "From DE and US",
                "entities": [
                    {"type": "account", "label": "admin@contoso.example"},
                    {"type": "ip", "label": "192.0.2.7"},
                ],
            }),
            json!({
                "_id": "5f06d71dba4289d0602ba5ad", "timestamp": 1_608_139_420_688_i64,
                "severityValue": 0, "statusValue": 2, "resolutionStatusValue": 4,
                "title": "=cmd|' /C calc'!A1, \u{1b}[31mred", "entities": [],
            }),
        ]
    }

    fn written(format: Format, zone: &str) -> String {
        let output = Output::new(format, Zone::parse(zone).unwrap());
        let mut bytes = Vec::new();
        let mut list = List::new(output, ALERT, &mut bytes).unwrap();
        list.add(alerts()).unwrap();
        list.finish().unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn lists_have_four_forms() {
        insta::assert_snapshot!("list_table", written(Format::Table, "Europe/Berlin"));
        insta::assert_snapshot!("list_csv", written(Format::Csv, "utc"));
        insta::assert_snapshot!("list_json", written(Format::Json, "utc"));
        insta::assert_snapshot!("list_ndjson", written(Format::Ndjson, "utc"));
    }

    #[test]
    fn a_record_is_written_down_the_page_or_whole() {
        let write = |format| {
            let mut bytes = Vec::new();
            Output::new(format, Zone::parse("utc").unwrap())
                .write_record(ALERT, &alerts()[0], &mut bytes)
                .unwrap();
            String::from_utf8(bytes).unwrap()
        };
        insta::assert_snapshot!("record_table", write(Format::Table));
        let whole: Value = serde_json::from_str(&write(Format::Json)).unwrap();
        assert_eq!(whole, alerts()[0]);
    }

    #[test]
    fn a_document_has_its_members_in_every_form() {
        let document = json!({
            "valid": true, "roles": ["a", "b"], "client": null,
            "administrator": {"name": "=x\u{1b}"},
        });
        for (format, expected) in [
            (
                Format::Csv,
                "administrator.name,client,roles,valid\n'=x\u{fffd},,\"a, b\",true\n",
            ),
            (
                Format::Table,
                " administrator.name  =x\u{fffd}\n client\n roles               a, b\n \
                 valid               true\n",
            ),
        ] {
            let output = Output::new(format, Zone::parse("utc").unwrap());
            let mut bytes = Vec::new();
            output.write_document(&document, &mut bytes).unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        }
    }

    #[test]
    fn programs_get_bytes_and_people_units() {
        let record = json!({"appId": 1, "trafficTotalBytes": 29_318_000,
            "lastSeen": "2026-01-31T12:00:00Z"});
        for (format, traffic) in [(Format::Csv, "29318000"), (Format::Table, "27.96 MiB")] {
            let output = Output::new(format, Zone::parse("Europe/Berlin").unwrap());
            let mut bytes = Vec::new();
            let mut list = List::new(output, DISCOVERED_APP, &mut bytes).unwrap();
            list.add(vec![record.clone()]).unwrap();
            list.finish().unwrap();
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(traffic), "{text}");
            assert!(text.contains("2026-01-31 13:00:00 +01:00"), "{text}");
        }
    }

    #[test]
    fn an_empty_list_is_still_a_document() {
        for (format, expected) in [
            (Format::Json, "[]\n"),
            (Format::Ndjson, ""),
            (Format::Table, ""),
        ] {
            let output = Output::new(format, Zone::parse("utc").unwrap());
            let mut bytes = Vec::new();
            List::new(output, ALERT, &mut bytes)
                .unwrap()
                .finish()
                .unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        }
    }

    #[test]
    fn what_strangers_wrote_cannot_command_the_terminal() {
        for format in [Format::Table, Format::Csv] {
            assert!(!written(format, "utc").contains('\u{1b}'));
        }
        assert!(written(Format::Csv, "utc").contains("'=cmd"));
    }
}
