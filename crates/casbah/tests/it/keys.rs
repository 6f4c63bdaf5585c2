//! Signing keys and the master key, changed by command on a running server.

use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use crate::support::{Demo, casbah, err, out, terminate};

const RECORDS: &str = "/casbah/v1/keys";

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", err(output));
    serde_json::from_str(&out(output)).unwrap()
}

fn key_of(token: &str) -> String {
    casbah_token::decode_unverified(token).unwrap().header["kid"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn tokens_outlive_a_rotation_and_end_with_a_compromised_key() {
    let demo = Demo::play(&[]);
    let old = demo.token().await;
    let call = async |token: &str| demo.call("GET", "/api/v1/alerts/", token, "").await.status;
    assert_eq!(call(&old).await, StatusCode::OK);

    let next = json(&demo.casbah(&["keys", "rotate", "-o", "json"]));
    assert_eq!(next["state"], "published");
    let listed = json(&demo.casbah(&["keys", "list", "-o", "json"]));
    assert_eq!(listed[0]["kid"], next["kid"]);
    assert_eq!(listed[1]["kid"], key_of(&old).as_str());
    let published = demo.key_set().await;
    assert_eq!(published, [next["kid"].as_str().unwrap(), &key_of(&old)]);
    assert_eq!(call(&old).await, StatusCode::OK);
    assert_eq!(key_of(&demo.token().await), key_of(&old));

    let rotated = demo.casbah(&["keys", "rotate", "--now", "-o", "json"]);
    let fresh = json(&rotated);
    assert!(err(&rotated).contains("All tokens issued until now are refused"));
    assert_eq!(call(&old).await, StatusCode::UNAUTHORIZED);
    assert_eq!(demo.key_set().await, [fresh["kid"].as_str().unwrap()]);
    let new = demo.token().await;
    assert_eq!(fresh["kid"], key_of(&new).as_str());
    assert_eq!(call(&new).await, StatusCode::OK);

    // The same with keys on P-256.
    let chosen = demo.casbah(&[
        "keys",
        "rotate",
        "--now",
        "--algorithm",
        "es256",
        "-o",
        "json",
    ]);
    assert_eq!(json(&chosen)["algorithm"], "ES256");
    let token = demo.token().await;
    let header = casbah_token::decode_unverified(&token).unwrap().header;
    assert_eq!(header["alg"], "ES256");
    assert_eq!(call(&token).await, StatusCode::OK);
    assert_eq!(call(&new).await, StatusCode::UNAUTHORIZED);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, &token).unwrap();
    let verified = demo.casbah(&["token", "verify", file.to_str().unwrap()]);
    assert!(verified.status.success(), "{}", err(&verified));
    let (signed, _) = token.rsplit_once('.').unwrap();
    std::fs::write(&file, format!("{signed}.{}", "A".repeat(86))).unwrap();
    let forged = demo.casbah(&["token", "verify", file.to_str().unwrap()]);
    assert_eq!(forged.status.code(), Some(3));
    assert!(
        err(&forged).contains("signature is wrong"),
        "{}",
        err(&forged)
    );

    // Only who manages tenants may, and the audit knows who did.
    let refused = demo.call("GET", RECORDS, &token, "").await;
    assert_eq!(
        refused.status,
        StatusCode::UNAUTHORIZED,
        "for another resource"
    );
    let kept = demo.casbah(&["audit", "list", "--action", "signing_key.", "-o", "json"]);
    let kept = json(&kept);
    let kept: Vec<_> = kept.as_array().unwrap().iter().collect();
    for (action, key) in [
        ("signing_key.rotate", &next),
        ("signing_key.rotate_at_once", &fresh),
    ] {
        let record = kept
            .iter()
            .find(|record| record["action"] == action && record["target"] == key["kid"]);
        let record = record.unwrap_or_else(|| panic!("{action}"));
        assert!(record["source"].is_string());
    }
    demo.end();
}

/// `casbah serve` on a data directory, started.
fn serve(data_dir: &Path) -> Child {
    let started = data_dir.with_extension("started");
    let mut command = casbah(&["serve", "--listen", "127.0.0.1:0", "--data-dir"]);
    command.arg(data_dir).arg("--start-file").arg(&started);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while !started.exists() {
        assert_eq!(child.try_wait().unwrap(), None, "the server did not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    std::fs::remove_file(started).unwrap();
    child
}

fn end(mut child: Child) {
    terminate(&child);
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_master_key_changes_while_the_server_is_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let new_key = directory.path().join("new.key");
    let rewrap = || {
        let mut command = casbah(&["keys", "rewrap", "--data-dir"]);
        command.arg(&data_dir).arg("--new-master-key-file");
        command.arg(&new_key).output().unwrap()
    };
    let running = serve(&data_dir);
    let refused = rewrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(err(&refused).contains("is another server's"));
    end(running);

    let kept = std::fs::read(data_dir.join("master.key")).unwrap();
    let done = rewrap();
    assert!(done.status.success(), "{}", err(&done));
    assert!(err(&done).contains("1 data key"), "{}", err(&done));
    let now = std::fs::read(data_dir.join("master.key")).unwrap();
    assert_eq!(now, std::fs::read(&new_key).unwrap());
    assert_ne!(now, kept);
    end(serve(&data_dir));

    // With the old key nothing starts, and nothing is lost.
    std::fs::write(data_dir.join("master.key"), kept).unwrap();
    let refused = casbah(&["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(&data_dir)
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    std::fs::write(data_dir.join("master.key"), now).unwrap();
    end(serve(&data_dir));
}

#[test]
fn a_key_signs_for_days_that_make_sense() {
    for (days, code) in [("3", 2), ("1096", 2), ("x", 2)] {
        let refused = casbah(&["serve", "--signing-days", days]).output().unwrap();
        assert_eq!(refused.status.code(), Some(code), "{}", err(&refused));
        assert!(err(&refused).contains("a key signs for 4 to 1095 days"));
    }
}
