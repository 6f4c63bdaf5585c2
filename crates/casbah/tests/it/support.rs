//! A server that `casbah demo --keep` leaves running, and ways to reach it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use casbah_client::{Authority, Credential, TokenSource, Transport, well_known};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The binary under test.
pub(crate) const CASBAH: &str = env!("CARGO_BIN_EXE_casbah");

/// The last line that `demo --keep` prints.
const LAST_LINE: &str = "The server runs until Ctrl-C";

/// A played demonstration whose server still runs.
pub(crate) struct Demo {
    child: Child,
    /// All that it printed.
    pub(crate) told: String,
    pub(crate) url: String,
    pub(crate) tenant: String,
    pub(crate) ca: PathBuf,
    pub(crate) app: String,
    pub(crate) secret: String,
    /// Where the administrator's session is kept.
    pub(crate) state: PathBuf,
    http: Client,
}

impl Demo {
    /// Plays the demonstration with these arguments, and `--keep`.
    pub(crate) fn play(arguments: &[&str]) -> Self {
        let mut child = Command::new(CASBAH)
            .args(["demo", "--keep"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = String::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            told.push_str(&line);
            told.push('\n');
            if line.starts_with(LAST_LINE) {
                break;
            }
        }
        if !told.contains(LAST_LINE) {
            let output = child.wait_with_output().unwrap();
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            panic!("the demonstration ended early:\n{told}\n{errors}");
        }
        let named = |name: &str| {
            let line = told.lines().find(|line| line.starts_with(name)).unwrap();
            line[name.len()..].trim().to_owned()
        };
        let quoted = |before: &str| {
            let after = told.split_once(before).unwrap().1;
            after.split('\'').next().unwrap().to_owned()
        };
        let ca = PathBuf::from(named("CA "));
        let certificate = reqwest::Certificate::from_pem(&std::fs::read(&ca).unwrap()).unwrap();
        let http = Client::builder()
            .add_root_certificate(certificate)
            .timeout(Duration::from_mins(2))
            .build()
            .unwrap();
        Self {
            url: named("Server "),
            tenant: named("Tenant "),
            app: named("Application "),
            secret: std::fs::read_to_string(quoted("'client_secret@")).unwrap(),
            state: PathBuf::from(quoted("XDG_STATE_HOME='")),
            ca,
            http,
            told,
            child,
        }
    }

    /// Whether it printed all of these.
    pub(crate) fn has_told(&self, texts: &[&str]) {
        for text in texts {
            assert!(
                self.told.contains(text),
                "{text:?} is not in\n{}",
                self.told
            );
        }
    }

    /// Sends a file of Microsoft 365 events as the administrator.
    pub(crate) fn ingest(&self, file: &Path) -> Output {
        let file = file.to_str().unwrap();
        self.casbah(&["ingest", file, "--source", "microsoft365", "-o", "json"])
    }

    /// `casbah` as the administrator who signed in.
    pub(crate) fn casbah(&self, arguments: &[&str]) -> Output {
        casbah(arguments)
            .env("CASBAH_URL", &self.url)
            .env("CASBAH_CA", &self.ca)
            .env("XDG_STATE_HOME", &self.state)
            .output()
            .unwrap()
    }

    /// A token of the application.
    pub(crate) async fn token(&self) -> String {
        let transport = Transport::builder().ca_file(&self.ca).unwrap();
        let tokens = TokenSource::new(
            transport.build().unwrap(),
            Authority::custom(&self.url).unwrap(),
            self.tenant.clone(),
            Credential::client_secret(self.app.clone(), self.secret.clone()),
        );
        let token = tokens.token(well_known::CLOUD_APP_SECURITY).await;
        token.unwrap().secret().to_owned()
    }

    /// The names of the keys that are published.
    pub(crate) async fn key_set(&self) -> Vec<String> {
        let address = format!("{}/common/discovery/v2.0/keys", self.url);
        let answer = Answer::read(self.http.get(address).send().await.unwrap()).await;
        let keys = answer.body["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A request to the API with a token.
    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        token: &str,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let address = format!("{}{path}", self.url);
        let request = self
            .http
            .request(method.parse().unwrap(), address)
            .header("Content-Type", "application/json")
            .bearer_auth(token)
            .body(body);
        Answer::read(request.send().await.unwrap()).await
    }

    /// A whole list, a record a line.
    pub(crate) async fn lines(&self, path: &str, token: &str) -> String {
        let address = format!("{}{path}", self.url);
        let request = self.http.get(address).bearer_auth(token);
        let request = request.header("Accept", "application/x-ndjson");
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
        answer.text().await.unwrap()
    }

    /// A link to put a log to.
    pub(crate) async fn link(&self, token: &str, source: &str) -> String {
        let path = format!("/api/v1/discovery/upload_url/?filename=access.log&source={source}");
        let link = self.call("GET", &path, token, "").await;
        assert_eq!(link.status, StatusCode::OK, "{}", link.body);
        link.body["url"].as_str().unwrap().to_owned()
    }

    /// Puts a file to a link.
    pub(crate) async fn put(&self, link: &str, file: Vec<u8>) -> StatusCode {
        let request = self.http.put(link).header("x-ms-blob-type", "BlockBlob");
        request.body(file).send().await.unwrap().status()
    }

    /// Says that a file was put.
    pub(crate) async fn done(&self, token: &str, link: &str, report: &str) -> Answer {
        let body = json!({"uploadUrl": link, "inputStreamName": report, "uploadAsSnapshot": true});
        let path = "/api/v1/discovery/done_upload/";
        self.call("POST", path, token, body.to_string()).await
    }

    /// Uploads a Squid log in the three steps of the API, and what became of it.
    pub(crate) async fn upload(&self, token: &str, report: &str, file: Vec<u8>) -> Value {
        let link = self.link(token, "SQUID_NATIVE").await;
        assert_eq!(self.put(&link, file).await, StatusCode::CREATED);
        let done = self.done(token, &link, report).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
        let id = done.body["uploadId"].as_str().unwrap();
        let path = format!("/casbah/v1/discovery/uploads/{id}");
        for _ in 0..600 {
            let upload = self.call("GET", &path, token, "").await.body;
            if upload["state"] == "done" || upload["state"] == "failed" {
                return upload;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the upload was not read within a minute");
    }

    /// Ends the demonstration as a service manager would; its server ends with it.
    pub(crate) fn end(mut self) {
        terminate(&self.child);
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
        assert!(!Path::new(&self.ca).exists(), "the data stayed behind");
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            terminate(&self.child);
            drop(self.child.wait());
        }
    }
}

/// Asks a program to end.
pub(crate) fn terminate(child: &Child) {
    let pid = child.id().to_string();
    let status = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(status.success());
}

/// An answer with its JSON body; null where it has none.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: String,
    pub(crate) body: Value,
}

impl Answer {
    async fn read(response: Response) -> Self {
        let content_type = response.headers().get("content-type");
        let content_type = content_type.map_or("", |value| value.to_str().unwrap());
        Self {
            status: response.status(),
            content_type: content_type.to_owned(),
            body: serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default(),
        }
    }
}

/// `casbah` with no settings from the environment or from files.
pub(crate) fn casbah(arguments: &[&str]) -> Command {
    let mut command = Command::new(CASBAH);
    for (name, _) in std::env::vars() {
        if name.starts_with("CASBAH_") {
            command.env_remove(name);
        }
    }
    command
        .args(arguments)
        .env("CASBAH_CONFIG", "/nonexistent/casbah.toml")
        .env("XDG_STATE_HOME", "/nonexistent")
        .stdin(Stdio::null());
    command
}

/// What a program wrote to standard output.
pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a program wrote to standard error.
pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A server that may call another service, if it is said so; ended when dropped.
pub(crate) struct Serving {
    child: Child,
    start_file: PathBuf,
    _directory: TempDir,
}

impl Serving {
    /// A server that trusts this CA, and calls these hosts although they are private.
    pub(crate) fn start(ca: &Path, allow: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let start_file = directory.path().join("start.json");
        let mut command = casbah(&["serve", "--listen", "127.0.0.1:0", "--lateness", "0"]);
        command.arg("--data-dir").arg(directory.path().join("data"));
        command.arg("--start-file").arg(&start_file);
        command.arg("--egress-ca").arg(ca);
        for host in allow {
            command.args(["--egress-allow", host]);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let began = Instant::now();
        while !start_file.exists() {
            assert!(began.elapsed() < Duration::from_mins(1), "no start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self {
            child,
            start_file,
            _directory: directory,
        }
    }

    /// The file that says how to reach it.
    pub(crate) fn start_file(&self) -> &str {
        self.start_file.to_str().unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
