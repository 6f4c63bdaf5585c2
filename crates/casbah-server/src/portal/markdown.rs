//! Markdown as pages show it: headings, paragraphs, lists, code, and strong words.
//!
//! It is read into blocks, which a template writes, so nothing in it becomes a tag.
//! Addresses of links are shown and lead nowhere: whoever wrote the text may be an
//! attacker. What is not known here (HTML, pictures, tables) is shown as it was written.

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// A heading.
    Heading(Vec<Piece>),
    /// Lines that belong together.
    Paragraph(Vec<Piece>),
    /// A list.
    List(Vec<Vec<Piece>>),
    /// Lines of code.
    Code(String),
}

/// A part of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A text.
    Text(String),
    /// A strong one.
    Strong(String),
    /// Code.
    Code(String),
}

/// A text that is no Markdown: a paragraph a line.
pub(super) fn plain(text: &str) -> Vec<Block> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| Block::Paragraph(vec![Piece::Text(line.to_owned())]))
        .collect()
}

/// Reads Markdown.
pub(super) fn read(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    let mut paragraph = String::new();
    while let Some(line) = lines.next() {
        let line = line.trim();
        let heading = line.trim_start_matches('#').strip_prefix(' ');
        if line.starts_with("```") {
            end(&mut paragraph, &mut blocks);
            let code = lines.by_ref().take_while(|line| line.trim() != "```");
            blocks.push(Block::Code(code.collect::<Vec<_>>().join("\n")));
        } else if let (true, Some(heading)) = (line.starts_with('#'), heading) {
            end(&mut paragraph, &mut blocks);
            blocks.push(Block::Heading(pieces(heading.trim())));
        } else if let Some(item) = item(line) {
            end(&mut paragraph, &mut blocks);
            if let Some(Block::List(items)) = blocks.last_mut() {
                items.push(pieces(item));
            } else {
                blocks.push(Block::List(vec![pieces(item)]));
            }
        } else if line.is_empty() {
            end(&mut paragraph, &mut blocks);
        } else {
            if !paragraph.is_empty() {
                paragraph.push('\n');
            }
            paragraph.push_str(line);
        }
    }
    end(&mut paragraph, &mut blocks);
    blocks
}

fn end(paragraph: &mut String, blocks: &mut Vec<Block>) {
    if !paragraph.is_empty() {
        blocks.push(Block::Paragraph(pieces(&std::mem::take(paragraph))));
    }
}

/// What stands behind the mark of a list's item.
fn item(line: &str) -> Option<&str> {
    let mut marks = ["- ", "* ", "+ "].iter();
    if let Some(item) = marks.find_map(|mark| line.strip_prefix(mark)) {
        return Some(item.trim());
    }
    let (number, item) = line.split_once(". ")?;
    let is_number = !number.is_empty() && number.bytes().all(|one| one.is_ascii_digit());
    is_number.then(|| item.trim())
}

/// The pieces of a text. A mark without its end is a text like any other.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let marked = within(rest, "**", Piece::Strong)
            .or_else(|| within(rest, "__", Piece::Strong))
            .or_else(|| within(rest, "`", Piece::Code));
        if let Some((piece, behind)) = marked {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(piece);
            rest = behind;
        } else if let Some((label, address, behind)) = link(rest) {
            plain.push_str(label);
            if label != address {
                plain.push_str(" (");
                plain.push_str(address);
                plain.push(')');
            }
            rest = behind;
        } else {
            plain.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    pieces
}

/// What stands between two marks at the beginning of a text, and what is behind them.
fn within<'a>(text: &'a str, mark: &str, piece: fn(String) -> Piece) -> Option<(Piece, &'a str)> {
    let (inner, behind) = text.strip_prefix(mark)?.split_once(mark)?;
    (!inner.trim().is_empty()).then(|| (piece(inner.to_owned()), behind))
}

/// A link at the beginning of a text: what it is called, where it leads, what is behind.
fn link(text: &str) -> Option<(&str, &str, &str)> {
    let (label, rest) = text.strip_prefix('[')?.split_once("](")?;
    let (address, behind) = rest.split_once(')')?;
    (!label.contains(['[', ']'])).then_some((label, address, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    #[test]
    fn markdown_becomes_blocks() {
        let read = read(
            "## What **happened**\n\nTwo lines\nof `text`.\n- one\n* two\n1. three\n\n```json\n\
             {\"a\": 1}\n\n- no item\n```\nEnd",
        );
        let strong = Piece::Strong("happened".to_owned());
        let code = Piece::Code("text".to_owned());
        let items = ["one", "two", "three"].map(|item| vec![text(item)]);
        let expected = [
            Block::Heading(vec![text("What "), strong]),
            Block::Paragraph(vec![text("Two lines\nof "), code, text(".")]),
            Block::List(items.into()),
            Block::Code("{\"a\": 1}\n\n- no item".to_owned()),
            Block::Paragraph(vec![text("End")]),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn links_lead_nowhere_and_marks_without_an_end_are_text() {
        for (written, expected) in [
            ("[here](javascript:alert(1))", "here (javascript:alert(1))"),
            (
                "[https://a.example](https://a.example)",
                "https://a.example",
            ),
            (
                "<img src=x onerror=alert(1)>",
                "<img src=x onerror=alert(1)>",
            ),
            ("2 ** 3 and `open", "2 ** 3 and `open"),
            ("****", "****"),
            ("#no heading", "#no heading"),
            ("[a [b](c)", "[a b (c)"),
            ("1.5 times", "1.5 times"),
        ] {
            assert_eq!(read(written), [Block::Paragraph(vec![text(expected)])]);
        }
        assert_eq!(
            read("```\nnever ended"),
            [Block::Code("never ended".to_owned())]
        );
    }

    #[test]
    fn a_plain_text_is_not_read() {
        let blocks = plain("**one**\n\n- two");
        let expected = ["**one**", "- two"].map(|line| Block::Paragraph(vec![text(line)]));
        assert_eq!(blocks, expected);
    }
}
