//! The code's documentation as descriptions.

use serde_json::Value;

/// Takes the targets out of links within the code's documentation, which lead nowhere
/// here.
pub(super) fn plain(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "description" => *text = without_links(text),
                    other => plain(other),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(plain),
        _ => {}
    }
}

/// ``[`Name`](path)`` and ``[`Name`]`` become `` `Name` ``.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("[`") {
        plain.push_str(before);
        let Some((name, after)) = link.split_once("`]") else {
            plain.push_str("[`");
            rest = link;
            continue;
        };
        plain.push('`');
        plain.push_str(name);
        plain.push('`');
        let target = after
            .strip_prefix('(')
            .and_then(|target| target.split_once(')'));
        rest = target.map_or(after, |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_the_code_become_plain_words() {
        for (text, expected) in [
            ("as [`Name`](super::Name) says", "as `Name` says"),
            ("as [`Name`] says", "as `Name` says"),
            ("`[1]` and [`x", "`[1]` and [`x"),
            ("none", "none"),
        ] {
            assert_eq!(without_links(text), expected);
        }
    }
}
