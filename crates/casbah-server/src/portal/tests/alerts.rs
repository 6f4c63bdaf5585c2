//! Alerts: the list, the page of one, and how it is handled there.

use casbah_model::identity::DirectoryRole;
use casbah_model::ids::RecordId;

use super::{PASSWORD, administrator, demonstrated, done, post, rows, sign_in_as};
use crate::testing::browser::{Browser, Page};
use crate::testing::directory::Directory;

const HERE: &str = "/portal/alerts";

/// The table of this name on a page.
fn table<'a>(page: &'a Page, name: &str) -> &'a str {
    let rest = page.text.split_once(&format!("id=\"{name}\""));
    let rest = rest.unwrap_or_else(|| panic!("no {name} in {}", page.text));
    rest.1.split_once("</table>").unwrap().0
}

async fn first(browser: &mut Browser) -> String {
    rows(&browser.get(HERE).await).remove(0)
}

#[tokio::test]
async fn the_list_is_filtered_and_shows_what_is_open() {
    let (_directory, mut browser) = demonstrated().await;
    let page = browser.get(HERE).await;
    let all = rows(&page);
    assert!(all.len() > 1, "{}", page.text);
    for said in [
        "Impossible travel activity",
        "Multiple failed login attempts",
        "Unread",
    ] {
        assert!(page.text.contains(said), "{said}");
    }
    let path = all[0].clone();
    done(
        &mut browser,
        &format!("{path}/close"),
        &[("closing", "benign")],
    )
    .await;
    for (query, is_seen) in [
        ("", false),
        ("standing=closed", true),
        ("standing=4", true),
        ("standing=5", false),
        ("standing=all", true),
        ("standing=all&days=90&severity=3", false),
        ("standing=all&until=2001-01-01T00:00", false),
        ("standing=all&user=adele%40contoso.example&read=no", false),
    ] {
        let page = browser.get(&format!("{HERE}?{query}")).await;
        assert_eq!(page.status, 200);
        assert_eq!(rows(&page).contains(&path), is_seen, "{query}");
    }
    let page = browser
        .get(&format!("{HERE}?user=chloe%40contoso.example"))
        .await;
    let found = rows(&page).len();
    assert!(
        found > 0 && !page.text.contains("Impossible travel"),
        "{}",
        page.text
    );
    assert!(
        page.text
            .contains("name=\"user\" value=\"chloe@contoso.example\"")
    );
    let page = browser.get(&format!("{HERE}?severity=bad")).await;
    assert!(page.text.contains("Choose one of the values"));
}

