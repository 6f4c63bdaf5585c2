//! People, managed by command on a running server, and the way back in.

use std::process::Output;

use serde_json::Value;

use crate::support::{Demo, casbah, err, out};

const EVE: &str = "eve@casbah.localhost";

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", err(output));
    serde_json::from_str(&out(output)).unwrap()
}

#[test]
fn people_are_managed_by_command() {
    let demo = Demo::play(&[]);
    let user = |arguments: &[&str]| {
        let arguments = [&["user"], arguments].concat();
        demo.casbah(&arguments)
    };
    let made = json(&user(&["create", EVE, "--name", "Eve", "-o", "json"]));
    assert_eq!(made["userPrincipalName"], EVE);
    assert_eq!(made["oneTimePassword"].as_str().unwrap().len(), 23);
    let again = user(&["create", EVE]);
    assert_eq!(again.status.code(), Some(1));
    assert!(err(&again).contains("already exists"), "{}", err(&again));

    assert!(
        user(&["assign-role", EVE, "security-reader"])
            .status
            .success()
    );
    let shown = json(&user(&["show", EVE, "-o", "json"]));
    assert_eq!(shown["roles"][0], "Security Reader");
    let listed = out(&user(&["list", "-o", "csv"]));
    assert!(
        listed.contains("eve@casbah.localhost,Eve,true,Security Reader,"),
        "{listed}"
    );
    let lines = out(&user(&["list", "-o", "ndjson"]));
    assert_eq!(lines.lines().count(), 2);
    assert!(
        user(&["remove-role", EVE, "Security Reader"])
            .status
            .success()
    );
    let none = user(&["remove-role", EVE, "Security Reader"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(out(&user(&["roles"])).contains("Privileged Role Administrator"));

    assert!(user(&["disable", EVE]).status.success());
    assert_eq!(
        json(&user(&["show", EVE, "-o", "json"]))["accountEnabled"],
        false
    );
    assert!(user(&["enable", EVE]).status.success());
    assert!(user(&["sign-out", EVE]).status.success());
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("password");
    let path = file.to_str().unwrap();
    let reset = json(&user(&[
        "reset-password",
        EVE,
        "--password-out",
        path,
        "-o",
        "json",
    ]));
    assert!(reset["oneTimePassword"].is_null());
    let text = std::fs::read_to_string(&file).unwrap();
    assert_ne!(made["oneTimePassword"], text.as_str());
    assert_eq!(text.len(), 23);

    let ada = "ada@casbah.localhost";
    let invited = json(&user(&["invite", ada, "-o", "json"]));
    let link = invited["inviteRedeemUrl"].as_str().unwrap();
    assert!(
        link.starts_with(&format!("{}/casbah/invitation/", demo.url)),
        "{link}"
    );

    assert_eq!(
        user(&["delete", EVE]).status.code(),
        Some(2),
        "nobody was asked"
    );
    assert!(user(&["delete", EVE, "--yes"]).status.success());
    assert_eq!(user(&["show", EVE]).status.code(), Some(1));
    let last = user(&["disable", "admin@casbah.localhost"]);
    assert_eq!(last.status.code(), Some(1));
    assert!(
        err(&last).contains("last enabled Global Administrator"),
        "{}",
        err(&last)
    );
}

#[test]
fn nothing_is_recovered_where_no_server_was() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let refused = casbah(&["admin", "recover", "--data-dir", data])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        err(&refused).contains("no server has started"),
        "{}",
        err(&refused)
    );
}
