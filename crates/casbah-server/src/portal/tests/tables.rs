//! Tables within pages: sorted and paged, each by itself.

use super::{SINGLE, administrator, done, register};
use crate::testing::browser::Page;
use crate::testing::directory::Directory;

/// The redirect URIs of a page in their order.
fn uris(page: &Page) -> Vec<&str> {
    let cells = page.text.split("<td class=\"wrap\"><code>").skip(1);
    cells.filter_map(|cell| cell.split('<').next()).collect()
}

/// The addresses of all heads of a page.
fn heads(page: &Page) -> Vec<String> {
    let heads = page.text.split("<th scope=\"col\"").skip(1);
    let links = heads.filter_map(|head| {
        let head = head.split("</th>").next()?;
        let link = head.split_once("<a href=\"")?.1.split_once('"')?.0;
        Some(link.replace("&#38;", "&").replace("&amp;", "&"))
    });
    links.collect()
}

#[tokio::test]
async fn each_table_of_a_page_is_sorted_and_paged_by_itself() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "Console", SINGLE).await;
    let add = |platform: &'static str, uri: String| (platform, uri);
    let mut all: Vec<_> = ["b", "a", "c"]
        .map(|name| add("web", format!("https://{name}.example/")))
        .into();
    all.extend((10..40).map(|one| add("spa", format!("https://spa{one}.example/"))));
    for (platform, uri) in &all {
        let fields = [("platform", *platform), ("uri", uri)];
        done(&mut browser, &app.at("/redirects/add"), &fields).await;
    }
    let page = browser.get(&app.at("/authentication")).await;
    let found = uris(&page);
    assert_eq!(found.len(), 3 + 25, "{found:?}");
    assert_eq!(found[0], "https://b.example/");

    let page = browser
        .get(&app.at("/authentication?web_sort=-uri&spa_page=2"))
        .await;
    let found = uris(&page);
    let expected = ["c", "b", "a"].map(|name| format!("https://{name}.example/"));
    assert_eq!(found[..3], expected);
    let rest: Vec<_> = (35..40)
        .map(|one| format!("https://spa{one}.example/"))
        .collect();
    assert_eq!(found[3..], rest);
    assert_eq!(
        page.text.matches("<nav class=\"pages\"").count(),
        1,
        "a table of one page has no links to others"
    );
    let previous = page.attribute("rel=\"prev\" href=\"");
    assert!(
        previous.contains("web_sort=-uri") && previous.ends_with("#spa"),
        "{previous}"
    );
}

#[tokio::test]
async fn every_head_sorts_its_table_both_ways() {
    let directory = Directory::new().await;
    let mut browser = administrator(&directory).await;
    let app = register(&mut browser, "Console", SINGLE).await;
    for uri in ["https://b.example/", "https://a.example/"] {
        let fields = [("platform", "web"), ("uri", uri)];
        done(&mut browser, &app.at("/redirects/add"), &fields).await;
    }
    directory.server.play_demo(directory.tenant).await;
    let pages = [
        "/portal/security".to_owned(),
        format!("/portal/users/{}", directory.admin.id),
        app.at("/authentication"),
        app.at("/owners"),
        "/portal/audit".to_owned(),
        "/portal/activities".to_owned(),
        "/portal/alerts".to_owned(),
        "/portal/apps".to_owned(),
    ];
    for path in pages {
        let first = heads(&browser.get(&path).await);
        assert!(!first.is_empty(), "{path}");
        for (at, link) in first.iter().enumerate() {
            let page = browser.get(link.split('#').next().unwrap()).await;
            assert_eq!(page.status, 200, "{link}");
            let is = |order: &str| {
                let heads: Vec<_> = page.text.split("<th scope=\"col\"").skip(1).collect();
                let with_links: Vec<_> = heads
                    .into_iter()
                    .filter(|head| head.split("</th>").next().unwrap().contains("<a href"))
                    .collect();
                with_links[at].starts_with(&format!(" aria-sort=\"{order}\""))
            };
            assert!(is("ascending"), "{link}");
            let back = &heads(&page)[at];
            assert_ne!(back, link, "the second time it is the other way");
        }
    }
}

/// A table that cannot be sorted does not get in by the way.
#[test]
fn no_page_has_a_table_that_is_not_sorted() {
    let mut seen = 0;
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("templates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for table in text.split("<table").skip(1) {
                seen += 1;
                let head = table.split("<tbody").next().unwrap();
                assert!(
                    head.contains("parts::heads(")
                        || head.contains("data-sorted-here")
                        || head.contains("aria-sort"),
                    "{}: {head}",
                    path.display()
                );
            }
        }
    }
    assert!(seen > 20, "{seen} tables");
}
