//! What one log line says, without copying it.

/// One access, borrowed from its log line.
///
/// Text is bytes as the log has them: logs are not bound to any encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// When it happened, Unix milliseconds UTC.
    pub time: i64,
    /// Address (or name, where the proxy resolves it) of the client.
    pub source: &'a [u8],
    /// Authenticated user, in the log's own spelling.
    pub user: Option<&'a [u8]>,
    /// Request method.
    pub method: Option<&'a [u8]>,
    /// Host asked for, without port and brackets, in the log's own case.
    pub host: Option<&'a [u8]>,
    /// Port asked for, where the log names it.
    pub port: Option<u16>,
    /// What was asked for, as logged: a URL, or `host:port` of a tunnel.
    pub url: Option<&'a [u8]>,
    /// Bytes sent to the client.
    pub bytes_down: u64,
    /// Bytes sent by the client; `None` where the format does not tell.
    pub bytes_up: Option<u64>,
    /// The proxy refused the request.
    pub blocked: bool,
    /// HTTP status sent to the client.
    pub status: Option<u16>,
}

/// Why a line is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum LineError {
    /// The line ends before the last required field.
    #[error("line has too few fields")]
    Fields,
    /// The time cannot be read, or lies outside the years 1990 to 2199.
    #[error("time cannot be read")]
    Time,
    /// The result field is not `code/status`.
    #[error("status cannot be read")]
    Status,
    /// A byte count is not a number.
    #[error("byte count cannot be read")]
    Bytes,
    /// The request is not `METHOD URL`.
    #[error("request cannot be read")]
    Request,
    /// The host holds characters that no host name has.
    #[error("host cannot be read")]
    Host,
    /// The line is longer than [`crate::MAX_LINE`] bytes.
    #[error("line is too long")]
    TooLong,
    /// The input broke off inside the line.
    #[error("line is cut off")]
    CutOff,
}
