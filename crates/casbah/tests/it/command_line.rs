//! The client's commands against a running server.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use casbah_model::time::Timestamp;
use casbah_token::SigningKey;
use serde_json::Value;

use crate::support::{Demo, casbah, err, out};

#[test]
fn every_list_comes_in_every_form() {
    let demo = Demo::play(&[]);
    for command in [
        vec!["alerts", "list"],
        vec!["activities", "list"],
        vec!["entities", "list"],
        vec!["ip-range", "list"],
        vec!["app", "list"],
        vec!["app", "audit"],
        vec!["app", "credentials"],
        // Not what reading adds to.
        vec!["audit", "list", "--action", "application."],
        vec!["tenant", "list"],
        vec!["keys", "list"],
        vec!["discovery", "streams"],
        vec!["discovery", "apps", "--report", "Demo report"],
        vec!["discovery", "categories", "--report", "Demo report"],
        vec!["discovery", "uploads"],
    ] {
        let in_form = |form: &str| {
            let output = demo.casbah(&[&command[..], &["--output", form]].concat());
            assert!(output.status.success(), "{command:?} {}", err(&output));
            out(&output)
        };
        let json: Value = serde_json::from_str(&in_form("json")).unwrap();
        let records = json.as_array().unwrap_or_else(|| panic!("{command:?}"));
        let lines = in_form("ndjson");
        let lines: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(&lines, records, "{command:?}");
        let csv = in_form("csv");
        let rows = csv::Reader::from_reader(csv.as_bytes()).into_records();
        assert_eq!(rows.flatten().count(), records.len(), "{command:?}");
        let is_empty = command[0] == "ip-range";
        assert_eq!(records.is_empty(), is_empty, "{command:?}");
        assert_eq!(in_form("table").is_empty(), is_empty, "{command:?}");
    }
    demo.end();
}

#[test]
fn what_was_said_of_alerts_and_activities_is_shown() {
    let demo = Demo::play(&[]);
    let run = |arguments: &[&str]| {
        let output = demo.casbah(arguments);
        assert!(output.status.success(), "{arguments:?} {}", err(&output));
        out(&output)
    };
    let read = |arguments: &[&str]| -> Value {
        serde_json::from_str(&run(&[arguments, &["--output", "json"]].concat())).unwrap()
    };
    let open = read(&["alerts", "list", "--open"]);
    let id = open[0]["_id"].as_str().unwrap();
    let close = [
        "alerts",
        "close",
        id,
        "--as",
        "benign",
        "--reason",
        "test",
        "--comment",
        "a test",
        "--feedback",
        "too loud",
        "--contact",
        "soc@contoso.example",
    ];
    run(&close);
    let history = read(&["alerts", "history", id]);
    assert_eq!(history.as_array().unwrap().len(), 1, "{history}");
    for (name, value) in [
        ("comment", "a test"),
        ("feedbackText", "too loud"),
        ("contactEmail", "soc@contoso.example"),
    ] {
        assert_eq!(history[0][name], value);
    }
    let table = run(&["alerts", "history", id, "--output", "csv"]);
    assert!(table.contains(",benign,test,a test,too loud,"), "{table}");
    // Somebody is asked about a remark alone.
    let without = [
        "alerts",
        "close",
        id,
        "--as",
        "benign",
        "--contact",
        "a@b.example",
    ];
    assert_eq!(demo.casbah(&without).status.code(), Some(2));

    let activities = read(&["activities", "list", "--limit", "1"]);
    let id = activities[0]["_id"].as_str().unwrap();
    let feedback = ["activities", "feedback"];
    run(&[
        &feedback[..],
        &["give", id, "--verdict", "harmless", "--feedback", "a test"],
    ]
    .concat());
    let said = read(&[&feedback[..], &["list", id]].concat());
    assert_eq!(said[0]["feedbackValue"], "harmless");
    assert_eq!(said[0]["feedbackText"], "a test");
    assert_eq!(
        demo.casbah(&["activities", "feedback", "list", "1_x"])
            .status
            .code(),
        Some(1)
    );
    demo.end();
}

