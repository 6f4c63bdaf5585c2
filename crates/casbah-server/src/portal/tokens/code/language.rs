//! Languages that the programs are in.

/// A language and the library that its program uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Curl,
    PowerShell,
    Python,
    CSharp,
    Rust,
    Node,
}

impl Language {
    pub(super) const ALL: [Self; 6] = [
        Self::Curl,
        Self::PowerShell,
        Self::Python,
        Self::CSharp,
        Self::Rust,
        Self::Node,
    ];

    /// The language with this name; the first for any other.
    pub(super) fn from_name(name: &str) -> Self {
        let mut all = Self::ALL.into_iter();
        all.find(|one| one.name() == name).unwrap_or(Self::Curl)
    }

    /// Its name in addresses.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::PowerShell => "powershell",
            Self::Python => "python",
            Self::CSharp => "csharp",
            Self::Rust => "rust",
            Self::Node => "node",
        }
    }

    /// Its name for people.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::PowerShell => "PowerShell",
            Self::Python => "Python",
            Self::CSharp => "C#",
            Self::Rust => "Rust",
            Self::Node => "Node.js",
        }
    }

    /// What must be there to run the program.
    pub(super) const fn needs(self) -> &'static str {
        match self {
            Self::Curl => "It needs a POSIX shell, curl 7.76 or later, and jq.",
            Self::PowerShell => "It needs PowerShell 5.1 or later, and no module.",
            Self::Python => "It needs MSAL for Python, and requests:",
            Self::CSharp => "It needs .NET 6 or later, and Azure.Identity:",
            Self::Rust => "It needs Casbah's own client library, out of a copy of its source:",
            Self::Node => {
                "It needs Node.js 20 or later, a file name that ends in .mjs, and MSAL Node:"
            }
        }
    }

    /// How libraries are installed.
    pub(super) const fn install(self) -> Option<&'static str> {
        match self {
            Self::Curl | Self::PowerShell => None,
            Self::Python => Some("pip install msal requests"),
            Self::CSharp => Some("dotnet add package Azure.Identity"),
            Self::Rust => Some(
                "cargo add serde_json tokio --features tokio/macros,tokio/rt-multi-thread && \
                 cargo add --path casbah/crates/casbah-client",
            ),
            Self::Node => Some("npm install @azure/msal-node"),
        }
    }

    /// How the program is made to trust the server's own certification authority.
    pub(super) const fn trust(self) -> &'static str {
        match self {
            Self::Curl => "Set CURL_CA_BUNDLE=ca.pem.",
            Self::Python => "Set REQUESTS_CA_BUNDLE=ca.pem.",
            Self::Node => "Set NODE_EXTRA_CA_CERTS=ca.pem.",
            Self::Rust => {
                "Set SSL_CERT_FILE=ca.pem, or call ca_file(\"ca.pem\".as_ref())? between \
                 builder() and build()."
            }
            Self::PowerShell | Self::CSharp => {
                "Set SSL_CERT_FILE=ca.pem; on Windows, import the file: Import-Certificate \
                 -FilePath ca.pem -CertStoreLocation Cert:\\CurrentUser\\Root"
            }
        }
    }
}
