//! `trueup sandbox`

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueHint};
use trueup_sandbox::World;

use crate::cli::{DEFAULT_SANDBOX, Exit, Trouble, signals};
use crate::files;
use crate::report;

#[derive(Debug, Subcommand)]
pub(super) enum Sandbox {
    /// Serve the simulated account to any AWS client (AWS_ENDPOINT_URL), until interrupted.
    Serve(Serve),
    /// Make the simulated account new again.
    Reset(Reset),
}

#[derive(Debug, clap::Args)]
pub(super) struct Serve {
    /// Where to listen; port 0 takes a free one. The address is the first line of the output.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4566", value_hint = ValueHint::Other)]
    listen: SocketAddr,
    /// Listen on an address that other machines can reach. Anybody there can change the simulated account.
    #[arg(long)]
    allow_remote: bool,
    /// The file that keeps the account.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_SANDBOX, value_hint = ValueHint::FilePath)]
    state: PathBuf,
    /// How the account differs from a new one; only for a state file that does not exist yet.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    world: Option<PathBuf>,
    /// Append every exchange to this file, one JSON document a line.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    log_exchanges: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Reset {
    /// The file that keeps the account.
    #[arg(long, value_name = "FILE", default_value = DEFAULT_SANDBOX, value_hint = ValueHint::FilePath)]
    state: PathBuf,
    /// How the account differs from a new one.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    world: Option<PathBuf>,
}

impl Sandbox {
    pub(super) async fn run(self) -> Result<Exit, Trouble> {
        match self {
            Sandbox::Serve(args) => args.run().await,
            Sandbox::Reset(args) => args.run(),
        }
    }
}

impl Serve {
    async fn run(self) -> Result<Exit, Trouble> {
        if !self.listen.ip().is_loopback() && !self.allow_remote {
            return Err(Trouble::Refused(format!(
                "{} can be reached from other machines, and whoever reaches it can change the simulated account; \
                 pass --allow-remote if that is meant",
                self.listen
            )));
        }
        let sandbox = trueup_sandbox::Sandbox::open(Some(&self.state), world(self.world.as_deref())?)?;
        if let Some(path) = &self.log_exchanges {
            sandbox.log_exchanges(path)?;
        }
        let cannot_listen =
            |error: std::io::Error| Trouble::Refused(format!("cannot listen on {}: {error}", self.listen));
        let listener = tokio::net::TcpListener::bind(self.listen)
            .await
            .map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        report::result(&format!("http://{address}\n"))?;
        report::note(&format!(
            "Account {} is served until Ctrl-C: AWS_ENDPOINT_URL=http://{address}",
            sandbox.account_id()
        ));
        trueup_sandbox::serve(sandbox, listener, signals::signal())
            .await
            .map_err(cannot_listen)?;
        Ok(Exit::Done)
    }
}

impl Reset {
    fn run(self) -> Result<Exit, Trouble> {
        let world = world(self.world.as_deref())?.unwrap_or_default();
        let sandbox = trueup_sandbox::Sandbox::reset(&self.state, world)?;
        report::note(&format!(
            "{} is new: account {}.",
            self.state.display(),
            sandbox.account_id()
        ));
        Ok(Exit::Done)
    }
}

fn world(path: Option<&Path>) -> Result<Option<World>, Trouble> {
    let Some(path) = path else { return Ok(None) };
    let text = files::world(path)
        .map_err(|error| Trouble::Refused(format!("cannot read the world {}: {error}", path.display())))?;
    let world = text.parse().map_err(|error: trueup_sandbox::world::WorldError| {
        Trouble::Refused(format!("{} is no world: {error}", path.display()))
    })?;
    Ok(Some(world))
}
