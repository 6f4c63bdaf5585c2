//! Log formats. One folder or file per vendor; what several share lies beside them.

mod date;
mod fields;
mod scan;
mod squid;
mod syslog;
mod target;

use casbah_model::discovery::LogType;

use crate::record::{LineError, Record};

/// How much of a log is looked at to recognise its format.
pub const SAMPLE_BYTES: usize = 64 * 1024;
const SAMPLE_LINES: usize = 200;

/// How a log may be cut for parallel reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Splitting {
    /// Every line stands alone: any line end is a cut.
    Splittable,
    /// Header lines rule the lines after them.
    HeaderContext,
    /// A line means something only after the lines before it.
    Sequential,
}

/// A log format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Squid's own `access.log`.
    SquidNative,
    /// Squid's `common` and `combined` logs.
    SquidCommon,
}

impl Format {
    /// Every format, the stricter before the looser.
    pub const ALL: &[Self] = &[Self::SquidNative, Self::SquidCommon];

    /// Name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SquidNative => "Squid native",
            Self::SquidCommon => "Squid common",
        }
    }

    /// Log types of the API that this format reads; the first is the one to report.
    pub const fn log_types(self) -> &'static [LogType] {
        match self {
            Self::SquidNative => &[LogType::SQUID_NATIVE, LogType::SQUID_NATIVE_SYSLOG],
            Self::SquidCommon => &[LogType::SQUID, LogType::SQUID_SYSLOG],
        }
    }

    /// The format that reads a log type, if there is one.
    pub fn for_log_type(log_type: LogType) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|format| format.log_types().contains(&log_type))
    }

    /// How a log of this format may be cut.
    pub const fn splitting(self) -> Splitting {
        match self {
            Self::SquidNative | Self::SquidCommon => Splitting::Splittable,
        }
    }

    /// A reader of lines of this format, at the beginning of a log.
    pub const fn parser(self) -> Parser {
        Parser { format: self }
    }
}

/// Reads the lines of one log, or of one range of a splittable one, in order.
#[derive(Clone, Debug)]
pub struct Parser {
    format: Format,
}

impl Parser {
    /// Reads a line without its line end.
    ///
    /// `Ok(None)` is a line that is right and says nothing: blank, a comment, a header.
    ///
    /// # Errors
    /// Why the line is no record of the format.
    pub fn parse<'a>(&'a mut self, line: &'a [u8]) -> Result<Option<Record<'a>>, LineError> {
        match self.format {
            Format::SquidNative => squid::native::parse(line),
            Format::SquidCommon => squid::common::parse(line),
        }
    }
}

/// Recognises the format of a log from its beginning.
///
/// Tries every format on the first lines; the one that reads most of them wins, provided that it
/// reads more than half of those that say anything. A last line without line end is not judged
/// unless it is the only one.
pub fn detect(sample: &[u8]) -> Option<Format> {
    let sample = &sample[..sample.len().min(SAMPLE_BYTES)];
    let whole_lines = match memchr::memrchr(b'\n', sample) {
        Some(last_end) => &sample[..last_end],
        None => sample,
    };
    let mut best: Option<(usize, Format)> = None;
    for &format in Format::ALL {
        let (read, judged) = try_format(format, whole_lines);
        if read * 2 > judged && best.is_none_or(|(most, _)| read > most) {
            best = Some((read, format));
        }
    }
    best.map(|(_, format)| format)
}

fn try_format(format: Format, lines: &[u8]) -> (usize, usize) {
    let mut parser = format.parser();
    let (mut read, mut judged) = (0, 0);
    for line in lines.split(|byte| *byte == b'\n').take(SAMPLE_LINES) {
        match parser.parse(trim_line(line)) {
            Ok(Some(_)) => {
                read += 1;
                judged += 1;
            }
            Ok(None) => {}
            Err(_) => judged += 1,
        }
    }
    (read, judged)
}

pub(crate) use fields::trim_line;

#[cfg(test)]
mod tests {
    use super::{Format, detect};
    use casbah_model::discovery::LogType;

    const NATIVE: &str = "1564576741.982   5756 192.168.0.1 TCP_TUNNEL/200 6295 CONNECT api.example.com:443 - HIER_DIRECT/203.0.113.9 -";
    const COMMON: &str = "192.0.2.7 - alice [10/Oct/2025:13:55:36 +0200] \"GET http://example.com/ HTTP/1.1\" 200 512 TCP_MISS:HIER_DIRECT";

    #[test]
    fn formats_are_recognised_among_bad_lines() {
        let junk = "not a log line";
        for (sample, expected) in [
            (format!("{NATIVE}\n{NATIVE}\n"), Some(Format::SquidNative)),
            (
                format!("{junk}\n{NATIVE}\r\n{NATIVE}\r\n\n"),
                Some(Format::SquidNative),
            ),
            (format!("{COMMON}\n{junk}\n{COMMON}"), None),
            (
                format!("{COMMON}\n{COMMON}\n{junk}\n"),
                Some(Format::SquidCommon),
            ),
            (COMMON.to_owned(), Some(Format::SquidCommon)),
            (junk.to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(detect(sample.as_bytes()), expected, "{sample}");
        }
    }

    #[test]
    fn log_types_lead_to_their_format() {
        assert_eq!(
            Format::for_log_type(LogType::SQUID_NATIVE_SYSLOG),
            Some(Format::SquidNative)
        );
        assert_eq!(
            Format::for_log_type(LogType::SQUID),
            Some(Format::SquidCommon)
        );
        assert_eq!(Format::for_log_type(LogType::CUSTOM_PARSER), None);
    }
}
