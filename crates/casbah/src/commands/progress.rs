//! Progress on standard error; nothing where that is no terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over so many bytes.
pub(crate) fn byte_bar(total: u64) -> ProgressBar {
    const SHAPE: &str = "{bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    let style = ProgressStyle::with_template(SHAPE);
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A bar over so many rows, with a message.
pub(crate) fn row_bar(total: u64) -> ProgressBar {
    const SHAPE: &str = "{bar:30} {human_pos}/{human_len} rows {eta} {msg}";
    let style = ProgressStyle::with_template(SHAPE);
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A bar over so many things of this name.
pub(crate) fn count_bar(what: &'static str) -> ProgressBar {
    const SHAPE: &str = "{bar:30} {human_pos}/{human_len} {msg} {eta}";
    let style = ProgressStyle::with_template(SHAPE);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(0).with_style(style).with_message(what)
}

/// A sign that something is waited for.
pub(crate) fn spinner(text: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(text);
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    bar
}
