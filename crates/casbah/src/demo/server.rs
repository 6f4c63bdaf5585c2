//! The story's own server: a child process with a temporary data directory.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::demo::story::{Start, Told, failed};
use crate::error::CliError;

/// A first start makes keys and a CA, which takes a moment on a slow machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server, stopped and forgotten when dropped.
pub(crate) struct Server {
    pub(crate) start: Start,
    running: Option<(Child, TempDir)>,
}

impl Server {
    /// A server that runs already, known by its start file.
    pub(crate) fn running(file: &Path) -> Result<Self, CliError> {
        Ok(Self {
            start: read_start(file)?,
            running: None,
        })
    }

    /// Starts this program as a server on a free port and waits until it is ready.
    pub(crate) async fn start() -> Result<Told<Self>, CliError> {
        let directory = tempfile::tempdir()?;
        let start_file = directory.path().join("start.json");
        let mut command = Command::new(std::env::current_exe()?);
        // Settings of a server of the reader's own must not reach this one.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CASBAH_") && name != "CASBAH_LOG" {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(directory.path().join("data"))
            // The story's events come in order and at once; nothing is waited for.
            .args(["--lateness", "0", "--start-file"])
            .arg(&start_file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let began = Instant::now();
        while !start_file.exists() {
            if let Some(status) = child.try_wait()? {
                return Err(CliError::Incomplete {
                    what: format!("the server did not start ({status})"),
                    next: "its own words stand above".to_owned(),
                });
            }
            if began.elapsed() > PATIENCE {
                drop(child.kill());
                return Err(failed("the server did not become ready within a minute"));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // Owned by now, so that a broken start file still stops the child.
        let running = Some((child, directory));
        let mut server = Self {
            start: Start::default(),
            running,
        };
        server.start = read_start(&start_file)?;
        let lines = vec![server.start.url.clone()];
        Ok(Told {
            brought: server,
            lines,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some((child, _)) = &mut self.running {
            // It may have ended by itself.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

fn read_start(file: &Path) -> Result<Start, CliError> {
    let path = file.display().to_string();
    let text = std::fs::read(file).map_err(|source| CliError::Read {
        path: path.clone(),
        source,
    })?;
    serde_json::from_slice(&text).map_err(|error| CliError::Config {
        path,
        reason: error.to_string(),
    })
}