#[tokio::test]
async fn the_page_of_one_leads_to_its_evidence_and_back() {
    let (_directory, mut browser) = demonstrated().await;
    let path = first(&mut browser).await;
    let page = browser.get(&path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    for said in [
        "<h2>Description</h2>",
        "Why it was raised",
        "<h2>Essentials</h2>",
        "Nobody has closed this alert yet",
        "IP Geolocation by DB-IP",
    ] {
        assert!(page.text.contains(said), "{said}: {}", page.text);
    }
    assert!(!page.text.contains("{kilometres}") && !page.text.contains("{failures}"));
    let of = |name: &str, before: &str| {
        let table = table(&page, name);
        let links = table.split(before).skip(1);
        let links = links.map(|link| link.split('"').next().unwrap());
        links
            .map(|link| link.replace("&#38;", "&"))
            .collect::<Vec<_>>()
    };
    let evidence = of("evidence", "<a href=\"/portal/activities/");
    assert!(!evidence.is_empty());
    let activity = browser
        .get(&format!("/portal/activities/{}", evidence[0]))
        .await;
    let back = table(&activity, "alerts");
    assert!(back.contains(&format!("href=\"{path}\"")), "{back}");

    let entities = of("entities", "<a href=\"/portal/activities?");
    assert!(entities.len() >= 4, "{entities:?}");
    for query in entities {
        let list = browser.get(&format!("/portal/activities?{query}")).await;
        assert_eq!(list.status, 200);
        assert!(!rows(&list).is_empty(), "{query}");
    }
    let all = page.attribute("<p class=\"hint\"><a href=\"");
    let list = browser.get(&all).await;
    assert!(
        rows(&list).contains(&format!("/portal/activities/{}", evidence[0])),
        "{all}"
    );
    let proven = format!("Only activities that prove <a href=\"{path}\">an alert</a>");
    assert!(list.text.contains(&proven), "{}", list.text);
}

#[tokio::test]
async fn an_alert_is_closed_and_opened_again_step_by_step() {
    let (directory, mut browser) = demonstrated().await;
    let path = first(&mut browser).await;
    let (close, reopen) = (format!("{path}/close"), format!("{path}/reopen"));
    let page = post(&mut browser, &close, &[("comment", "kept <b>text</b>")]).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Choose how to close the alert."));
    assert!(
        page.text
            .contains("kept &#60;b&#62;text&#60;/b&#62;</textarea>")
    );
    for (closing, reason, became, said) in [
        ("benign", "6", "Closed: benign", "Triggered by a test"),
        (
            "false_positive",
            "3",
            "Closed: false positive",
            "Alert is not accurate",
        ),
        ("true_positive", "", "Closed: true positive", "None"),
    ] {
        let field = format!("{closing}_reason");
        let fields = [
            ("closing", closing),
            (field.as_str(), reason),
            // A reason of another way does not count.
            ("other_reason", "0"),
            ("comment", "A <i>test</i>"),
        ];
        let page = done(&mut browser, &close, &fields).await;
        let history = table(&page, "history");
        let latest = history.split("<tr>").nth(2).unwrap();
        for said in [
            became,
            said,
            "A &#60;i&#62;test&#60;/i&#62;",
            directory.admin.upn.as_str(),
        ] {
            assert!(latest.contains(said), "{said}: {latest}");
        }
        assert!(page.text.contains("Reopen alert") && !page.text.contains("Close alert"));
        let page = post(&mut browser, &close, &fields).await;
        assert!(
            page.text
                .contains("Somebody else has handled the alert meanwhile"),
            "{}",
            page.text
        );
        let page = done(&mut browser, &reopen, &[("comment", "look again")]).await;
        let latest = table(&page, "history").split("<tr>").nth(2).unwrap();
        assert!(
            latest.contains("Open") && latest.contains("look again"),
            "{latest}"
        );
        assert!(page.text.contains("Close alert"));
    }
    let page = browser.get(&path).await;
    assert_eq!(table(&page, "history").matches("<tr>").count(), 7);
    let fields = [("closing", "benign"), ("benign_reason", "99")];
    assert_eq!(post(&mut browser, &close, &fields).await.status, 200);
}

#[tokio::test]
async fn an_alert_is_marked_read_and_unread() {
    let (_directory, mut browser) = demonstrated().await;
    let path = first(&mut browser).await;
    for (how, other) in [("read", "unread"), ("unread", "read")] {
        let page = done(&mut browser, &format!("{path}/{how}"), &[]).await;
        assert!(
            page.text.contains(&format!("Mark as {other}<")),
            "{}",
            page.text
        );
    }
}

#[tokio::test]
async fn roles_decide_who_sees_and_who_closes() {
    let (directory, mut browser) = demonstrated().await;
    let path = first(&mut browser).await;
    let close = format!("{path}/close");
    for (name, roles, sees, closes) in [
        ("reader", &[DirectoryRole::SecurityReader][..], true, false),
        (
            "apps",
            &[DirectoryRole::ApplicationAdministrator],
            false,
            false,
        ),
        ("op", &[DirectoryRole::SecurityOperator], true, true),
    ] {
        let person = directory.person(name, roles).await;
        let mut browser = directory.browser();
        sign_in_as(&mut browser, &person.upn, PASSWORD, "/portal/").await;
        let start = browser.get("/portal/").await;
        let is_led = start
            .text
            .contains(&format!("<a href=\"{HERE}\">Alerts</a>"));
        assert_eq!(is_led, sees, "{name}");
        assert_eq!(start.text.contains("Open alerts"), sees, "{name}");
        for address in [HERE, &path] {
            let page = browser.get(address).await;
            assert_eq!(
                page.status,
                if sees { 200 } else { 403 },
                "{name} {address}"
            );
            assert_eq!(page.text.contains("contoso.example"), sees, "{name}");
        }
        let page = browser.get(&path).await;
        assert_eq!(page.text.contains("Close alert"), closes, "{name}");
        let sent = post(&mut browser, &close, &[("closing", "benign")]).await;
        assert_eq!(sent.status, if closes { 303 } else { 403 }, "{name}");
    }
}

#[tokio::test]
async fn the_address_in_a_record_leads_to_the_page_through_sign_in() {
    let directory = Directory::new().await;
    let page = directory.browser().get("/").await;
    assert_eq!(page.status, 200);
    let script = page.attribute("<script src=\"");
    assert_eq!(page.text.matches("<script").count(), 1);
    let text = directory.browser().get(&script).await.text;
    assert!(
        text.contains("location.hash") && text.contains("`/portal/alerts/${"),
        "{text}"
    );
    let refresh = "<noscript><meta http-equiv=\"refresh\" content=\"0; url=/portal/\"></noscript>";
    assert!(page.text.contains(refresh), "{}", page.text);

    directory.server.play_demo(directory.tenant).await;
    let mut known = administrator(&directory).await;
    let path = first(&mut known).await;
    let mut browser = directory.browser();
    let sent = sign_in_as(&mut browser, &directory.admin.upn, PASSWORD, &path).await;
    assert_eq!(sent.header("location"), path);
    let other = format!("{HERE}/{}", RecordId::generate(1));
    assert_eq!(browser.get(&other).await.status, 404);
}
