//! Activities: the list, the page of one, and what is said of it.

use casbah_detection::demo;
use casbah_model::identity::DirectoryRole;
use casbah_model::time::Timestamp;
use serde_json::{Value, json};

use super::{PASSWORD, administrator, demonstrated, done, post, rows, sign_in_as};
use crate::testing::browser::Page;
use crate::testing::directory::Directory;

const HERE: &str = "/portal/activities";

/// When the activities of a list happened.
fn times(page: &Page) -> Vec<&str> {
    let times = page.text.split("<time datetime=\"").skip(1);
    times.map(|time| time.split('"').next().unwrap()).collect()
}

/// What stands between two texts of a page.
fn between<'a>(page: &'a Page, before: &str, after: &str) -> &'a str {
    let rest = page.text.split_once(before);
    let rest = rest.unwrap_or_else(|| panic!("no {before} in {}", page.text));
    rest.1.split_once(after).unwrap().0
}

#[tokio::test]
async fn the_list_is_paged_newest_first_and_turned() {
    let (_directory, mut browser) = demonstrated().await;
    let page = browser.get(HERE).await;
    let (found, seen) = (rows(&page), times(&page));
    assert_eq!((found.len(), seen.len()), (25, 25), "{}", page.text);
    assert!(seen.is_sorted_by(|one, next| one >= next), "{seen:?}");
    assert!(page.text.contains("IP Geolocation by DB-IP"));
    let next = page.attribute("rel=\"next\" href=\"");
    let second = browser.get(&next).await;
    assert!(times(&second)[0] <= seen[24]);
    assert!(rows(&second).iter().all(|one| !found.contains(one)));
    let total = between(&page, "<span>1–25 of ", "</span>");
    assert!(
        second
            .text
            .contains(&format!("<span>26–50 of {total}</span>"))
    );

    let turned = browser.get(&format!("{HERE}?sort=date")).await;
    assert!(times(&turned).is_sorted(), "{:?}", times(&turned));
    assert_ne!(rows(&turned), found);
    let behind = browser.get(&format!("{HERE}?page=9999&app=11161")).await;
    assert_eq!(behind.header("location"), format!("{HERE}?app=11161"));
}

#[tokio::test]
async fn the_form_filters_and_stays_in_the_address() {
    let (_directory, mut browser) = demonstrated().await;
    for (query, cells) in [
        (
            "user=adele%40contoso.example",
            "data-label=\"User\">adele@contoso.example<",
        ),
        ("user=Adele", "data-label=\"User\">adele@contoso.example<"),
        (
            "address=200.160.0.8",
            "<span class=\"id\">200.160.0.8</span>",
        ),
        ("address=200.160.", "<span class=\"id\">200.160."),
        ("country=br", "data-label=\"Country\">BR<"),
        ("text=budget.xlsx", "budget.xlsx"),
        ("days=7", "<time datetime="),
        (
            "app=20892&text=offer.pdf",
            "data-label=\"App\">Microsoft Sharepoint Online<",
        ),
    ] {
        let page = browser.get(&format!("{HERE}?{query}&sort=date")).await;
        let found: Vec<_> = page.text.split("<tr>").skip(2).collect();
        assert!((1..=25).contains(&found.len()), "{query}: {}", page.text);
        assert!(
            found.iter().all(|row| row.contains(cells)),
            "{query}: {found:?}"
        );
        let turned = page.attribute("aria-sort=\"ascending\"><a href=\"");
        let first = query.split('&').next().unwrap();
        assert!(turned.contains(first), "{turned} keeps {first}");
        let (name, value) = first.split_once('=').unwrap();
        let value = value.replace("%40", "@");
        let field = if matches!(name, "app" | "days") {
            format!("<option value=\"{value}\" selected>")
        } else {
            format!("name=\"{name}\" value=\"{value}\"")
        };
        assert!(page.text.contains(&field), "{field}: {}", page.text);
    }
    for (query, said) in [
        ("text=nowhere-at-all", "No activity matches."),
        ("until=2001-01-01T00:00", "No activity matches."),
        ("since=soon", "Write times as"),
        ("app=Office", "An app is asked for by its number."),
        ("days=0", "Choose a number of days."),
    ] {
        let page = browser.get(&format!("{HERE}?{query}")).await;
        assert_eq!(page.status, 200);
        assert!(
            rows(&page).is_empty() && page.text.contains(said),
            "{query}"
        );
    }
}

