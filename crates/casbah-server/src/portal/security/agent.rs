//! What browsers say of themselves (`User-Agent`, RFC 9110 section 10.1.5), in words that
//! people know.

/// Characters of a text that nobody can read that are shown.
const SHOWN: usize = 60;

/// Browsers by the words that give them away. Nearly all say that they are Chrome or Safari,
/// too, so those stand last.
const BROWSERS: [(&str, &str); 16] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("OPX/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex Browser"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Systems in the same way: telephones say that they are Linux or Mac OS, too.
const SYSTEMS: [(&str, &str); 8] = [
    ("Windows NT", "Windows"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// "Browser on System"; what is not known stays as it is, shortened. Anybody can say
/// anything here, so it is a help to find one's own sign-ins and no proof.
pub(super) fn describe(agent: &str) -> String {
    let known = |all: &[(&str, &'static str)]| {
        let mut all = all.iter();
        all.find(|(word, _)| agent.contains(word))
            .map(|(_, name)| *name)
    };
    match (known(&BROWSERS), known(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        _ if agent.trim().is_empty() => "Unknown".to_owned(),
        _ => shortened(agent),
    }
}

fn shortened(agent: &str) -> String {
    let mut short: String = agent.chars().take(SHOWN).collect();
    if short.len() < agent.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_browsers_are_known() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, described) in [
            (
                format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/140.0.0.0 Safari/537.36"),
                "Chrome on Windows",
            ),
            (
                format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"),
                "Edge on Windows",
            ),
            (
                format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} HeadlessChrome/140.0.0.0 Safari/537.36"),
                "Chrome on Linux",
            ),
            (
                format!("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {webkit} Chrome/140.0.0.0 Safari/537.36"),
                "Chrome on ChromeOS",
            ),
            (
                format!("Mozilla/5.0 (Linux; Android 10; K) {webkit} Chrome/140.0.0.0 Mobile Safari/537.36"),
                "Chrome on Android",
            ),
            (
                format!("Mozilla/5.0 (Linux; Android 10; K) {webkit} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36"),
                "Samsung Internet on Android",
            ),
            (
                format!("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {webkit} Chrome/140.0.0.0 Safari/537.36 OPR/121.0.0.0"),
                "Opera on macOS",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15".to_owned(),
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1".to_owned(),
                "Safari on iOS",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1".to_owned(),
                "Chrome on iPadOS",
            ),
            (
                "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0".to_owned(),
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0".to_owned(),
                "Firefox on Android",
            ),
        ] {
            assert_eq!(describe(&agent), described, "{agent}");
        }
    }

    #[test]
    fn others_stay_as_they_are_and_short() {
        assert_eq!(describe(""), "Unknown");
        assert_eq!(describe("  "), "Unknown");
        assert_eq!(describe("curl/8.14.1"), "curl/8.14.1");
        assert_eq!(describe("<b>Firefox</b>"), "<b>Firefox</b>");
        let long = "é".repeat(SHOWN + 1);
        let short = describe(&long);
        assert_eq!(short.chars().count(), SHOWN + 1);
        assert!(short.ends_with("é…"));
        assert_eq!(describe(&"x".repeat(SHOWN)), "x".repeat(SHOWN));
    }
}
