//! Bytes for receivers that speak no HTTP.

use std::sync::Arc;

use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;

use super::*;

fn connector(allow: &[&str], ca: Option<&std::path::Path>) -> Connector {
    let egress = Egress {
        allow: allow.iter().map(|text| text.parse().unwrap()).collect(),
        ca_files: ca.map(std::path::Path::to_owned).into_iter().collect(),
    };
    Connector::new(&egress).unwrap()
}

async fn transmit(
    connector: &Connector,
    transport: Transport,
    host: &str,
    port: u16,
) -> Result<(), ConnectError> {
    let messages = [b"first".to_vec(), b"second".to_vec()];
    let transmission = Transmission {
        transport,
        host,
        port,
        messages: &messages,
        within: Duration::from_secs(5),
    };
    connector.transmit(transmission).await
}

async fn all(mut stream: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut read = Vec::new();
    // TLS may end without its farewell.
    let _ = stream.read_to_end(&mut read).await;
    read
}

#[tokio::test]
async fn messages_come_whole_and_in_order() {
    let connector = connector(&["localhost"], None);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let read = tokio::spawn(async move { all(listener.accept().await.unwrap().0).await });
    transmit(&connector, Transport::Tcp, "localhost", port)
        .await
        .unwrap();
    assert_eq!(read.await.unwrap(), b"firstsecond");

    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let by_address = self::connector(&["127.0.0.1"], None);
    transmit(&by_address, Transport::Udp, "127.0.0.1", port)
        .await
        .unwrap();
    for expected in ["first", "second"] {
        let mut buffer = [0; 100];
        let length = socket.recv(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], expected.as_bytes());
    }
}

#[tokio::test]
async fn tls_is_believed_with_the_operators_ca_alone() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let ca = NamedTempFile::new().unwrap();
    std::fs::write(ca.path(), made.cert.pem()).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let read = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                return all(stream).await;
            }
        }
    });
    let stranger = connector(&["localhost"], None);
    let refused = transmit(&stranger, Transport::Tls, "localhost", port).await;
    assert!(
        matches!(refused, Err(ConnectError::Socket(_) | ConnectError::Tls(_))),
        "{refused:?}"
    );
    let friend = connector(&["localhost"], Some(ca.path()));
    transmit(&friend, Transport::Tls, "localhost", port)
        .await
        .unwrap();
    assert_eq!(read.await.unwrap(), b"firstsecond");
}

#[tokio::test]
async fn a_receiver_that_reads_nothing_is_an_error() {
    let connector = connector(&["localhost"], None);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let closing = tokio::spawn(async move {
        for count in 0..20 {
            let (stream, _) = listener.accept().await.unwrap();
            if count % 2 == 0 {
                stream.readable().await.unwrap();
            }
        }
    });
    for count in 0..20 {
        let result = transmit(&connector, Transport::Tcp, "localhost", port).await;
        assert_eq!(kind(&result), "connection", "{count} {result:?}");
    }
    closing.await.unwrap();
    let result = transmit(&connector, Transport::Tcp, "localhost", port).await;
    assert_eq!(kind(&result), "connection", "nobody listens");
}

#[tokio::test]
async fn private_hosts_are_refused_unless_allowed_by_name() {
    let connector = connector(&["elsewhere.example"], None);
    for transport in [Transport::Udp, Transport::Tcp, Transport::Tls] {
        for host in [
            "localhost",
            "127.0.0.1",
            "127.1",
            "::1",
            "[::1]",
            "169.254.169.254",
        ] {
            let result = transmit(&connector, transport, host, 514).await;
            assert_eq!(kind(&result), "private", "{transport:?} {host} {result:?}");
        }
        for host in ["", "a b", "https://a.example", "a.example:514"] {
            let result = transmit(&connector, transport, host, 514).await;
            assert_eq!(kind(&result), "host", "{host}");
        }
    }
    assert_eq!(kind(&connector.check_host("10.0.0.1")), "private");
    assert_eq!(kind(&connector.check_host("siem.contoso.example")), "ok");
}
