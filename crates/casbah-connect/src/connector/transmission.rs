//! Bytes to receivers that speak no HTTP: by TCP, TLS or as datagrams.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use url::Host;

use super::{ConnectError, Connector};
use crate::host::parse_host;
use crate::resolver::addresses;

/// How long a receiver has to close its side once all was sent.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long a receiver's system has to reset a connection, beside the way there and back.
const RESET: Duration = Duration::from_millis(10);

/// How bytes get to a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A datagram each.
    Udp,
    /// One connection for all.
    Tcp,
    /// The same within TLS, with the roots of the system and the operator's.
    Tls,
}

/// What is sent, and to whom.
#[derive(Debug, Clone, Copy)]
pub struct Transmission<'a> {
    /// By what.
    pub transport: Transport,
    /// A name or an address.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// In this order.
    pub messages: &'a [Vec<u8>],
    /// How long all of it may take.
    pub within: Duration,
}

impl Connector {
    /// Whether anything may be sent to a host, as far as can be told before its name is
    /// resolved.
    ///
    /// # Errors
    /// [`ConnectError::Host`], [`ConnectError::Private`]
    pub fn check_host(&self, host: &str) -> Result<(), ConnectError> {
        self.host(host).map(drop)
    }

    /// Sends messages. On a connection, all are sent before it is closed for writing, and
    /// then its other end is waited for a moment: the system of a receiver that ended
    /// without having read all resets the connection, which is an error here. No more can
    /// be known without acknowledgements, and nothing of datagrams.
    ///
    /// # Errors
    /// [`ConnectError`]
    pub async fn transmit(&self, transmission: Transmission<'_>) -> Result<(), ConnectError> {
        let sent = async {
            let Transmission {
                transport,
                host,
                port,
                messages,
                ..
            } = transmission;
            let host = self.host(host)?;
            let found = self.addresses(&host, port).await?;
            match transport {
                Transport::Udp => datagrams(&found, messages).await.map_err(socket),
                Transport::Tcp => {
                    let mut connection = Connection::open(&found).await.map_err(socket)?;
                    send(&mut connection.stream, messages)
                        .await
                        .map_err(socket)?;
                    connection.settle().await.map_err(socket)
                }
                Transport::Tls => {
                    let name = ServerName::try_from(bare(&host)).map_err(|_| ConnectError::Host)?;
                    let tls = TlsConnector::from(self.tls()?);
                    let mut connection = Connection::open(&found).await.map_err(socket)?;
                    let stream = tls.connect(name, &mut connection.stream);
                    let mut stream = stream.await.map_err(socket)?;
                    send(&mut stream, messages).await.map_err(socket)?;
                    connection.settle().await.map_err(socket)
                }
            }
        };
        tokio::time::timeout(transmission.within, sent)
            .await
            .map_err(|_| ConnectError::TimedOut)?
    }

    /// The host, if it may be called as far as it can be told now.
    fn host(&self, host: &str) -> Result<Host, ConnectError> {
        let host = parse_host(host).map_err(|_| ConnectError::Host)?;
        let borrowed = match &host {
            Host::Domain(name) => Host::Domain(name.as_str()),
            Host::Ipv4(address) => Host::Ipv4(*address),
            Host::Ipv6(address) => Host::Ipv6(*address),
        };
        self.permit(&borrowed)?;
        Ok(host)
    }

    async fn addresses(&self, host: &Host, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
        let found = match host {
            Host::Domain(name) => addresses(name, port, &self.allowed).await.map_err(socket)?,
            Host::Ipv4(address) => vec![(*address, port).into()],
            Host::Ipv6(address) => vec![(*address, port).into()],
        };
        if found.is_empty() {
            return Err(ConnectError::Private);
        }
        Ok(found)
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, ConnectError> {
        if let Some(tls) = self.tls.get() {
            return Ok(Arc::clone(tls));
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = self.roots.iter().cloned();
        let verifier = Verifier::new_with_extra_roots(roots, Arc::clone(&provider))
            .map_err(ConnectError::Tls)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(ConnectError::Tls)?
            // The verifier is the platform's, as that of all other calls.
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Arc::clone(self.tls.get_or_init(|| Arc::new(config))))
    }
}

/// The host as certificates name it.
fn bare(host: &Host) -> String {
    match host {
        Host::Domain(name) => name.strip_suffix('.').unwrap_or(name).to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    }
}

fn socket(error: io::Error) -> ConnectError {
    if error.kind() == io::ErrorKind::TimedOut {
        return ConnectError::TimedOut;
    }
    ConnectError::Socket(error)
}

struct Connection {
    stream: TcpStream,
    /// How long it took to connect, which is the way there and back.
    way: Duration,
}

impl Connection {
    /// A connection to the first address that takes one.
    async fn open(addresses: &[SocketAddr]) -> io::Result<Self> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            let begin = Instant::now();
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let way = begin.elapsed();
                    return Ok(Self { stream, way });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Waits until a reset would have come. The other end may have closed its side before
    /// the last bytes were there: reading says only that it has.
    async fn settle(&self) -> io::Result<()> {
        tokio::time::sleep(self.way * 2 + RESET).await;
        self.stream.take_error()?.map_or(Ok(()), Err)
    }
}

async fn send(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    messages: &[Vec<u8>],
) -> io::Result<()> {
    stream.write_all(&messages.concat()).await?;
    stream.shutdown().await?;
    let end = async {
        let mut ignored = [0; 1024];
        loop {
            match stream.read(&mut ignored).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                // The other end left out TLS's own farewell.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    };
    // Who never closes a connection has most likely read what is in it.
    tokio::time::timeout(FAREWELL, end).await.unwrap_or(Ok(()))
}

async fn datagrams(addresses: &[SocketAddr], messages: &[Vec<u8>]) -> io::Result<()> {
    let address = addresses
        .first()
        .ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?;
    let own: SocketAddr = if address.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let socket = UdpSocket::bind(own).await?;
    socket.connect(address).await?;
    for message in messages {
        socket.send(message).await?;
    }
    Ok(())
}
