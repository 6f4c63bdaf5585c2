//! One user, one name: what is counted of the many spellings that logs have.

/// The name that is counted: `CORP\Alice`, `CORP%5Calice`, `alice@corp.example` and
/// `cn=alice,ou=people` are all `alice`.
///
/// Squid escapes users as it does URLs, hence the percent signs.
pub(super) fn normalise(spelling: &[u8]) -> String {
    let unescaped = unescape(spelling);
    let text = String::from_utf8_lossy(&unescaped);
    let text = text.trim().trim_matches('"');
    if let Some(name) = common_name(text) {
        return name.to_lowercase();
    }
    let name = text.rsplit_once('\\').map_or(text, |(_, user)| user);
    let name = match name.split_once('@') {
        Some((user, _)) if !user.is_empty() => user,
        _ => name,
    };
    if name.is_empty() {
        text.to_lowercase()
    } else {
        name.to_lowercase()
    }
}

/// The value of a leading `cn=` or `uid=` of a distinguished name (RFC 4514).
fn common_name(text: &str) -> Option<String> {
    let (attribute, rest) = text.split_once('=')?;
    let is_name = ["cn", "uid"]
        .iter()
        .any(|known| attribute.trim().eq_ignore_ascii_case(known));
    if !is_name {
        return None;
    }
    let end = rest
        .char_indices()
        .find(|(at, character)| *character == ',' && !rest[..*at].ends_with('\\'))
        .map_or(rest.len(), |(at, _)| at);
    let name = rest[..end].trim().replace('\\', "");
    (!name.is_empty()).then_some(name)
}

fn unescape(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        match (first, tail) {
            (b'%', [high, low, after @ ..])
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                plain.push(hex(*high) << 4 | hex(*low));
                rest = after;
            }
            _ => {
                plain.push(*first);
                rest = tail;
            }
        }
    }
    plain
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::normalise;
    use proptest::prelude::*;

    #[test]
    fn spellings_of_one_user_meet() {
        for (spelling, name) in [
            ("alice", "alice"),
            ("Alice", "alice"),
            ("CORP\\Alice", "alice"),
            ("corp%5calice", "alice"),
            ("alice@corp.example", "alice"),
            ("CN=Alice Example,OU=People,DC=corp", "alice example"),
            ("uid=alice,ou=people", "alice"),
            ("CN=Example\\, Alice,OU=People", "example, alice"),
            ("\u{dc}mit@corp", "\u{fc}mit"),
            ("@home", "@home"),
            ("CORP\\", "corp\\"),
            ("100%", "100%"),
        ] {
            assert_eq!(
                normalise(spelling.as_bytes()),
                name.trim_start(),
                "{spelling}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_name(spelling in prop::collection::vec(any::<u8>(), 0..60)) {
            let name = normalise(&spelling);
            prop_assert_eq!(name.to_lowercase(), name);
        }
    }
}
