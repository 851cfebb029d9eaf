//! Proof that renewed credentials are still of the same account, before anything is signed with them.
//!
//! Credentials are renewed while a run lasts. What gives them out (a process, a profile that a sign-in elsewhere has
//! changed) may then give those of another account. So each access key that appears in the middle of a run is held
//! back until STS has said whose it is. A key that is known costs no call.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_types::SdkConfig;
use tokio::sync::Mutex;
use trueup_core::fault::Fault;
use trueup_core::location::Region;

use crate::Failure;
use crate::clients::{Clients, Manner};

/// How long the question whose a key is may take, with all attempts.
const PATIENCE: Duration = Duration::from_secs(90);

/// Why renewed credentials are not used. It stays so until the end of the run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrusted {
    /// They are of another account.
    #[error(
        "the credentials were renewed during the run, and the new ones belong to account {live} ({arn}), not to {account}"
    )]
    OtherAccount {
        /// The account that the run is for.
        account: String,
        /// The account of the new credentials.
        live: String,
        /// The caller that they stand for.
        arn: String,
    },
    /// STS could not be asked.
    #[error("the credentials were renewed during the run, and STS could not confirm their account: {}", .0.in_full())]
    Unconfirmed(Fault),
}

/// Gives out credentials of one account only.
#[derive(Clone, Debug)]
pub(crate) struct Proven(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    source: SharedCredentialsProvider,
    /// Everything that a client needs but credentials.
    config: SdkConfig,
    home: Region,
    manner: Manner,
    known: Mutex<Known>,
    untrusted: OnceLock<Untrusted>,
}

#[derive(Debug, Default)]
struct Known {
    /// The access keys that may be used.
    keys: BTreeSet<String>,
    /// Whose they are. Nothing while the caller of the first key is still asked for, with that key itself.
    account: Option<String>,
}

impl Known {
    /// The first account counts.
    fn compare(&mut self, live: &str, arn: &str) -> Result<(), Untrusted> {
        let account = self.account.get_or_insert_with(|| live.to_owned());
        if live == account {
            return Ok(());
        }
        Err(Untrusted::OtherAccount {
            account: account.clone(),
            live: live.to_owned(),
            arn: arn.to_owned(),
        })
    }
}

impl Proven {
    /// `config` is the clients' own but for the credentials.
    pub(crate) fn new(
        source: SharedCredentialsProvider,
        config: SdkConfig,
        home: Region,
        manner: Manner,
    ) -> Self {
        Proven(Arc::new(Inner {
            source,
            config,
            home,
            manner,
            known: Mutex::default(),
            untrusted: OnceLock::new(),
        }))
    }

    /// Notes what STS said of the key at hand. If that is another account than before, nothing is given out any more.
    pub(crate) async fn belong_to(&self, live: &str, arn: &str) {
        let mut known = self.0.known.lock().await;
        if let Err(untrusted) = known.compare(live, arn) {
            self.0.untrusted.get_or_init(|| untrusted);
        }
    }

    /// Why no credentials are given out any more, if so.
    pub(crate) fn untrusted(&self) -> Option<&Untrusted> {
        self.0.untrusted.get()
    }

    async fn next(&self) -> provider::Result {
        self.refuse_untrusted()?;
        let credentials = self.0.source.provide_credentials().await?;
        // Held during the question: it is asked once for a key, and every other request with that key waits for the answer.
        let mut known = self.0.known.lock().await;
        self.refuse_untrusted()?;
        let key = credentials.access_key_id();
        if !known.keys.contains(key) {
            if !known.keys.is_empty()
                && let Err(untrusted) = self.prove(&credentials, &mut known).await
            {
                self.0.untrusted.get_or_init(|| untrusted);
                self.refuse_untrusted()?;
            }
            known.keys.insert(key.to_owned());
        }
        Ok(credentials)
    }

    fn refuse_untrusted(&self) -> Result<(), CredentialsError> {
        match self.untrusted() {
            None => Ok(()),
            Some(untrusted) => Err(CredentialsError::provider_error(untrusted.clone())),
        }
    }

    async fn prove(&self, credentials: &Credentials, known: &mut Known) -> Result<(), Untrusted> {
        let (live, arn) = self.ask(credentials.clone()).await.map_err(|failure| {
            Untrusted::Unconfirmed(Fault {
                request_id: None,
                ..failure.0
            })
        })?;
        known.compare(&live, &arn)
    }

    /// Whose these credentials are: the account, and the caller's ARN (sts:GetCallerIdentity).
    async fn ask(&self, credentials: Credentials) -> Result<(String, String), Failure> {
        const CALL: &str = "sts:GetCallerIdentity";
        let config = self
            .0
            .config
            .to_builder()
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let sts = Clients::new(&config, &self.0.home, &self.0.manner).sts;
        let asked = tokio::time::timeout(PATIENCE, sts.get_caller_identity().send());
        let answer = match asked.await {
            Ok(answer) => answer?,
            Err(_) => return Err(Failure::answer(CALL, "there was no answer in time")),
        };
        match (answer.account, answer.arn) {
            (Some(account), Some(arn)) => Ok((account, arn)),
            _ => Err(Failure::answer(CALL, "the answer has no account id or no ARN")),
        }
    }
}

impl ProvideCredentials for Proven {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.next())
    }
}

#[cfg(test)]
mod tests;
