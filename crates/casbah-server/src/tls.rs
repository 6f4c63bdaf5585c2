//! The server's certificate: its own CA's by default, or the operator's.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use casbah_identity::Authority;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::config::CertificateFiles;

/// Days that the server's own certificate is good for; it is made anew at every
/// start, and browsers take none of more than 398 days.
const CERTIFICATE_DAYS: i64 = 397;

/// Days that the CA is good for: ten years.
const CA_DAYS: i64 = 3_653;

/// The certificate could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path} holds no {expected}")]
    Content {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// A certificate could not be made.
    #[error("the certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
    /// The certificate and key cannot be used.
    #[error("the certificate cannot be used: {0}")]
    Use(#[from] rustls::Error),
}

/// What the server shows to its clients.
pub(crate) struct Tls {
    pub(crate) config: Arc<ServerConfig>,
    /// The file of the CA to trust, where it is our own.
    pub(crate) ca: Option<PathBuf>,
}

/// Reads the operator's certificate, or makes one of our own CA for the authority's host
/// and its aliases.
pub(crate) fn prepare(
    data_dir: &Path,
    authority: &Authority,
    files: Option<&CertificateFiles>,
) -> Result<Tls, TlsError> {
    let (chain, key, ca) = if let Some(files) = files {
        let content = |path: &Path, expected| TlsError::Content {
            path: path.to_owned(),
            expected,
        };
        let chain = CertificateDer::pem_file_iter(&files.chain)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .ok()
            .filter(|chain| !chain.is_empty())
            .ok_or_else(|| content(&files.chain, "certificate"))?;
        let key = PrivateKeyDer::from_pem_file(&files.key)
            .map_err(|_| content(&files.key, "private key"))?;
        (chain, key, None)
    } else {
        let ca_file = data_dir.join("ca.pem");
        let (issuer, ca_der) = certificate_authority(data_dir, &ca_file)?;
        let key = KeyPair::generate()?;
        let certificate = certificate_params(authority)?.signed_by(&key, &issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        (vec![certificate.der().clone(), ca_der], key, Some(ca_file))
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Tls {
        config: Arc::new(config),
        ca,
    })
}

/// The CA of the data directory, made at the first start.
fn certificate_authority(
    data_dir: &Path,
    ca_file: &Path,
) -> Result<(Issuer<'static, KeyPair>, CertificateDer<'static>), TlsError> {
    let key_file = data_dir.join("ca.key");
    if key_file.exists() {
        let file = |source| TlsError::File {
            path: key_file.clone(),
            source,
        };
        let key = KeyPair::from_pem(&fs::read_to_string(&key_file).map_err(file)?)?;
        let der = CertificateDer::from_pem_file(ca_file).map_err(|_| TlsError::Content {
            path: ca_file.to_owned(),
            expected: "certificate",
        })?;
        return Ok((Issuer::from_ca_cert_der(&der, key)?, der));
    }
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name = name("Casbah CA");
    (params.not_before, params.not_after) = life(CA_DAYS);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    write_new(ca_file, certificate.pem().as_bytes(), 0o644)?;
    write_new(&key_file, key.serialize_pem().as_bytes(), 0o600)?;
    let der = certificate.der().clone();
    Ok((Issuer::new(params, key), der))
}

fn certificate_params(authority: &Authority) -> Result<CertificateParams, TlsError> {
    let host = authority.host_name();
    let mut names = vec![host.to_owned()];
    for local in ["localhost", "127.0.0.1", "::1"] {
        if local != host {
            names.push(local.to_owned());
        }
    }
    let aliases = authority.aliases().iter().map(ToString::to_string);
    names.extend(aliases.filter(|alias| alias != host));
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name = name(host);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = life(CERTIFICATE_DAYS);
    Ok(params)
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

/// From a day ago, for clocks that are behind, until `days` from now.
fn life(days: i64) -> (time::OffsetDateTime, time::OffsetDateTime) {
    let now = time::OffsetDateTime::now_utc();
    (
        now - time::Duration::days(1),
        now + time::Duration::days(days),
    )
}

fn write_new(path: &Path, content: &[u8], mode: u32) -> Result<(), TlsError> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let file = |source| TlsError::File {
        path: path.to_owned(),
        source,
    };
    options
        .open(path)
        .and_then(|mut to| to.write_all(content))
        .map_err(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority() -> Authority {
        Authority::parse("https://localhost:8443").unwrap()
    }

    #[test]
    fn the_ca_outlives_a_restart_and_its_key_is_private() {
        let directory = tempfile::tempdir().unwrap();
        let first = prepare(directory.path(), &authority(), None).unwrap();
        let ca = fs::read(first.ca.unwrap()).unwrap();
        let second = prepare(directory.path(), &authority(), None).unwrap();
        assert_eq!(fs::read(second.ca.unwrap()).unwrap(), ca);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(directory.path().join("ca.key"))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn aliases_are_names_of_the_certificate() {
        let aliases = ["login.microsoftonline.com", "*.portal.example"];
        let aliases = aliases.map(|alias| alias.parse().unwrap()).to_vec();
        let params = certificate_params(&authority().with_aliases(aliases)).unwrap();
        let names = format!("{:?}", params.subject_alt_names);
        for name in ["localhost", "login.microsoftonline.com", "*.portal.example"] {
            assert!(names.contains(name), "{names}");
        }
    }

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let chain = directory.path().join("chain.pem");
        fs::write(&chain, "nothing").unwrap();
        let files = CertificateFiles {
            chain: chain.clone(),
            key: chain,
        };
        let error = prepare(directory.path(), &authority(), Some(&files))
            .err()
            .unwrap();
        assert!(
            error
                .to_string()
                .ends_with("chain.pem holds no certificate"),
            "{error}"
        );
    }
}
