//! Exports of a whole server to receivers on this machine, good and bad.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use casbah_connect::Egress;
use casbah_identity::webhook::WebhookSecret;
use casbah_model::ids::KeyId;
use casbah_model::permission::CasbahRole;
use casbah_model::time::Timestamp;
use casbah_store::{AuditQuery, FeedPosition, Following};
use casbah_testing::TlsServer;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::runner::Runner;
use crate::testing::TestServer;

const EXPORTS: &str = "/casbah/v1/exports";

/// Longer than anything here takes.
const LONG: Duration = Duration::from_mins(1);

/// How a receiver answers a message.
#[derive(Clone, Copy)]
enum Behaviour {
    Takes,
    Answers(StatusCode),
    /// Takes the message, and answers when nobody listens any more.
    AnswersLate,
    Closes,
    LeadsElsewhere,
    IsBusy,
}

/// A message that came.
#[derive(Clone)]
struct Message {
    id: String,
    signature: String,
    sent: i64,
    body: Vec<u8>,
}

impl Message {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Seen {
    plan: VecDeque<Behaviour>,
    all: Vec<Message>,
    taken: Vec<Message>,
}

/// A receiver that behaves as planned, and takes everything then.
struct Receiver {
    server: TlsServer,
    seen: Arc<Mutex<Seen>>,
}

impl Receiver {
    fn start(plan: &[Behaviour]) -> Self {
        let seen = Arc::new(Mutex::new(Seen {
            plan: plan.iter().copied().collect(),
            ..Seen::default()
        }));
        let router = Router::new()
            .route("/in", post(receive))
            .with_state(Arc::clone(&seen));
        let server = TlsServer::start(router).unwrap();
        Self { server, seen }
    }

    fn egress(&self) -> Egress {
        Egress {
            allow: vec!["localhost".parse().unwrap()],
            ca_files: vec![self.server.ca().to_owned()],
        }
    }

    fn url(&self) -> String {
        format!("{}/in", self.server.origin("localhost"))
    }

    /// The ids of the records that were taken, each message counted once.
    fn records(&self, kind: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let (mut ids, mut records) = (Vec::new(), Vec::new());
        for message in &seen.taken {
            let json = message.json();
            if json["type"] == kind && !ids.contains(&message.id) {
                ids.push(message.id.clone());
                let data = json["data"].as_array().unwrap().iter();
                records.extend(data.map(|record| record["_id"].as_str().unwrap().to_owned()));
            }
        }
        records
    }
}

async fn receive(
    State(seen): State<Arc<Mutex<Seen>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let message = Message {
        id: header("webhook-id"),
        signature: header("webhook-signature"),
        sent: header("webhook-timestamp").parse().unwrap(),
        body: body.to_vec(),
    };
    let behaviour = {
        let mut seen = seen.lock().unwrap();
        let behaviour = seen.plan.pop_front().unwrap_or(Behaviour::Takes);
        seen.all.push(message.clone());
        if matches!(behaviour, Behaviour::Takes | Behaviour::AnswersLate) {
            seen.taken.push(message);
        }
        behaviour
    };
    match behaviour {
        Behaviour::Takes => StatusCode::NO_CONTENT.into_response(),
        Behaviour::Answers(status) => (status, "no").into_response(),
        Behaviour::AnswersLate => {
            tokio::time::sleep(LONG).await;
            StatusCode::OK.into_response()
        }
        // The connection ends with its task.
        Behaviour::Closes => std::panic::resume_unwind(Box::new(())),
        Behaviour::LeadsElsewhere => {
            (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, "/in")]).into_response()
        }
        Behaviour::IsBusy => (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "0")]).into_response(),
    }
}

/// A node that runs exports, and hurries.
struct Node {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Node {
    fn start(server: &TestServer) -> Self {
        let (stop, stopped) = watch::channel(false);
        let runner = Runner {
            app: Arc::clone(&server.app),
            node: KeyId::random(),
            within: Duration::from_millis(500),
            interval: Duration::from_millis(10),
            pause: |_, asked| asked.unwrap_or(Duration::from_millis(20)),
        };
        let task = tokio::spawn(runner.run(stopped));
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
    }
}

async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LONG, waiting).await.unwrap();
}

/// A server and who manages its exports.
struct Managed {
    server: TestServer,
    token: String,
}

