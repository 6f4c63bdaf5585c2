//! JSON as people read it.

/// JSON text with a member or element a line. Nothing else is changed: names keep their
/// order and numbers their digits.
pub(super) fn pretty(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0;
    let mut is_within = false;
    let mut all = text.chars().peekable();
    while let Some(one) = all.next() {
        if is_within {
            out.push(one);
            match one {
                '"' => is_within = false,
                '\\' => out.extend(all.next()),
                _ => {}
            }
            continue;
        }
        match one {
            ' ' | '\t' | '\r' | '\n' => {}
            '"' => {
                is_within = true;
                out.push(one);
            }
            '{' | '[' => {
                out.push(one);
                while all.next_if(char::is_ascii_whitespace).is_some() {}
                if let Some(end) = all.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    break_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth);
                out.push(one);
            }
            ',' => {
                out.push(one);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            other => out.push(other),
        }
    }
    out
}

/// The deepest level that is still indented: beyond, lines would be made of space alone.
const DEEPEST: usize = 32;

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_stands_on_a_line_of_its_own() {
        for (text, expected) in [
            ("1", "1"),
            ("{}", "{}"),
            ("[ ]", "[]"),
            (
                r#"{"z":1.50,"a":[ 1,{"b":null}]}"#,
                "{\n  \"z\": 1.50,\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ]\n}",
            ),
            (
                r#"{"a{,:":"\"}\\","e":"[ ]"}"#,
                "{\n  \"a{,:\": \"\\\"}\\\\\",\n  \"e\": \"[ ]\"\n}",
            ),
            ("12345678901234567890123", "12345678901234567890123"),
        ] {
            assert_eq!(pretty(text), expected);
        }
    }

    #[test]
    fn what_is_deep_stays_short() {
        let deep = format!("{}{}", "[".repeat(2_000), "]".repeat(2_000));
        assert!(pretty(&deep).len() < 300_000);
    }
}
