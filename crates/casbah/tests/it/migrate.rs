//! A whole installation, moved to another database and back, and its clients none the
//! wiser.

use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Demo, casbah, err, out, terminate};

/// `casbah serve` on a port that stays the same, so that kept sign-ins go on.
fn serve(data_dir: &Path, port: u16, database: Option<&str>) -> Child {
    let started = data_dir.with_extension("started");
    let mut command = casbah(&["serve", "--lateness", "0", "--listen"]);
    command.arg(format!("127.0.0.1:{port}"));
    command.arg("--data-dir").arg(data_dir);
    command.arg("--start-file").arg(&started);
    if let Some(database) = database {
        command.args(["--database", database]);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while !started.exists() {
        assert_eq!(child.try_wait().unwrap(), None, "the server did not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    child
}

fn end(mut child: Child) {
    terminate(&child);
    assert!(child.wait().unwrap().success());
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn migrate(data_dir: &Path, from: &str, to: &str, more: &[&str]) -> Output {
    let mut command = casbah(&["migrate", "--from", from, "--to", to, "--data-dir"]);
    command.arg(data_dir).args(more).output().unwrap()
}

/// An empty PostgreSQL database, where there is a server for tests.
fn postgres() -> Option<String> {
    let Ok(server) = std::env::var("CASBAH_TEST_POSTGRES") else {
        eprintln!("skipped: CASBAH_TEST_POSTGRES names no PostgreSQL server");
        return None;
    };
    let name = format!("casbah_test_{}", std::process::id());
    let (base, _) = server.rsplit_once('/').unwrap();
    let made = std::process::Command::new("psql")
        .args([&server, "-q", "-c", &format!("CREATE DATABASE {name}")])
        .status();
    assert!(made.unwrap().success(), "psql makes no database");
    Some(format!("{base}/{name}"))
}

/// What a client reads: with the application's old secret, and as the administrator who
/// signed in before.
async fn seen(demo: &Demo) -> Vec<Value> {
    let token = demo.token().await;
    let mut seen = Vec::new();
    for path in [
        "/api/v1/alerts/",
        "/api/v1/activities/?limit=1000",
        "/api/v1/entities/",
        "/api/discovery/streams/",
    ] {
        let answer = demo.call("GET", path, &token, "").await;
        assert!(answer.status.is_success(), "{path}: {}", answer.body);
        seen.push(answer.body);
    }
    for list in [["app", "list"], ["user", "list"]] {
        let output = demo.casbah(&[list[0], list[1], "-o", "json"]);
        assert!(output.status.success(), "{}", err(&output));
        seen.push(serde_json::from_str(&out(&output)).unwrap());
    }
    seen
}

#[tokio::test]
async fn a_server_goes_on_where_it_was_moved_to() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let first = format!("sqlite:{}", data_dir.join("casbah.db").display());
    let last = format!("sqlite:{}", data_dir.join("moved.db").display());
    let port = free_port();
    let running = serve(&data_dir, port, None);
    let started: PathBuf = data_dir.with_extension("started");
    let demo = Demo::play(&["--start-file", started.to_str().unwrap()]);
    let before = seen(&demo).await;
    let refused = migrate(&data_dir, &first, &last, &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        err(&refused).contains("is another server's"),
        "{}",
        err(&refused)
    );
    end(running);
    std::fs::remove_file(&started).unwrap();

    let mut ways = vec![first];
    ways.extend(postgres());
    ways.push(last.clone());
    for way in ways.windows(2) {
        let moved = migrate(&data_dir, &way[0], &way[1], &["-o", "json"]);
        assert!(moved.status.success(), "{}", err(&moved));
        let tables: Vec<Value> = serde_json::from_str(&out(&moved)).unwrap();
        assert!(tables.iter().all(|table| table["same"] == true));
        let activities = tables
            .iter()
            .find(|table| table["table"] == "activity")
            .unwrap();
        assert_eq!(activities["target"]["rows"], 483);
        assert!(err(&moved).contains("master.key"), "{}", err(&moved));
        let again = migrate(&data_dir, &way[0], &way[1], &["--resume"]);
        assert_eq!(again.status.code(), Some(1));
        assert!(err(&again).contains("not empty"), "{}", err(&again));
    }

    let running = serve(&data_dir, port, Some(&last));
    assert_eq!(seen(&demo).await, before);
    let verified = demo.casbah(&["audit", "verify"]);
    assert!(verified.status.success(), "{}", err(&verified));
    let kept = demo.casbah(&["audit", "list", "--action", "installation.", "-o", "json"]);
    let kept: Vec<Value> = serde_json::from_str(&out(&kept)).unwrap();
    assert!(!kept.is_empty());
    end(running);
    std::fs::remove_file(&started).unwrap();
}

#[test]
fn what_cannot_be_moved_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let missing = format!("sqlite:{}", directory.path().join("none.db").display());
    for (from, to, expected) in [
        (missing.as_str(), "sqlite:x.db", "check --from"),
        (
            "mysql://x",
            "sqlite:x.db",
            "neither sqlite:PATH nor postgres://",
        ),
    ] {
        let refused = migrate(directory.path(), from, to, &[]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(err(&refused).contains(expected), "{}", err(&refused));
    }
    assert!(!directory.path().join("none.db").exists());
}