impl Managed {
    async fn start(egress: Egress) -> Self {
        let server = TestServer::start_with(egress).await;
        let role = CasbahRole::ConnectorManage;
        let client = server.casbah_client(server.tenant, role).await;
        let token = server.casbah_token(&client, role);
        Self { server, token }
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let path = format!("{EXPORTS}{path}");
        let answer = self
            .server
            .call(method, &path, Some(&self.token), body.to_string());
        let answer = answer.await;
        let json = serde_json::from_str(&answer.text).unwrap_or_default();
        (answer.status, json)
    }

    /// Makes an export; answers its record.
    async fn create(&self, body: &Value) -> Value {
        let (status, made) = self.call("POST", "", body).await;
        assert_eq!(status, 201, "{made}");
        made
    }

    async fn fetch(&self, made: &Value) -> Value {
        let path = format!("/{}", made["id"].as_str().unwrap());
        let (status, export) = self.call("GET", &path, &json!({})).await;
        assert_eq!(status, 200, "{export}");
        export
    }

    /// The ids of all activities in the order of their arrival.
    async fn arrived(&self) -> Vec<String> {
        let (mut all, mut place) = (Vec::new(), FeedPosition::START);
        loop {
            let store = &self.server.app.store;
            let read = store.activities_arrived(self.server.tenant, place, 1_000);
            let Following::Changes {
                records,
                next,
                has_next,
            } = read.await.unwrap()
            else {
                panic!("the feed does not reach back");
            };
            all.extend(records.iter().map(|(_, record)| {
                let record: Value = serde_json::from_slice(record).unwrap();
                record["_id"].as_str().unwrap().to_owned()
            }));
            place = next;
            if !has_next {
                return all;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_loses_nothing_whatever_its_receiver_does() {
    use Behaviour::*;
    let receiver = Receiver::start(&[
        Answers(StatusCode::INTERNAL_SERVER_ERROR),
        Closes,
        Takes,
        AnswersLate,
        IsBusy,
        LeadsElsewhere,
        Takes,
        Answers(StatusCode::NOT_FOUND),
        Answers(StatusCode::BAD_GATEWAY),
        Closes,
    ]);
    let managed = Managed::start(receiver.egress()).await;
    let made = managed
        .create(&json!({"name": "SOAR", "kind": "webhook", "url": receiver.url()}))
        .await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"));
    assert!(managed.fetch(&made).await.get("secret").is_none());
    managed.server.play_demo(managed.server.tenant).await;
    let expected = managed.arrived().await;
    assert!(expected.len() > 300, "{}", expected.len());

    let node = Node::start(&managed.server);
    until(async || receiver.seen.lock().unwrap().all.len() >= 4).await;
    node.stop().await;
    // The next one goes on where the first stopped.
    let node = Node::start(&managed.server);
    until(async || receiver.records("activities.arrived").len() >= expected.len()).await;
    until(async || !receiver.records("alerts.changed").is_empty()).await;
    until(async || managed.fetch(&made).await["state"] == "running").await;
    assert_eq!(receiver.records("activities.arrived"), expected);

    let (all, taken) = {
        let seen = receiver.seen.lock().unwrap();
        (seen.all.clone(), seen.taken.clone())
    };
    let secret = WebhookSecret::parse(&secret.into()).unwrap();
    for message in &all {
        let signature = secret.sign(&message.id, message.sent, &message.body);
        assert_eq!(message.signature, signature);
        let json = message.json();
        assert_eq!(json["tenantId"], managed.server.tenant.to_string());
        assert!(json["data"].as_array().unwrap().len() <= 100);
        for other in &all {
            if other.id == message.id {
                assert_eq!(other.body, message.body, "a batch is the same at every try");
            }
        }
    }
    let late = &taken[1];
    let again = taken.iter().filter(|message| message.id == late.id);
    assert!(again.count() >= 2, "who answers late gets it again");
    let export = managed.fetch(&made).await;
    assert_eq!(export["failures"], 0);
    assert_eq!(export["lastError"], Value::Null);
    assert!(export["lastSent"].is_string());
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_told_and_an_end_switches_off() {
    let receiver = Receiver::start(&[
        Behaviour::Answers(StatusCode::FORBIDDEN),
        Behaviour::Answers(StatusCode::GONE),
    ]);
    let managed = Managed::start(receiver.egress()).await;
    let made = managed
        .create(
            &json!({"name": "SOAR", "kind": "webhook", "url": receiver.url(),
            "feeds": ["alerts"]}),
        )
        .await;
    managed.server.play_demo(managed.server.tenant).await;
    let (stop, stopped) = watch::channel(false);
    let patient = Runner {
        app: Arc::clone(&managed.server.app),
        node: KeyId::random(),
        within: LONG,
        interval: Duration::from_millis(10),
        pause: |failures, _| Duration::from_secs(60 * u64::from(failures)),
    };
    let task = tokio::spawn(patient.run(stopped));
    until(async || managed.fetch(&made).await["state"] == "failing").await;
    let failing = managed.fetch(&made).await;
    assert_eq!(failing["lastError"], "the receiver answered 403");
    assert_eq!(failing["failures"], 1);
    let next = Timestamp::parse(failing["nextTry"].as_str().unwrap()).unwrap();
    assert!(next.millis() > Timestamp::now().millis() + 30_000);
    stop.send(true).unwrap();
    task.await.unwrap();

    // Whoever repaired the receiver need not wait.
    let path = |what: &str| format!("/{}/{what}", made["id"].as_str().unwrap());
    let (status, _) = managed.call("POST", &path("enable"), &json!({})).await;
    assert_eq!(status, 200);
    let node = Node::start(&managed.server);
    until(async || managed.fetch(&made).await["state"] == "disabled").await;
    let ended = managed.fetch(&made).await;
    assert!(ended["lastError"].as_str().unwrap().contains("410"));
    let query = AuditQuery {
        action: Some("export.end".to_owned()),
        target: Some(made["id"].as_str().unwrap().to_owned()),
        limit: 2,
        ..AuditQuery::default()
    };
    let store = &managed.server.app.store;
    let audit = store.audit_list(managed.server.tenant, query).await;
    assert_eq!(audit.unwrap().len(), 1);
    managed.call("POST", &path("enable"), &json!({})).await;
    until(async || !receiver.records("alerts.changed").is_empty()).await;
    assert_eq!(receiver.records("activities.arrived"), [""; 0]);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_told_and_passed() {
    let receiver = Receiver::start(&[]);
    let managed = Managed::start(receiver.egress()).await;
    let made = managed
        .create(
            &json!({"name": "SOAR", "kind": "webhook", "url": receiver.url(),
            "feeds": "activities", "from": "start"}),
        )
        .await;
    managed.server.play_demo(managed.server.tenant).await;
    let store = &managed.server.app.store;
    let end = Timestamp::now().plus_millis(1_000);
    assert!(store.prune_changes(end).await.unwrap() > 0);
    let node = Node::start(&managed.server);
    until(async || managed.fetch(&made).await["feeds"][0]["gaps"] == 1).await;
    assert_eq!(receiver.records("activities.arrived"), [""; 0]);
    node.stop().await;
}

/// Reads octet-counted messages.
fn counted(mut text: &str) -> Vec<String> {
    let mut messages = Vec::new();
    while !text.is_empty() {
        let (length, rest) = text.split_once(' ').unwrap();
        let (message, rest) = rest.split_at(length.parse().unwrap());
        messages.push(message.to_owned());
        text = rest;
    }
    messages
}

#[tokio::test(flavor = "multi_thread")]
async fn syslog_goes_on_after_a_receiver_that_read_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (taken, mut all) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        for count in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            if count % 3 == 1 {
                // It closes with bytes unread.
                stream.readable().await.unwrap();
                continue;
            }
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            taken.send(counted(&text)).unwrap();
        }
    });
    let egress = Egress {
        allow: vec!["localhost".parse().unwrap()],
        ca_files: Vec::new(),
    };
    let managed = Managed::start(egress).await;
    let syslog = json!({"name": "SIEM", "kind": "syslog", "transport": "tcp",
        "host": "localhost", "port": port, "feeds": ["activities"]});
    let made = managed.create(&syslog).await;
    assert!(made.get("secret").is_none());
    managed.server.play_demo(managed.server.tenant).await;
    let expected = managed.arrived().await;
    // Of several nodes one sends.
    let nodes = [Node::start(&managed.server), Node::start(&managed.server)];
    let mut ids = Vec::new();
    while ids.len() < expected.len() {
        let batch = tokio::time::timeout(LONG, all.recv()).await.unwrap();
        for message in batch.unwrap() {
            assert!(message.starts_with("<110>1 "), "{message}");
            let (_, rest) = message.split_once("|externalId=").unwrap();
            ids.push(rest.split_once(' ').unwrap().0.to_owned());
        }
    }
    assert_eq!(ids, expected);
    for node in nodes {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_is_marked_and_tells_how_it_went() {
    let receiver = Receiver::start(&[Behaviour::Answers(StatusCode::FORBIDDEN)]);
    let managed = Managed::start(receiver.egress()).await;
    let hook = managed
        .create(&json!({"name": "SOAR", "kind": "webhook", "url": receiver.url()}))
        .await;
    let path = format!("/{}/test", hook["id"].as_str().unwrap());
    let (status, told) = managed.call("POST", &path, &json!({})).await;
    let error = "the receiver answered 403";
    assert_eq!(
        (status, told),
        (200, json!({"sent": false, "error": error}))
    );
    let (_, told) = managed.call("POST", &path, &json!({})).await;
    assert_eq!(told, json!({"sent": true, "error": null}));
    let message = receiver.seen.lock().unwrap().taken[0].json();
    assert_eq!(message["test"], true);
    assert_eq!(message["data"][0]["title"], "Test of an export");
    assert_eq!(managed.fetch(&hook).await["sent"], 0);

    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let syslog = json!({"name": "SIEM", "kind": "syslog", "transport": "udp",
        "host": "localhost", "port": socket.local_addr().unwrap().port()});
    let syslog = managed.create(&syslog).await;
    let path = format!("/{}/test", syslog["id"].as_str().unwrap());
    let (_, told) = managed.call("POST", &path, &json!({})).await;
    assert_eq!(told, json!({"sent": true, "error": null}));
    let mut buffer = [0; 4_096];
    let length = socket.recv(&mut buffer).await.unwrap();
    let text = std::str::from_utf8(&buffer[..length]).unwrap();
    assert!(text.contains("CEF:0|Casbah|SIEM_Agent|"), "{text}");
    assert!(text.contains(" cs6Label=test cs6=true"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_called_is_refused() {
    let managed = Managed::start(Egress::default()).await;
    let hook = |url: &str| json!({"name": "a", "kind": "webhook", "url": url});
    let syslog = |transport: &str, host: &str, port: i64| json!({"name": "a", "kind": "syslog", "transport": transport, "host": host, "port": port});
    let mut feeds = hook("https://a.example");
    feeds["feeds"] = json!(["entities"]);
    let mut none = hook("https://a.example");
    none["feeds"] = json!([]);
    let mut from = hook("https://a.example");
    from["from"] = json!("yesterday");
    let mut name = hook("https://a.example");
    name["name"] = json!(" ");
    for body in [
        json!({}),
        json!({"name": "a"}),
        json!({"name": "a", "kind": "kafka"}),
        json!({"name": "a", "kind": "webhook"}),
        hook("http://a.example"),
        hook("https://user:secret@a.example"),
        hook("https://10.0.0.1/"),
        hook("https://[::1]/"),
        hook(&format!("https://a.example/{}", "x".repeat(2_000))),
        syslog("http", "a.example", 514),
        syslog("tls", "169.254.169.254", 514),
        syslog("tls", "a.example/x", 514),
        syslog("tls", "a.example", 0),
        syslog("tls", "a.example", 65_536),
        feeds,
        none,
        from,
        name,
    ] {
        let (status, answer) = managed.call("POST", "", &body).await;
        assert_eq!(status, 400, "{body} {answer}");
        assert!(answer["errors"][0]["error"].is_string(), "{answer}");
    }
    let (_, listed) = managed.call("GET", "", &json!({})).await;
    assert_eq!(listed, json!({"data": []}));
    let made = managed.create(&syslog("tls", "localhost", 6_514)).await;
    let path = format!("/{}/test", made["id"].as_str().unwrap());
    let (_, told) = managed.call("POST", &path, &json!({})).await;
    let error = "the host is not of the public network; allow it by name to call it";
    assert_eq!(
        told["error"], error,
        "a name is looked at when it is called"
    );
    for path in ["/x", "/00000000-0000-0000-0000-000000000000"] {
        assert_eq!(managed.call("GET", path, &json!({})).await.0, 404, "{path}");
    }
}
