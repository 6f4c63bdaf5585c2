//! Cuts an input into JSON objects without holding more than one of them.

use std::io::{BufRead, BufReader, Read};

use super::{RecordError, Refusal};

/// What a record may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest text of one record, in bytes.
    pub bytes: usize,
    /// The deepest nesting of objects and arrays.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            depth: 64,
        }
    }
}

/// The text of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordText {
    /// Which record, counted from 1.
    pub number: u64,
    /// Its JSON text. Bytes that are not UTF-8 became U+FFFD, because a record
    /// must not disappear from an audit log for one broken byte.
    pub text: String,
}

/// Iterates over the objects of JSON lines (one object a line) or of JSON arrays.
///
/// In JSON lines a broken record ends with its line. A byte order mark, CRLF and
/// empty lines are skipped.
pub struct JsonRecords<R> {
    input: BufReader<R>,
    limits: Limits,
    number: u64,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    Top,
    InArray,
    End,
}

/// What was collected of a record.
struct Collected {
    bytes: Vec<u8>,
    scan: Scan,
    /// Whether the record's own end was seen, rather than the input's.
    ended: bool,
}

/// Where in the JSON grammar a byte is, as far as nesting needs to know.
#[derive(Default)]
struct Scan {
    depth: usize,
    deepest: usize,
    in_string: bool,
    escaped: bool,
    length: usize,
}