#[test]
fn the_audit_is_verified_against_an_end_that_was_kept() {
    let demo = Demo::play(&[]);
    let directory = tempfile::tempdir().unwrap();
    let head = directory.path().join("head.json");
    let head = head.to_str().unwrap();
    let run = |arguments: &[&str]| {
        let output = demo.casbah(arguments);
        (output.status.code(), out(&output), err(&output))
    };
    assert_eq!(run(&["audit", "head", "export", head]).0, Some(0));
    let (code, shown, said) = run(&["audit", "verify", "--head", head]);
    assert_eq!(code, Some(0), "{said}");
    assert!(shown.contains("LAST LINK") && said.contains("intact"));
    // An end that the chain never had.
    let mut kept: Value = serde_json::from_slice(&std::fs::read(head).unwrap()).unwrap();
    kept["heads"][0]["sequence"] = 1_000_000.into();
    std::fs::write(head, kept.to_string()).unwrap();
    let (code, shown, said) = run(&["audit", "verify", "--head", head]);
    assert_eq!(code, Some(1), "{said}");
    assert!(shown.contains("tailRemoved"), "{shown}");
    let (_, listed, _) = run(&["audit", "list", "--action", "token.", "--output", "json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let listed = listed.as_array().unwrap();
    let names_the_secret = |record: &Value| {
        let detail = record["detail"].as_str().unwrap();
        detail.starts_with("client_credentials with secret ")
    };
    assert!(listed.iter().any(names_the_secret));
    assert!(listed.iter().all(|record| record["source"].is_string()));
    demo.end();
}

#[test]
fn an_application_acts_with_a_secret_that_is_never_an_argument() {
    let demo = Demo::play(&[]);
    let as_app = |arguments: &[&str], secret: Option<&str>| {
        let mut command = casbah(arguments);
        command
            .env("CASBAH_URL", &demo.url)
            .env("CASBAH_CA", &demo.ca)
            .env("CASBAH_TENANT_ID", &demo.tenant)
            .env("CASBAH_CLIENT_ID", &demo.app);
        if let Some(secret) = secret {
            command.env("CASBAH_CLIENT_SECRET", secret);
        }
        command.output().unwrap()
    };
    let list = ["alerts", "list", "--output", "json"];
    for (arguments, secret, code, said) in [
        (&list[..], Some(demo.secret.as_str()), 0, ""),
        (&list[..], Some("wrong"), 3, "AADSTS7000215"),
        (&list[..], None, 2, "--secret-file"),
        (&["subnets", "list"][..], Some(demo.secret.as_str()), 0, ""),
        (
            &[
                "subnets",
                "create",
                "x",
                "--category",
                "corporate",
                "10.0.0.0/8",
            ][..],
            Some(demo.secret.as_str()),
            3,
            "Insufficient role based permissions",
        ),
    ] {
        let output = as_app(arguments, secret);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?} {}",
            err(&output)
        );
        assert!(
            err(&output).contains(said),
            "{arguments:?} {}",
            err(&output)
        );
        assert!(!err(&output).contains(&demo.secret));
    }
    demo.end();
}

