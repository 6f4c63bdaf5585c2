//! Decompression by magic number.

use std::io::{self, BufReader, Cursor, Read};

use super::{ReadError, archive, as_io, from_io};

const BUFFER: usize = 64 * 1024;
/// Longest magic number below.
const MAGIC: usize = 6;
/// Most memory an xz stream may ask for. Level 9 needs 65 MiB.
const XZ_MEMORY: u64 = 128 * 1024 * 1024;
/// Largest zstd window, as a power of two. `zstd --long` without number makes 2^27.
const ZSTD_WINDOW_LOG: u32 = 27;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Plain,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    Zip,
}

/// The plain bytes of a stream. Errors that [`Read::read`] gives hold a [`ReadError`].
pub(crate) fn decode<'a>(input: impl Read + 'a) -> Result<Box<dyn Read + 'a>, ReadError> {
    open(input, true)
}

/// The plain bytes of an archive's entry, which may be compressed itself but is no archive.
pub(super) fn decode_entry<'a>(input: impl Read + 'a) -> Result<Box<dyn Read + 'a>, ReadError> {
    open(input, false)
}

fn open<'a>(mut input: impl Read + 'a, archives: bool) -> Result<Box<dyn Read + 'a>, ReadError> {
    let mut head = [0; MAGIC];
    let length = fill(&mut input, &mut head).map_err(|error| from_io(error, false))?;
    let head = head[..length].to_vec();
    let encoding = encoding_of(&head);
    let input = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(input));
    let corrupt = |error| from_io(error, true);
    let decoded: Box<dyn Read + 'a> = match encoding {
        Encoding::Plain => {
            return Ok(Box::new(Typed {
                inner: input,
                compressed: false,
            }));
        }
        Encoding::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(input)),
        Encoding::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(input).map_err(corrupt)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(corrupt)?;
            Box::new(decoder)
        }
        Encoding::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(input)),
        Encoding::Xz => {
            let stream = liblzma::stream::Stream::new_stream_decoder(
                XZ_MEMORY,
                liblzma::stream::CONCATENATED,
            )
            .map_err(|error| corrupt(error.into()))?;
            Box::new(liblzma::bufread::XzDecoder::new_stream(input, stream))
        }
        Encoding::Zip if archives => Box::new(archive::entries(input)?),
        Encoding::Zip => return Err(ReadError::Archive("archive inside an archive")),
    };
    Ok(Box::new(Typed {
        inner: decoded,
        compressed: true,
    }))
}

fn encoding_of(head: &[u8]) -> Encoding {
    match head {
        [0x1f, 0x8b, 0x08, ..] => Encoding::Gzip,
        // The second form is a skippable frame (RFC 8878, 3.1.2), as pzstd begins its files with.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Encoding::Zstd,
        [b'B', b'Z', b'h', b'1'..=b'9', b'1' | 0x17, ..] => Encoding::Bzip2,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Encoding::Xz,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Encoding::Zip,
        _ => Encoding::Plain,
    }
}

fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Gives every error its meaning while the layer it came from is known.
struct Typed<R> {
    inner: R,
    compressed: bool,
}

impl<R: Read> Read for Typed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.inner.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(as_io(from_io(error, self.compressed))),
                read => return read,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::decode;
    use crate::input::{ReadError, from_io};
    use std::io::{Read, Write};

    fn text() -> Vec<u8> {
        (0..20_000)
            .flat_map(|line| format!("line {line}\n").into_bytes())
            .collect()
    }

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(data).expect("in memory");
        encoder.finish().expect("in memory")
    }

    fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, data) in entries {
            writer
                .start_file(*name, zip::write::SimpleFileOptions::default())
                .expect("in memory");
            writer.write_all(data).expect("in memory");
        }
        writer.finish().expect("in memory").into_inner()
    }

    fn encodings() -> Vec<(&'static str, Vec<u8>)> {
        let text = text();
        let (first, second) = text.split_at(70_000);
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bzip2.write_all(&text).expect("in memory");
        let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
        xz.write_all(&text).expect("in memory");
        vec![
            ("plain", text.clone()),
            ("gzip", gzip(&text)),
            ("gzip of two members", [gzip(first), gzip(second)].concat()),
            ("zstd", zstd::encode_all(&text[..], 1).expect("in memory")),
            (
                "zstd of two frames",
                [first, second]
                    .map(|part| zstd::encode_all(part, 1).expect("in memory"))
                    .concat(),
            ),
            ("bzip2", bzip2.finish().expect("in memory")),
            ("xz", xz.finish().expect("in memory")),
            ("zip", zip(&[("access.log", &text)])),
            ("zip with gzip", zip(&[("access.log.gz", &gzip(&text))])),
        ]
    }

    #[test]
    fn every_encoding_gives_the_same_bytes() {
        for (name, encoded) in encodings() {
            let mut decoded = Vec::new();
            decode(&encoded[..])
                .expect(name)
                .read_to_end(&mut decoded)
                .expect(name);
            assert_eq!(decoded, text(), "{name}");
        }
    }

    #[test]
    fn what_is_cut_off_gives_its_beginning_and_says_so() {
        for (name, encoded) in encodings() {
            if name == "plain" || name.starts_with("zip") {
                continue;
            }
            let cut = &encoded[..encoded.len() - 10];
            let mut decoded = Vec::new();
            let error = decode(cut)
                .expect(name)
                .read_to_end(&mut decoded)
                .expect_err(name);
            let error = from_io(error, false);
            assert!(matches!(error, ReadError::Truncated), "{name}: {error:?}");
            assert!(text().starts_with(&decoded), "{name}");
        }
    }

    #[test]
    fn entries_of_an_archive_follow_each_other_on_lines_of_their_own() {
        let archive = zip(&[
            ("a.log", b"one"),
            ("__MACOSX/a.log", b"x"),
            ("b.log", b"two\n"),
        ]);
        let mut decoded = String::new();
        decode(&archive[..])
            .expect("opens")
            .read_to_string(&mut decoded)
            .expect("reads");
        assert_eq!(decoded, "one\ntwo\n");
    }

    #[test]
    fn damage_is_reported_as_such() {
        let mut damaged = gzip(&text());
        let middle = damaged.len() / 2;
        for byte in &mut damaged[middle..middle + 40] {
            *byte ^= 0x5a;
        }
        let error = decode(&damaged[..])
            .expect("opens")
            .read_to_end(&mut Vec::new());
        assert!(matches!(
            from_io(error.expect_err("damaged"), false),
            ReadError::Corrupt(_)
        ));
        let mut archive = zip(&[("a.log", &text())]);
        archive.truncate(500);
        assert!(matches!(
            decode(&archive[..]).err(),
            Some(ReadError::Corrupt(_))
        ));
    }
}