impl Scan {
    fn step(&mut self, byte: u8) {
        self.length += 1;
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => {
                self.depth += 1;
                self.deepest = self.deepest.max(self.depth);
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

impl<R: Read> JsonRecords<R> {
    /// Reads from `input`.
    pub fn new(input: R, limits: Limits) -> Self {
        Self {
            input: BufReader::with_capacity(64 * 1024, input),
            limits,
            number: 0,
            place: Place::Start,
        }
    }

    fn peek(&mut self) -> std::io::Result<Option<u8>> {
        loop {
            match self.input.fill_buf() {
                Ok(buffer) => return Ok(buffer.first().copied()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn skip_mark(&mut self) -> std::io::Result<()> {
        for byte in *b"\xef\xbb\xbf" {
            if self.peek()? != Some(byte) {
                break;
            }
            self.input.consume(1);
        }
        Ok(())
    }

    /// The next byte that is not white space; within an array no comma either.
    fn peek_token(&mut self) -> std::io::Result<Option<u8>> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\r' | b'\n') => self.input.consume(1),
                Some(b',') if self.place == Place::InArray => self.input.consume(1),
                token => return Ok(token),
            }
        }
    }

    fn next_record(&mut self) -> std::io::Result<Option<Collected>> {
        if self.place == Place::Start {
            self.skip_mark()?;
            self.place = Place::Top;
        }
        loop {
            match (self.peek_token()?, self.place) {
                (None, _) => return Ok(None),
                (Some(b'['), Place::Top) => {
                    self.input.consume(1);
                    self.place = Place::InArray;
                }
                (Some(b']'), Place::InArray) => {
                    self.input.consume(1);
                    self.place = Place::Top;
                }
                (Some(_), Place::InArray) => return self.collect_element().map(Some),
                (Some(_), _) => return self.collect_line().map(Some),
            }
        }
    }

    fn collect_line(&mut self) -> std::io::Result<Collected> {
        self.collect(|_, byte| if byte == b'\n' { End::Here } else { End::No })
    }

    /// An object ends with its brace, anything else with the comma or bracket after it.
    fn collect_element(&mut self) -> std::io::Result<Collected> {
        let mut is_object = false;
        self.collect(move |scan, byte| {
            if scan.length == 0 {
                is_object = byte == b'{';
            }
            if scan.in_string || scan.depth > 1 {
                End::No
            } else if is_object {
                if byte == b'}' { End::After } else { End::No }
            } else if scan.depth == 0 && matches!(byte, b',' | b']') {
                End::Here
            } else {
                End::No
            }
        })
    }

    fn collect(&mut self, mut end: impl FnMut(&Scan, u8) -> End) -> std::io::Result<Collected> {
        let mut collected = Collected {
            bytes: Vec::new(),
            scan: Scan::default(),
            ended: false,
        };
        while self.peek()?.is_some() {
            let buffer = self.input.buffer();
            let mut used = 0;
            for &byte in buffer {
                match end(&collected.scan, byte) {
                    End::Here => collected.ended = true,
                    ending => {
                        collected.scan.step(byte);
                        used += 1;
                        collected.ended = matches!(ending, End::After);
                    }
                }
                if collected.ended {
                    break;
                }
            }
            if collected.scan.length <= self.limits.bytes {
                collected.bytes.extend_from_slice(&buffer[..used]);
            } else {
                collected.bytes = Vec::new();
            }
            self.input.consume(used);
            if collected.ended {
                break;
            }
        }
        Ok(collected)
    }

    fn check(&self, collected: Collected) -> Result<String, Refusal> {
        let Collected { bytes, scan, ended } = collected;
        if scan.length > self.limits.bytes {
            return Err(Refusal::TooLong {
                limit: self.limits.bytes,
            });
        }
        if scan.deepest > self.limits.depth {
            return Err(Refusal::TooDeep {
                limit: self.limits.depth,
            });
        }
        if bytes.first() != Some(&b'{') {
            return Err(Refusal::NotAnObject);
        }
        if !ended && scan.depth > 0 {
            return Err(Refusal::Truncated);
        }
        let text = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        Ok(text.trim_end().to_owned())
    }
}

enum End {
    No,
    /// Before this byte.
    Here,
    /// With this byte.
    After,
}

impl<R: Read> Iterator for JsonRecords<R> {
    type Item = Result<RecordText, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.place == Place::End {
            return None;
        }
        let found = self.next_record();
        let result = match found {
            Ok(None) => {
                self.place = Place::End;
                return None;
            }
            Ok(Some(collected)) => self.check(collected),
            Err(error) => {
                self.place = Place::End;
                Err(Refusal::Read(error))
            }
        };
        self.number += 1;
        let number = self.number;
        Some(
            result
                .map(|text| RecordText { number, text })
                .map_err(|refusal| RecordError { number, refusal }),
        )
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(input: &[u8]) -> Vec<Result<String, String>> {
        JsonRecords::new(input, Limits::default())
            .map(|record| {
                record
                    .map(|record| record.text)
                    .map_err(|error| error.to_string())
            })
            .collect()
    }

    fn ok(texts: &[&str]) -> Vec<Result<String, String>> {
        texts.iter().map(|text| Ok((*text).to_owned())).collect()
    }

    #[test]
    fn both_forms_are_cut_into_objects() {
        for input in [
            "{\"a\":1}\n{\"b\":\"}]\\\"\"}\n",
            "\u{feff}{\"a\":1}\r\n\r\n{\"b\":\"}]\\\"\"}",
            "[{\"a\":1},{\"b\":\"}]\\\"\"}]",
            "\u{feff} [\r\n {\"a\":1} ,\n {\"b\":\"}]\\\"\"}\n]\n",
            "[{\"a\":1}]\n[{\"b\":\"}]\\\"\"}]\n[]",
        ] {
            assert_eq!(
                read(input.as_bytes()),
                ok(&["{\"a\":1}", "{\"b\":\"}]\\\"\"}"]),
                "{input:?}"
            );
        }
        assert_eq!(read(b""), ok(&[]));
        assert_eq!(read(b"[]"), ok(&[]));
    }

    #[test]
    fn a_bad_record_costs_itself_alone() {
        let deep = format!("{{\"d\":{}{}}}", "[".repeat(100), "]".repeat(100));
        let long = format!("{{\"l\":\"{}\"}}", "x".repeat(10 << 20));
        for (bad, reason) in [
            (deep.as_str(), "nested deeper than 64 levels"),
            (&long, "longer than 1048576 bytes"),
            ("7", "not a JSON object"),
            ("\"],{\"", "not a JSON object"),
        ] {
            let expected = vec![
                Ok("{\"a\":1}".to_owned()),
                Err(format!("record 2: {reason}")),
                Ok("{\"b\":2}".to_owned()),
            ];
            let lines = format!("{{\"a\":1}}\n{bad}\n{{\"b\":2}}\n");
            assert_eq!(read(lines.as_bytes()), expected);
            let array = format!("[{{\"a\":1}},{bad},{{\"b\":2}}]");
            assert_eq!(read(array.as_bytes()), expected);
        }
    }

    #[test]
    fn an_input_that_ends_early_says_so() {
        let reason = "the input ends within the record";
        assert_eq!(read(b"{\"a\":"), [Err(format!("record 1: {reason}"))]);
        assert_eq!(read(b"[{\"a\":{}"), [Err(format!("record 1: {reason}"))]);
    }

    #[test]
    fn broken_utf8_is_replaced() {
        assert_eq!(read(b"{\"a\":\"\xff\"}"), ok(&["{\"a\":\"\u{fffd}\"}"]));
    }

    proptest! {
        #[test]
        fn no_input_panics(input in proptest::collection::vec(any::<u8>(), 0..300)) {
            read(&input);
        }

        #[test]
        fn objects_survive_both_forms(texts in proptest::collection::vec("[^\\x00-\\x1f]{0,20}", 0..8)) {
            let objects: Vec<String> = texts
                .iter()
                .map(|text| serde_json::json!({ "t": text, "n": [{}, [text]] }).to_string())
                .collect();
            let expected: Vec<_> = objects.iter().cloned().map(Ok).collect();
            prop_assert_eq!(read(objects.join("\n").as_bytes()), expected.clone());
            prop_assert_eq!(read(format!("[{}]", objects.join(",")).as_bytes()), expected);
        }
    }
}