#[test]
fn an_application_proves_itself_with_a_certificate() {
    let demo = Demo::play(&[]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("connector.pem");
    let key = SigningKey::generate(Timestamp::now().seconds() - 60).unwrap();
    let pem = |label: &str, der: &[u8]| {
        let text = STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
    };
    let both =
        pem("PRIVATE KEY", &key.to_pkcs8().unwrap()) + &pem("CERTIFICATE", key.certificate_der());
    std::fs::write(&file, both).unwrap();
    let file = file.to_str().unwrap();
    let as_app = || {
        casbah(&["alerts", "list", "--output", "json"])
            .env("CASBAH_URL", &demo.url)
            .env("CASBAH_CA", &demo.ca)
            .env("CASBAH_TENANT_ID", &demo.tenant)
            .env("CASBAH_CLIENT_ID", &demo.app)
            .env("CASBAH_CERTIFICATE", file)
            .output()
            .unwrap()
    };
    let before = as_app();
    assert_eq!(before.status.code(), Some(3), "{}", err(&before));
    assert!(err(&before).contains("AADSTS700027"), "{}", err(&before));

    let certificate = |arguments: &[&str]| {
        let command = [&["app", "certificate"], arguments, &["-o", "ndjson"]].concat();
        let output = demo.casbah(&command);
        assert!(output.status.success(), "{}", err(&output));
        out(&output)
    };
    let added = certificate(&["add", &demo.app, file, "--name", "test"]);
    assert!(!added.contains("PRIVATE"));
    let added: Value = serde_json::from_str(&added).unwrap();
    assert!(as_app().status.success(), "{}", err(&as_app()));
    let listed = certificate(&["list", &demo.app]);
    assert_eq!(serde_json::from_str::<Value>(&listed).unwrap(), added);
    certificate(&["remove", &demo.app, added["keyId"].as_str().unwrap()]);
    assert_eq!(as_app().status.code(), Some(3));
    demo.end();
}

#[test]
fn a_history_in_any_order_is_seen_whole() {
    let demo = Demo::play(&[]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("history.jsonl");
    // More than one batch, the newest first.
    let newest = Timestamp::now();
    let filler = "x".repeat(1_000);
    let event = |count: i64, user: &str, operation: &str| {
        let time = newest.plus_millis(count * -1_000).to_iso_seconds();
        serde_json::json!({
            "Id": format!("{user}-{count}"), "CreationTime": time.trim_end_matches('Z'),
            "Workload": "AzureActiveDirectory", "Operation": operation, "RecordType": 15,
            "UserId": user, "UserType": 0, "ClientIP": "194.25.0.60", "Filler": filler,
        })
        .to_string()
    };
    let mut lines: Vec<String> = (0..6_000)
        .map(|count| event(count, "erika@fabrikam.example", "UserLoggedIn"))
        .collect();
    let failures =
        (6_000..6_040).map(|count| event(count, "frida@fabrikam.example", "UserLoginFailed"));
    lines.extend(failures);
    std::fs::write(&file, lines.join("\n")).unwrap();
    let output = demo.ingest(&file);
    assert!(output.status.success(), "{}", err(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["accepted"], &report["late"]),
        (&6_040.into(), &0.into())
    );
    let found = (0..300).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        let list = [
            "alerts",
            "list",
            "--user",
            "frida@fabrikam.example",
            "-o",
            "ndjson",
        ];
        !out(&demo.casbah(&list)).is_empty()
    });
    assert!(found, "no alert within a minute");
    demo.end();
}

#[test]
fn one_data_directory_has_one_server() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data-dir", data];
    let mut first = casbah(&serve).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut told = BufReader::new(first.stdout.take().unwrap());
    told.read_line(&mut line).unwrap();
    let second = casbah(&serve).output().unwrap();
    assert_eq!(second.status.code(), Some(1), "{}", out(&second));
    assert!(
        err(&second).contains("another server's"),
        "{}",
        err(&second)
    );
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn without_a_server_the_next_step_is_said() {
    for (arguments, code, said) in [
        (vec!["alerts", "list"], 2, "CASBAH_URL"),
        (
            vec!["alerts", "list", "--url", "https://localhost:1"],
            3,
            "casbah login",
        ),
        (vec!["alerts", "list", "--output", "xml"], 2, "ndjson"),
    ] {
        let output = casbah(&arguments).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?} {}",
            err(&output)
        );
        assert!(
            err(&output).contains(said),
            "{arguments:?} {}",
            err(&output)
        );
    }
}
