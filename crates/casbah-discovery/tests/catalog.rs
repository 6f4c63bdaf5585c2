//! The built-in catalog on domains that everybody knows.

use casbah_discovery::{App, Catalog};
use casbah_model::discovery::AppCategory;

fn owner(host: &str) -> &'static App {
    let catalog = Catalog::built_in();
    let id = catalog.find(host.as_bytes());
    id.and_then(|id| catalog.app(id))
        .unwrap_or_else(|| panic!("{host} is not in the catalog"))
}

#[test]
fn well_known_domains_belong_to_their_brand() {
    for (host, brand) in [
        ("google.com", "google"),
        ("www.google.com", "google"),
        ("microsoft.com", "microsoft"),
        ("live.com", "microsoft"),
        ("acme.sharepoint.com", "sharepoint"),
        ("bing.com", "bing"),
        ("msn.com", "msn"),
        ("linkedin.com", "linkedin"),
        ("www.linkedin.com", "linkedin"),
        ("apple.com", "apple"),
        ("icloud.com", "icloud"),
        ("amazon.com", "amazon"),
        ("atlassian.com", "atlassian"),
        ("trello.com", "trello"),
        ("adobe.com", "adobe"),
        ("dropbox.com", "dropbox"),
        ("dl.dropboxusercontent.com", "dropbox"),
        ("box.com", "box"),
        ("mega.nz", "mega"),
        ("pcloud.com", "pcloud"),
        ("wetransfer.com", "wetransfer"),
        ("okta.com", "okta"),
        ("github.com", "github"),
        ("gitlab.com", "gitlab"),
        ("slack.com", "slack"),
        ("zoom.us", "zoom"),
        ("discord.com", "discord"),
        ("whatsapp.com", "whatsapp"),
        ("skype.com", "skype"),
        ("facebook.com", "facebook"),
        ("twitter.com", "twitter"),
        ("salesforce.com", "salesforce"),
        ("hubspot.com", "hubspot"),
        ("zendesk.com", "zendesk"),
        ("workday.com", "workday"),
        ("acme.service-now.com", "servicenow"),
        ("chatgpt.com", "chatgpt"),
        ("openai.com", "openai"),
        ("canva.com", "canva"),
        ("monday.com", "monday"),
        ("asana.com", "asana"),
        ("notion.so", "notion"),
        ("evernote.com", "evernote"),
        ("docusign.com", "docusign"),
        ("stripe.com", "stripe"),
        ("paypal.com", "paypal"),
        ("clever.com", "clever"),
    ] {
        let app = owner(host);
        let name = app.name.value.to_lowercase();
        assert!(name.contains(brand), "{host} is {name}");
        let is_ads = name
            .split_whitespace()
            .any(|word| word == "ads" || word == "advertising");
        assert!(
            !is_ads && app.category() != AppCategory::Advertising,
            "{host} is {name}, {:?}",
            app.category()
        );
    }
}

#[test]
fn well_known_apps_have_their_category() {
    for (host, category) in [
        ("dropbox.com", AppCategory::CloudStorage),
        ("wetransfer.com", AppCategory::CloudStorage),
        ("acme.sharepoint.com", AppCategory::Collaboration),
        ("okta.com", AppCategory::Security),
        ("linkedin.com", AppCategory::SocialNetwork),
        ("salesforce.com", AppCategory::Crm),
        ("workday.com", AppCategory::HumanResourceManagement),
        ("zendesk.com", AppCategory::CustomerSupport),
        ("google.com", AppCategory::Unclassified),
    ] {
        assert_eq!(owner(host).category(), category, "{host}");
    }
}

#[test]
fn the_best_rank_of_an_apps_domains_counts() {
    use casbah_discovery::risk::{Property, PropertyValue};
    for host in ["linkedin.com", "twitter.com", "dropbox.com"] {
        let rank = &owner(host).properties[&Property::PopularityRank];
        assert_eq!(rank.value, PropertyValue::Number(10_000), "{host}");
    }
}
