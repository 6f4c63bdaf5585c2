//! The client's commands against a running server.

use serde_json::Value;

use crate::support::{Demo, casbah, err, out};

#[test]
fn every_list_comes_in_every_form() {
    let demo = Demo::play(&[]);
    for command in [
        vec!["alerts", "list"],
        vec!["activities", "list"],
        vec!["entities", "list"],
        vec!["subnets", "list"],
        vec!["app", "list"],
        vec!["tenant", "list"],
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
        let is_empty = command[0] == "subnets";
        assert_eq!(records.is_empty(), is_empty, "{command:?}");
        assert_eq!(in_form("table").is_empty(), is_empty, "{command:?}");
    }
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
