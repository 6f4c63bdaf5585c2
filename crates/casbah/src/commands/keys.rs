//! The server's own keys.

use std::path::PathBuf;

use casbah_token::Algorithm;
use clap::{Args, Subcommand, ValueEnum};

use super::{record, records};
use crate::cli::Global;
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Output, SIGNING_KEY};
use crate::serve::{DataArgs, serve_error};

const BROKEN: &str = "\
All tokens issued until now are refused: clients have to ask for new ones.
Other nodes of this server follow within seconds. Whoever checks tokens by itself and
keeps the key set (for 24 hours at most) refuses new tokens, and would believe those of
the old key, until it reads the set again: restart what must be safe at once.";

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// The keys that sign tokens
    List,
    /// Make and publish the next key; it signs in two days, when all clients have seen it
    ///
    /// Keys change by themselves, too, as serve --signing-days says; those keep the
    /// algorithm. ES256 makes tokens shorter and cheaper to sign; choose it when all that
    /// check tokens know it. Microsoft's own tokens are RS256.
    Rotate {
        /// The present keys are compromised: end them at once, and every token with them
        #[arg(long)]
        now: bool,
        /// What the next key signs with [default: what the present one does]
        #[arg(long, value_enum, value_name = "NAME")]
        algorithm: Option<SigningAlgorithm>,
    },
    /// Seal the data keys under another master key; the server must not run
    ///
    /// The new key is in its place before the database changes, so an end at any moment
    /// loses nothing: the next start takes whichever key opens the data keys. Other nodes
    /// on the same PostgreSQL may run on; give each the new key before its next start.
    ///
    /// For example: casbah keys rewrap --data-dir casbah-data --new-master-key-file new.key
    Rewrap(RewrapArgs),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SigningAlgorithm {
    /// RSA with 2048 bits, which every client knows
    Rs256,
    /// ECDSA on P-256
    Es256,
}

impl From<SigningAlgorithm> for Algorithm {
    fn from(algorithm: SigningAlgorithm) -> Self {
        match algorithm {
            SigningAlgorithm::Rs256 => Self::Rs256,
            SigningAlgorithm::Es256 => Self::Es256,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct RewrapArgs {
    #[command(flatten)]
    data: DataArgs,
    /// File with base64 of the new key's 32 bytes; made if it is not there
    #[arg(long, value_name = "FILE")]
    new_master_key_file: PathBuf,
}

pub(crate) async fn run(global: &Global, command: KeysCommand) -> Result<(), CliError> {
    match command {
        KeysCommand::List => {
            let context = Context::new(global)?;
            let keys = context.client()?.signing_keys().await?;
            context.out.records(SIGNING_KEY, records(&keys)?)?;
        }
        KeysCommand::Rotate { now, algorithm } => {
            let context = Context::new(global)?;
            let client = context.client()?;
            let algorithm = algorithm.map(Algorithm::from);
            let key = client.rotate_signing_keys(now, algorithm).await?;
            context.out.record(SIGNING_KEY, &record(&key)?)?;
            if now {
                Output::note(BROKEN);
            } else {
                Output::note("Nothing breaks: the present key signs until then.");
            }
        }
        KeysCommand::Rewrap(args) => rewrap(args).await?,
    }
    Ok(())
}

async fn rewrap(args: RewrapArgs) -> Result<(), CliError> {
    let database = args.data.database()?;
    let done = casbah_server::rewrap(&args.data.data_dir, database, &args.new_master_key_file)
        .await
        .map_err(serve_error)?;
    let sealed = match done.data_keys {
        1 => "1 data key is".to_owned(),
        keys => format!("{keys} data keys are"),
    };
    match done.file {
        Some(file) => Output::note(&format!(
            "{sealed} sealed under the new key, which {} holds now.",
            file.display()
        )),
        None => Output::note(&format!(
            "{sealed} sealed under the new key. Set CASBAH_MASTER_KEY to it."
        )),
    }
    Ok(())
}