#[tokio::test]
async fn the_page_of_one_says_what_is_known() {
    let (_directory, mut browser) = demonstrated().await;
    let list = browser
        .get(&format!("{HERE}?text=budget.xlsx&user=adele"))
        .await;
    let path = rows(&list).remove(0);
    let page = browser.get(&path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    for said in [
        "<h1>FileAccessed: file budget.xlsx</h1>",
        "<h2>What happened</h2>",
        "<h2>Who</h2>",
        "<h2>Where from</h2>",
        "<h2>With what</h2>",
        "<h2>What took part</h2>",
        "adele@contoso.example",
        "IP Geolocation by DB-IP",
        "  &#34;Operation&#34;: &#34;FileAccessed&#34;",
        "Nobody has said anything",
    ] {
        assert!(page.text.contains(said), "{said}: {}", page.text);
    }
    let others = page.attribute("<dt>User</dt><dd><a href=\"");
    assert_eq!(
        others,
        format!("{HERE}?user=adele%40contoso.example&days=all")
    );
    assert!(rows(&browser.get(&others).await).len() > 1);
    for id in ["1_x", "x", "1_00000000-0000-0000-0000-000000000000"] {
        assert_eq!(
            browser.get(&format!("{HERE}/{id}")).await.status,
            404,
            "{id}"
        );
    }
}

#[tokio::test]
async fn feedback_is_given_and_seen_with_its_author() {
    let (directory, mut browser) = demonstrated().await;
    let path = rows(&browser.get(HERE).await).remove(0);
    let fields = [
        ("verdict", "harmless"),
        ("text", "A test of ours.\nNothing <b>else</b>."),
        ("contact_allowed", "yes"),
        ("contact", "soc@fabrikam.example"),
    ];
    let give = format!("{path}/feedback");
    let page = done(&mut browser, &give, &fields).await;
    let table = between(&page, "id=\"feedback\"", "</table>");
    for said in [
        directory.admin.upn.as_str(),
        "harmless",
        "A test of ours.\nNothing &#60;b&#62;else&#60;/b&#62;.",
        "May be asked: soc@fabrikam.example",
    ] {
        assert!(table.contains(said), "{said}: {table}");
    }
    done(&mut browser, &give, &[("verdict", "suspicious")]).await;
    let page = browser.get(&path).await;
    let table = between(&page, "id=\"feedback\"", "</table>");
    let places = ["suspicious", "harmless"].map(|verdict| table.find(verdict).unwrap());
    assert!(places.is_sorted(), "the latest stands first: {table}");

    let fields = [("verdict", " "), ("text", "kept as typed")];
    let page = post(&mut browser, &give, &fields).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("Write a verdict") && page.text.contains("kept as typed"));
}

#[tokio::test]
async fn roles_decide_who_sees_and_who_says() {
    let (directory, mut browser) = demonstrated().await;
    let path = rows(&browser.get(HERE).await).remove(0);
    let give = format!("{path}/feedback");
    for (name, roles, sees, says) in [
        ("op", &[DirectoryRole::SecurityOperator][..], true, true),
        ("reader", &[DirectoryRole::SecurityReader], true, false),
        (
            "apps",
            &[DirectoryRole::ApplicationAdministrator],
            false,
            false,
        ),
        ("nobody", &[], false, false),
    ] {
        let person = directory.person(name, roles).await;
        let mut browser = directory.browser();
        sign_in_as(&mut browser, &person.upn, PASSWORD, "/portal/").await;
        let first = browser.get("/portal/").await;
        assert_eq!(
            first.text.contains(&format!("href=\"{HERE}\"")),
            sees,
            "{name}"
        );
        for address in [HERE, &path] {
            let page = browser.get(address).await;
            assert_eq!(
                page.status,
                if sees { 200 } else { 403 },
                "{name} {address}"
            );
        }
        let page = browser.get(&path).await;
        assert_eq!(page.text.contains("Give feedback"), says, "{name}");
        let sent = post(&mut browser, &give, &[("verdict", "mine")]).await;
        assert_eq!(sent.status, if says { 303 } else { 403 }, "{name}");
    }
    let page = browser.get(&path).await;
    let table = between(&page, "id=\"feedback\"", "</table>");
    assert_eq!(table.matches("mine").count(), 1, "{table}");
}

#[tokio::test]
async fn what_an_app_sends_is_text_on_the_pages() {
    const EVIL: &str = "\"><script>alert(1)</script>'{{7*7}}";
    let directory = Directory::new().await;
    let events = demo::events(Timestamp::now());
    let event = events
        .lines()
        .find(|event| event.contains("SourceFileName"));
    let mut event: Value = serde_json::from_str(event.unwrap()).unwrap();
    for member in [
        "ObjectId",
        "SourceFileName",
        "Operation",
        "UserId",
        "UserKey",
        "UserAgent",
        "ItemType",
    ] {
        event[member] = json!(EVIL);
    }
    let (tenant, event) = (directory.tenant, event.to_string());
    directory.server.take_in(tenant, event).await;
    let mut browser = administrator(&directory).await;
    let list = browser.get(HERE).await;
    let path = rows(&list).remove(0);
    let give = format!("{path}/feedback");
    let fields = [
        ("verdict", EVIL),
        ("text", EVIL),
        ("contact", EVIL),
        ("contact_allowed", "yes"),
    ];
    done(&mut browser, &give, &fields).await;
    let mut pages = vec![list, browser.get(&path).await];
    pages.push(post(&mut browser, &give, &[("text", EVIL)]).await);
    for page in pages {
        assert_eq!(page.status, 200);
        assert!(!page.text.contains("<script>alert") && !page.text.contains(EVIL));
        assert!(
            page.text.contains("&#60;script&#62;alert(1)"),
            "{}",
            page.text
        );
    }
}
