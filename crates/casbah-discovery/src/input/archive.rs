//! Zip archives.
//!
//! The list of a zip's entries is at its end, so the archive is spooled to an unnamed temporary
//! file: memory stays constant, disk holds the compressed bytes once.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use super::decode::decode_entry;
use super::{ReadError, as_io};

/// Where an entry's bytes lie.
struct Place {
    start: u64,
    compressed: u64,
    size: u64,
    crc32: u32,
    deflated: bool,
}

/// The files of an archive one after the other, each beginning on a line of its own.
pub(super) struct Entries {
    spool: File,
    places: std::vec::IntoIter<Place>,
    current: Option<Box<dyn Read>>,
    ends_line: bool,
}

/// Reads the list of entries. Folders and the resource forks of macOS are passed over.
pub(super) fn entries(mut input: impl Read) -> Result<Entries, ReadError> {
    let mut spool = tempfile::tempfile().map_err(ReadError::Io)?;
    io::copy(&mut input, &mut spool).map_err(ReadError::Io)?;
    spool.rewind().map_err(ReadError::Io)?;
    let listed = spool.try_clone().map_err(ReadError::Io)?;
    let mut archive = zip::ZipArchive::new(listed).map_err(corrupt)?;
    let mut places = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(corrupt)?;
        let in_resource_fork = entry.name_raw().starts_with(b"__MACOSX/");
        if entry.is_dir() || in_resource_fork {
            continue;
        }
        if entry.encrypted() {
            return Err(ReadError::Archive("encrypted"));
        }
        let deflated = match entry.compression() {
            zip::CompressionMethod::Stored => false,
            zip::CompressionMethod::Deflated => true,
            _ => return Err(ReadError::Archive("compression method other than deflate")),
        };
        places.push(Place {
            start: entry.data_start().ok_or(ReadError::Archive("no data"))?,
            compressed: entry.compressed_size(),
            size: entry.size(),
            crc32: entry.crc32(),
            deflated,
        });
    }
    Ok(Entries {
        spool,
        places: places.into_iter(),
        current: None,
        ends_line: true,
    })
}

fn corrupt(error: zip::result::ZipError) -> ReadError {
    ReadError::Corrupt(error.into())
}

impl Entries {
    fn open(&mut self, place: &Place) -> Result<Box<dyn Read>, ReadError> {
        self.spool
            .seek(SeekFrom::Start(place.start))
            .map_err(ReadError::Io)?;
        // Entries are read one at a time, so the clone's shared position is theirs alone.
        let bytes = self
            .spool
            .try_clone()
            .map_err(ReadError::Io)?
            .take(place.compressed);
        let plain: Box<dyn Read> = if place.deflated {
            Box::new(flate2::read::DeflateDecoder::new(bytes))
        } else {
            Box::new(bytes)
        };
        let checked = Checked {
            inner: plain,
            crc: flate2::Crc::new(),
            size: place.size,
            crc32: place.crc32,
        };
        decode_entry(checked)
    }
}

impl Read for Entries {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(current) = &mut self.current {
                let count = current.read(buffer)?;
                if count > 0 {
                    self.ends_line = buffer[count - 1] == b'\n';
                    return Ok(count);
                }
                self.current = None;
            }
            let Some(place) = self.places.next() else {
                return Ok(0);
            };
            self.current = Some(self.open(&place).map_err(as_io)?);
            if !self.ends_line {
                self.ends_line = true;
                buffer[0] = b'\n';
                return Ok(1);
            }
        }
    }
}

/// Compares an entry with the length and checksum that the archive's list gives.
struct Checked {
    inner: Box<dyn Read>,
    crc: flate2::Crc,
    size: u64,
    crc32: u32,
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.crc.update(&buffer[..count]);
        let ended = count == 0 && !buffer.is_empty();
        // `Crc::amount` counts modulo 2^32.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "both sides are modulo 2^32"
        )]
        let same_size = self.crc.amount() == self.size as u32;
        if ended && (self.crc.sum() != self.crc32 || !same_size) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "checksum differs",
            ));
        }
        Ok(count)
    }
}
