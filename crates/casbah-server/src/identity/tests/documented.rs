//! Requests for a token as the documentation's samples and the libraries behind them
//! send them: order, escapes and extra parameters included.

use axum::http::Method;

use super::Directory;

const RESOURCE: &str = "05a65629-4c1b-48c1-a78b-804c4abdd4af";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

struct Sample {
    what: &'static str,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
}

/// From "Access Microsoft Defender for Cloud Apps with application context" (Microsoft
/// Learn), and from recordings of the libraries.
const SAMPLES: &[Sample] = &[
    Sample {
        what: "PowerShell, Invoke-RestMethod with an ordered table",
        path: "/{tenant}/oauth2/token",
        headers: &[FORM],
        body: "resource={resource}&client_id={client}&client_secret={secret}\
               &grant_type=client_credentials",
    },
    Sample {
        what: "curl, a -d for each parameter",
        path: "/{tenant}/oauth2/v2.0/token",
        headers: &[FORM],
        body: "grant_type=client_credentials&client_id={client}&scope={resource}/.default\
               &client_secret={secret}",
    },
    Sample {
        what: "C#, MSAL.NET's AcquireTokenForClient",
        path: "/{tenant}/oauth2/v2.0/token",
        headers: &[
            (
                "content-type",
                "application/x-www-form-urlencoded; charset=utf-8",
            ),
            ("x-client-sku", "MSAL.NetCore"),
            ("x-client-ver", "4.66.2.0"),
            ("x-client-os", "Linux"),
            ("x-client-cpu", "x64"),
            ("x-anchormailbox", ""),
            ("client-request-id", "1d6d8f5a-6b1e-4a3e-9d5c-6f1a1c3d9e21"),
            ("return-client-request-id", "true"),
            ("x-ms-lib-capability", "retry-after, h429"),
        ],
        body: "client_id={client}&client_info=1&client_secret={secret}\
               &scope={resource}%2F.default&grant_type=client_credentials",
    },
    Sample {
        what: "Node, msal-node with its headers in the body, spaces unescaped",
        path: "/{tenant}/oauth2/v2.0/token",
        headers: &[FORM],
        body: "client_id={client}&scope={resource}%2F.default&grant_type=client_credentials\
               &x-client-SKU=msal.js.node&x-client-VER=1.2.0&x-client-OS=linux&x-client-CPU=x64\
               &x-ms-lib-capability=retry-after, h429&x-client-current-telemetry=2|771,0|,\
               &x-client-last-telemetry=2|0|||0,0\
               &client-request-id=dcff843c-3eaf-46b5-9eb3-b46db6e717fb&client_secret={secret}",
    },
    Sample {
        what: "Azure CLI, which asks for continuous access evaluation",
        path: "/{tenant}/oauth2/v2.0/token",
        headers: &[FORM],
        body: "client_id={client}&grant_type=client_credentials&client_info=1\
               &client_secret={secret}&claims=%7B%22access_token%22%3A%7B%22xms_cc%22%3A%7B\
               %22values%22%3A%5B%22CP1%22%5D%7D%7D%7D&scope={resource}%2F.default",
    },
];

#[tokio::test]
async fn every_sample_gets_a_token() {
    let directory = Directory::new().await;
    let one = directory.register(|_| {}).await;
    let fill = |text: &str| {
        text.replace("{tenant}", &directory.tenant.to_string())
            .replace("{resource}", RESOURCE)
            .replace("{client}", &one.application.app_id.to_string())
            .replace("{secret}", &one.secret)
    };
    for sample in SAMPLES {
        let (path, body) = (fill(sample.path), fill(sample.body));
        let mut browser = directory.browser();
        let page = browser
            .send(Method::POST, &path, sample.headers, body)
            .await;
        assert_eq!(page.status, 200, "{}: {}", sample.what, page.text);
        let answer = page.json();
        assert!(answer["access_token"].is_string(), "{}", sample.what);
        assert_eq!(answer.get("client_info"), None, "{}", sample.what);
    }
}
