//! Records that come one after the other, without an end to wait for.

use std::io::{self, Write};

use serde_json::Value;

use super::columns::{Column, Reader};
use super::{Format, Output, without_formula};

/// Records being written as they come: a line each, in every form.
pub(crate) struct Flow<W: Write> {
    output: Output,
    columns: &'static [Column],
    out: W,
}

impl<W: Write> Flow<W> {
    pub(super) fn new(output: Output, columns: &'static [Column], out: W) -> io::Result<Self> {
        let mut flow = Self {
            output,
            columns,
            out,
        };
        if flow.output.format == Format::Csv {
            let headers = columns.iter().map(|column| column.header.to_owned());
            flow.write_csv(headers)?;
        }
        Ok(flow)
    }

    /// Writes records; when this returns, a reader at the other end of a pipe has them.
    pub(crate) fn add(&mut self, records: &[Value]) -> io::Result<()> {
        for record in records {
            let zone = &self.output.zone;
            let cells = |reader| {
                let columns = self.columns.iter();
                columns.map(move |column| column.cell(record, zone, reader))
            };
            match self.output.format {
                Format::Json | Format::Ndjson => writeln!(self.out, "{record}")?,
                Format::Table => {
                    let cells = cells(Reader::Person).map(|cell| cell.replace('\n', " "));
                    let cells: Vec<_> = cells.collect();
                    writeln!(self.out, "{}", cells.join("  "))?;
                }
                Format::Csv => {
                    let cells: Vec<_> = cells(Reader::Program).map(without_formula).collect();
                    self.write_csv(cells.into_iter())?;
                }
            }
        }
        self.out.flush()
    }

    fn write_csv(&mut self, cells: impl Iterator<Item = String>) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(&mut self.out);
        writer.write_record(cells).map_err(io::Error::from)?;
        writer.flush()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{ALERT, Zone};
    use super::*;

    #[test]
    fn each_record_is_a_line() {
        let alert = json!({
            "_id": "5f06d71dba4289d0602ba5ac", "timestamp": 1_608_139_420_687_i64,
            "title": "=Impossible\ntravel", "severityValue": 2, "statusValue": 0,
            "resolutionStatusValue": 0,
        });
        for (format, expected) in [
            (Format::Table, 2),
            (Format::Json, 2),
            (Format::Ndjson, 2),
            (Format::Csv, 3),
        ] {
            let mut out = Vec::new();
            let output = Output::new(format, Zone::parse("UTC").unwrap());
            let mut flow = Flow::new(output, ALERT, &mut out).unwrap();
            flow.add(&[alert.clone(), alert.clone()]).unwrap();
            let text = String::from_utf8(out).unwrap();
            let lines = text.lines().count();
            // In CSV the title is quoted and keeps its break.
            let breaks = if format == Format::Csv { 2 } else { 0 };
            assert_eq!(lines, expected + breaks, "{format:?}: {text}");
            assert!(text.contains("Impossible"));
        }
    }
}
