//! What went wrong, what to do next, and the exit code that says which kind it is.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use casbah_client::{AuthorityError, Error, LoginError, SessionFileError, ValidateError};
use reqwest_status::{FORBIDDEN, NOT_FOUND, TOO_MANY, UNAUTHORIZED};

/// HTTP statuses that get advice.
mod reqwest_status {
    pub(super) const UNAUTHORIZED: u16 = 401;
    pub(super) const FORBIDDEN: u16 = 403;
    pub(super) const NOT_FOUND: u16 = 404;
    pub(super) const TOO_MANY: u16 = 429;
}

/// A command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// A call failed.
    #[error(transparent)]
    Client(#[from] Error),
    /// Signing in failed.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// A token could not be checked, or is not to be believed.
    #[error("the token is not valid: {0}")]
    Validate(#[from] ValidateError),
    /// An address is not usable.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The kept sessions cannot be used.
    #[error(transparent)]
    Session(#[from] SessionFileError),
    /// A setting is missing or wrong.
    #[error("{what}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to do.
        next: String,
    },
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The configuration file is not understood.
    #[error("{path} is not understood: {reason}")]
    Config {
        /// The file.
        path: String,
        /// Where and why.
        reason: String,
    },
    /// Standard output cannot be written to.
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
    /// Somebody pressed Ctrl-C, or ended the program otherwise.
    #[error("interrupted")]
    Interrupted,
    /// The server could not start, or ended.
    #[error("{0}")]
    Serve(Box<dyn std::error::Error + Send + Sync>),
    /// The command was carried out, but not all of it succeeded.
    #[error("{what}")]
    Incomplete {
        /// What did not succeed.
        what: String,
        /// What to do.
        next: String,
    },
}

impl CliError {
    /// A wrong use, and what to do instead.
    pub(crate) fn usage(what: impl Into<String>, next: impl Into<String>) -> Self {
        Self::Usage {
            what: what.into(),
            next: next.into(),
        }
    }

    /// Whether the reader of the output has gone.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == ErrorKind::BrokenPipe)
    }

    /// 1 failed, 2 usage, 3 not authorised.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage { .. } | Self::Config { .. } | Self::Authority(_) => 2,
            Self::Client(error) if error.is_unauthorised() => 3,
            Self::Login(
                LoginError::Refused { .. } | LoginError::State | LoginError::TimedOut(_),
            )
            | Self::Validate(ValidateError::Token(_)) => 3,
            Self::Client(_)
            | Self::Login(_)
            | Self::Validate(_)
            | Self::Session(_)
            | Self::Read { .. }
            | Self::Output(_)
            | Self::Incomplete { .. }
            | Self::Interrupted
            | Self::Serve(_) => 1,
        })
    }

    /// Writes the error and the next step to standard error.
    pub(crate) fn tell(&self) {
        let mut text = format!("error: {self}\n");
        if let Some(next) = self.next_step() {
            text.push_str("  next: ");
            text.push_str(&next);
            text.push('\n');
        }
        // With standard error closed there is nobody left to tell.
        drop(std::io::stderr().write_all(text.as_bytes()));
    }

    fn next_step(&self) -> Option<String> {
        match self {
            Self::Usage { next, .. } | Self::Incomplete { next, .. } => Some(next.clone()),
            Self::Client(error)
            | Self::Login(LoginError::Exchange(error))
            | Self::Validate(ValidateError::Fetch(error)) => next_step(error),
            Self::Login(LoginError::TimedOut(_)) => {
                Some("run `casbah login --no-browser` and open the address yourself".to_owned())
            }
            Self::Authority(_) => Some("see `casbah --help` for --url and --authority".to_owned()),
            Self::Config { .. } => Some("mend or delete the file".to_owned()),
            Self::Login(_)
            | Self::Validate(_)
            | Self::Session(_)
            | Self::Read { .. }
            | Self::Interrupted
            | Self::Serve(_)
            | Self::Output(_) => None,
        }
    }
}

fn next_step(error: &Error) -> Option<String> {
    let text = match error {
        Error::NotSignedIn => {
            "run `casbah login`, or name an application with --client-id and --secret-file \
             (CASBAH_CLIENT_ID, CASBAH_CLIENT_SECRET)"
        }
        Error::FixedToken { .. } => {
            "unset CASBAH_TOKEN and CASBAH_API_TOKEN, and run `casbah login`"
        }
        Error::Connection(_) => connection_step(&error.to_string()),
        Error::OAuth(refusal) => match refusal.code? {
            7_000_215 => {
                "use the secret's value, not its id; make a new one with `casbah app secret add`"
            }
            7_000_222 => "the secret has expired: make a new one with `casbah app secret add`",
            700_016 | 7_000_229 => {
                "check --client-id and --tenant; `casbah app list` shows the tenant's applications"
            }
            90_002 | 900_023 | 50_059 => "check --tenant: a tenant's id or one of its domains",
            500_011 => "check the resource; tokens are for `mcas`, `casbah`, `graph` or an appId",
            700_082 | 70_008 | 54_005 | 50_173 => "run `casbah login` again",
            _ => return None,
        },
        Error::Api(refusal) => match refusal.status.as_u16() {
            UNAUTHORIZED => {
                "the token is not accepted: run `casbah login`, or check the credential"
            }
            FORBIDDEN => {
                "`casbah token inspect --fresh` shows what the token allows; an application gets more by \
                 `casbah app permission add` and then `casbah app consent`"
            }
            TOO_MANY => "wait, or ask for less at a time",
            NOT_FOUND => "check the id; the matching `list` command shows what there is",
            _ => return None,
        },
        Error::Graph(refusal) => match refusal.status.as_u16() {
            UNAUTHORIZED => "run `casbah login`",
            FORBIDDEN => {
                "sign in as an Application Administrator, or for consent as a Global Administrator"
            }
            NOT_FOUND => "check the id; `casbah app list` shows the tenant's applications",
            _ => return None,
        },
        Error::Certificate { .. } => "give the CA's certificate in PEM form",
        Error::EmptyUpload => "give a file that holds log lines",
        _ => return None,
    };
    Some(text.to_owned())
}

fn connection_step(text: &str) -> &'static str {
    let lower = text.to_lowercase();
    if lower.contains("certificate") || lower.contains("unknownissuer") {
        "trust the server's own CA with --ca FILE (CASBAH_CA); `casbah serve` prints where it is"
    } else {
        "check --url, and that the server runs (`casbah serve`)"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_fits_the_cause_of_a_lost_connection() {
        for (text, expected) in [
            ("invalid peer certificate: UnknownIssuer", "--ca"),
            ("tcp connect error: Connection refused", "casbah serve"),
        ] {
            assert!(connection_step(text).contains(expected), "{text}");
        }
    }

    #[test]
    fn kinds_of_failure_have_their_own_exit_codes() {
        let code = |error: CliError| format!("{:?}", error.exit_code());
        assert_eq!(
            code(CliError::usage("a", "b")),
            format!("{:?}", ExitCode::from(2))
        );
        assert_eq!(
            code(Error::NotSignedIn.into()),
            format!("{:?}", ExitCode::from(3))
        );
        assert_eq!(
            code(Error::EmptyUpload.into()),
            format!("{:?}", ExitCode::from(1))
        );
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let error = CliError::Output(ErrorKind::BrokenPipe.into());
        assert!(error.is_closed_pipe());
        assert!(!CliError::Output(ErrorKind::StorageFull.into()).is_closed_pipe());
    }
}
