//! Reading the form of an HTML page, as far as a sign-in needs it.

/// A form that a browser would send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    /// Where to; empty is the page's own address.
    pub(crate) action: String,
    /// Its fields in order.
    pub(crate) fields: Vec<Field>,
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// Its type, lower case: `hidden`, `password`, `submit`…
    pub(crate) kind: String,
    pub(crate) value: String,
    /// Whether a box or button of several is chosen.
    pub(crate) checked: bool,
}

/// The first form of a page that is posted.
pub(crate) fn first_form(page: &str) -> Option<Form> {
    let mut form = None;
    for tag in tags(page) {
        match (&mut form, tag.name.as_str()) {
            (None, "form") if tag.value("method").eq_ignore_ascii_case("post") => {
                form = Some(Form {
                    action: tag.value("action"),
                    fields: Vec::new(),
                });
            }
            (Some(_), "/form") => break,
            (Some(form), "input" | "button") if !tag.value("name").is_empty() => {
                form.fields.push(tag.field());
            }
            _ => {}
        }
    }
    form
}

/// The page's title.
pub(crate) fn title(page: &str) -> String {
    let after = |text: &str, mark: &str| -> Option<usize> { Some(text.find(mark)? + mark.len()) };
    let find = || {
        let rest = page.get(after(page, "<title>")?..)?;
        rest.get(..rest.find("</title>")?)
    };
    decode(find().unwrap_or("a page without a title").trim())
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn value(&self, name: &str) -> String {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    fn field(&self) -> Field {
        let kind = self.value("type").to_lowercase();
        let default = if self.name == "button" {
            "submit"
        } else {
            "text"
        };
        Field {
            name: self.value("name"),
            kind: if kind.is_empty() {
                default.to_owned()
            } else {
                kind
            },
            value: self.value("value"),
            checked: self.attributes.iter().any(|(key, _)| key == "checked"),
        }
    }
}

/// The tags of a page, one after the other.
fn tags(page: &str) -> impl Iterator<Item = Tag> {
    page.split('<').skip(1).map(|text| {
        let end = end_of_tag(text);
        read_tag(text.get(..end).unwrap_or_default())
    })
}

/// Where a tag ends: the first `>` outside quotes.
fn end_of_tag(text: &str) -> usize {
    let mut quote = None;
    for (index, character) in text.char_indices() {
        match (quote, character) {
            (None, '>') => return index,
            (None, '"' | '\'') => quote = Some(character),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    text.len()
}

fn read_tag(text: &str) -> Tag {
    let (name, mut rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        let Some(end) = rest.find(|c: char| c.is_whitespace() || c == '=') else {
            if !rest.is_empty() {
                attributes.push((rest.to_lowercase(), String::new()));
            }
            break;
        };
        let (key, after) = rest.split_at(end);
        let Some(value) = after.trim_start().strip_prefix('=') else {
            attributes.push((key.to_lowercase(), String::new()));
            rest = after;
            continue;
        };
        let (value, after) = read_value(value.trim_start());
        attributes.push((key.to_lowercase(), decode(value)));
        rest = after;
    }
    Tag {
        name: name.trim_end_matches('/').to_lowercase(),
        attributes,
    }
}

fn read_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.split_once(quote).unwrap_or((inner, ""));
        }
    }
    text.split_once(char::is_whitespace).unwrap_or((text, ""))
}

/// Character references: the five of XML, and numbers.
fn decode(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let known = after
            .split_once(';')
            .and_then(|(name, tail)| Some((reference(name)?, tail)));
        let (character, tail) = known.unwrap_or(('&', after));
        plain.push(character);
        rest = tail;
    }
    plain.push_str(rest);
    plain
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = name.strip_prefix('#')?;
            let number = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            char::from_u32(number.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_posted_form_is_found_with_its_fields() {
        let page = r#"<!doctype html><title>Sign in &amp; go</title>
            <form action="/search"><input name="q"></form>
            <form class=x method="POST" action="/signin?a=1&amp;b=2">
              <input type="hidden" name="flow" value="a&quot;&#43;&#x2B;>b">
              <input name=login type=email autofocus>
              <input type='password' name='passwd' required/>
              <input type="checkbox" name="stay" value="1" checked>
              <button type="submit" name="act" value="next">Next</button>
            </form><input name="outside">"#;
        let form = first_form(page).unwrap();
        assert_eq!(form.action, "/signin?a=1&b=2");
        let fields: Vec<(&str, &str, &str)> = form
            .fields
            .iter()
            .map(|f| (f.name.as_str(), f.kind.as_str(), f.value.as_str()))
            .collect();
        assert_eq!(
            fields,
            [
                ("flow", "hidden", "a\"++>b"),
                ("login", "email", ""),
                ("passwd", "password", ""),
                ("stay", "checkbox", "1"),
                ("act", "submit", "next"),
            ]
        );
        assert!(form.fields[3].checked);
        assert_eq!(title(page), "Sign in & go");
    }

    #[test]
    fn a_page_without_a_posted_form_has_none() {
        for page in [
            "",
            "<form>",
            "<p>text</p>",
            "<form method=get><input name=a></form>",
        ] {
            assert_eq!(first_form(page), None, "{page}");
        }
    }

    proptest! {
        #[test]
        fn no_page_breaks_it(page in "[<>/='\" a-z&#;éform\\n]{0,200}", text: String) {
            drop((first_form(&page), title(&page), first_form(&text)));
            drop(first_form(&format!("<form method=post {page}")));
        }
    }
}
