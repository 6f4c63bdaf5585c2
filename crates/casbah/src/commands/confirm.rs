//! Asking before something is gone.

use std::io::{IsTerminal as _, Write as _};

use crate::error::CliError;

/// Asks at the terminal unless `yes` was given; refuses on any other answer, and where
/// nobody can be asked.
pub(super) fn confirm(yes: bool, question: &str) -> Result<(), CliError> {
    if yes || is_confirmed(question)? {
        return Ok(());
    }
    Err(CliError::usage(
        "nothing was deleted",
        "answer y, or give --yes",
    ))
}

fn is_confirmed(question: &str) -> Result<bool, CliError> {
    if !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    let mut prompt = std::io::stderr();
    write!(prompt, "{question} [y/N] ")?;
    prompt.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
