//! The table, what is read beside it, and the changes.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_core::env::Env;
use trueup_core::location::Region;
use trueup_core::tags::{self, Tags};
use trueup_core::values::{Bound, Template};

use super::GLOBAL;

/// The table `[config_recorder]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// There is a recorder, and it runs. False stops it; what it recorded stays, and the other keys wait until it
    /// is true again.
    pub(crate) enabled: Option<bool>,
    /// How often changes are recorded; continuous is stricter than daily, and stays where it is.
    pub(crate) frequency: Option<Bound<Frequency>>,
    /// The resource types that may be recorded daily although the others are recorded continuously. A recorder that
    /// records them continuously stays as it is unless `{ exactly = [...] }` is written.
    pub(crate) daily: Option<Bound<BTreeSet<String>>>,
    /// The resource types that are recorded continuously although the others are recorded daily.
    pub(crate) continuous: Option<Bound<BTreeSet<String>>>,
    /// Every resource type is recorded but these. An empty list records all, those that AWS adds later too. A recorder
    /// that records more stays as it is unless `{ exactly = [...] }` is written.
    pub(crate) exclude: Option<Bound<BTreeSet<String>>>,
    /// These resource types are recorded. A recorder that records more stays as it is unless `{ exactly = [...] }` is
    /// written.
    pub(crate) only: Option<Bound<BTreeSet<String>>>,
    /// IAM's users, groups, roles and policies are recorded in the global region: they are the same everywhere, and each
    /// record is paid. A recorder elsewhere that has them too keeps them unless `{ exactly = true }` is written.
    pub(crate) global_resource_types: Option<Bound<bool>>,
    /// The regions of which one is the global region, if the home region is not: that in which the findings of Security
    /// Hub come together, or else the first. Those of the file that can record IAM's types unless it is written.
    #[schemars(with = "Option<Vec<String>>")]
    pub(crate) global_regions: Option<BTreeSet<Region>>,
    /// It records with Config's service-linked role. A new recorder always does.
    pub(crate) service_linked_role: Option<bool>,
    /// The S3 bucket that it delivers to, which may be in another region or account; a new channel's is that of
    /// `[log_bucket]` unless it is written. `{account_id}` and `{home_region}` stand for the account's.
    #[schemars(with = "Option<String>")]
    pub(crate) bucket: Option<Template>,
    /// The beginning of the keys in the bucket, without a slash at its end. Empty for none.
    pub(crate) prefix: Option<String>,
}

impl Model {
    /// The beginning of the keys that it writes into this bucket; nothing if it delivers elsewhere, or records nothing.
    pub(crate) fn prefix_in(&self, bucket: &Template, env: &Env) -> Option<String> {
        let mut own = self.bucket.clone();
        if let Some(own) = &mut own {
            own.fill(env);
        }
        let is_it = self.enabled != Some(false) && own.is_none_or(|own| own == *bucket);
        is_it.then(|| self.prefix.clone().unwrap_or_default())
    }
}

/// How often changes are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Frequency {
    /// Whenever something changes.
    #[default]
    Continuous,
    /// Once a day, if something has changed.
    Daily,
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Frequency::Continuous => "continuous",
            Frequency::Daily => "daily",
        })
    }
}

/// What is needed to act.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// The recorder, if there is one.
    pub(crate) recorder: Option<Recorder>,
    /// The delivery channel, if there is one.
    pub(crate) channel: Option<Channel>,
    /// The global region, where the table leaves open which one it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) global_region: Option<Region>,
    /// For tasks and notices alone.
    #[serde(default)]
    pub(crate) told: Told,
}

/// What is worth knowing and decides no step: it moves while a saved plan waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// The file manages it.
    #[serde(default)]
    pub(crate) is_managed: bool,
    /// Why nothing has been delivered since, if that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failing: Option<Failing>,
}

/// A delivery that failed, and no later one that went well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failing {
    /// S3's code; empty if Config does not give it.
    pub(crate) code: String,
    /// It does not end by itself.
    pub(crate) is_permanent: bool,
    /// It has lasted a day.
    pub(crate) is_lasting: bool,
}

/// A recorder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recorder {
    /// Its name.
    pub(crate) name: String,
    /// Its ARN, if it tells.
    pub(crate) arn: Option<String>,
    /// The role that it records with does not exist.
    #[serde(default)]
    pub(crate) is_role_gone: bool,
    /// What it records and how.
    pub(crate) recording: Recording,
    /// Its tags, others' too.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
}

/// What a recorder records and how: all that a write of it replaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Recording {
    /// The role's ARN.
    pub(crate) role: String,
    /// The only types, if it is not all of them.
    pub(crate) only: Option<BTreeSet<String>>,
    /// The types that are left out.
    pub(crate) exclude: BTreeSet<String>,
    /// Whether IAM's types are among all. False if it is not all of them.
    pub(crate) global: bool,
    /// How often.
    pub(crate) frequency: Frequency,
    /// The types with another frequency: AWS takes one such list.
    pub(crate) otherwise: Option<(Frequency, BTreeSet<String>)>,
    /// The strategy contradicts the lists, and what is recorded is not known.
    #[serde(default)]
    pub(crate) is_unclear: bool,
}

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.frequency, self.scope())?;
        match &self.otherwise {
            Some((frequency, types)) => write!(f, ", {} types {frequency}", types.len()),
            None => Ok(()),
        }
    }
}

impl Recording {
    /// What is recorded, in a few words.
    pub(super) fn scope(&self) -> String {
        match &self.only {
            Some(only) => format!("{} types", only.len()),
            None if !self.exclude.is_empty() => format!("all but {} types", self.exclude.len()),
            None if self.global => "all types with IAM's".to_owned(),
            None => "all types without IAM's".to_owned(),
        }
    }

    /// Whether IAM's types are recorded; nothing if only some of them are.
    pub(super) fn has_global(&self) -> Option<bool> {
        let among = |types: &BTreeSet<String>| GLOBAL.iter().filter(|one| types.contains(**one)).count();
        let recorded = match &self.only {
            Some(only) => among(only),
            None if self.is_all() => GLOBAL.len() * usize::from(self.global),
            // What is not excluded is recorded, and IAM's types are no exception.
            None => GLOBAL.len() - among(&self.exclude),
        };
        match recorded {
            0 => Some(false),
            all if all == GLOBAL.len() => Some(true),
            _ => None,
        }
    }

    /// Records IAM's types, or not, in the way in which the others are chosen.
    pub(super) fn set_global(&mut self, on: bool) {
        let is_global = |name: &String| GLOBAL.contains(&name.as_str());
        match (&mut self.only, on) {
            (Some(only), true) => only.extend(GLOBAL.map(str::to_owned)),
            (Some(only), false) => only.retain(|name| !is_global(name)),
            (None, _) if self.exclude.is_empty() => self.global = on,
            (None, false) => self.exclude.extend(GLOBAL.map(str::to_owned)),
            (None, true) => {
                self.exclude.retain(|name| !is_global(name));
                self.global = self.exclude.is_empty();
            }
        }
    }

    /// Every type is recorded, but perhaps for IAM's.
    pub(super) fn is_all(&self) -> bool {
        self.only.is_none() && self.exclude.is_empty()
    }

    /// The types that are an exception to the frequency, if they are.
    pub(super) fn exceptions(&self) -> Option<&(Frequency, BTreeSet<String>)> {
        let otherwise = self.otherwise.as_ref();
        otherwise.filter(|(frequency, types)| *frequency != self.frequency && !types.is_empty())
    }

    /// The types that are recorded this often although the others are not.
    pub(super) fn with(&self, frequency: Frequency) -> BTreeSet<String> {
        match &self.otherwise {
            Some((other, types)) if *other == frequency => types.clone(),
            _ => BTreeSet::new(),
        }
    }
}

/// A delivery channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Channel {
    /// Its name.
    pub(crate) name: String,
    /// The bucket's name.
    pub(crate) bucket: String,
    /// The beginning of its keys; empty for none.
    pub(crate) prefix: String,
}

/// A change of one region's recorder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Make a recorder with Config's service-linked role, which is made if there is none.
    Create {
        /// Its name.
        name: String,
        /// What it records and how.
        recording: Recording,
        /// Its tags.
        tags: Tags,
    },
    /// Change what the recorder records. What Config knows beside that stays.
    Update {
        /// Its name.
        name: String,
        /// What it records and how.
        recording: Recording,
        /// What changes, for the plan.
        changes: Vec<String>,
    },
    /// Make the delivery channel, or let it deliver to this bucket. Its other settings stay.
    Deliver(Channel),
    /// Start the recorder.
    Start {
        /// Its name.
        name: String,
    },
    /// Stop the recorder.
    Stop {
        /// Its name.
        name: String,
    },
    /// Tag the recorder.
    Tag {
        /// Its ARN.
        arn: String,
        /// The tags that are missing or have another value.
        tags: Tags,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Create { name, recording, .. } => {
                write!(f, "create the configuration recorder {name}: {recording}")
            }
            Action::Update { name, changes, .. } => {
                write!(
                    f,
                    "change the configuration recorder {name}: {}",
                    changes.join(", ")
                )
            }
            Action::Deliver(channel) if channel.prefix.is_empty() => {
                write!(f, "deliver configuration records to {}", channel.bucket)
            }
            Action::Deliver(channel) => {
                write!(
                    f,
                    "deliver configuration records to {}/{}",
                    channel.bucket, channel.prefix
                )
            }
            Action::Start { name } => write!(f, "start the configuration recorder {name}"),
            Action::Stop { name } => write!(f, "stop the configuration recorder {name}"),
            Action::Tag { tags, .. } => {
                write!(f, "tag the configuration recorder: {}", tags::shown(tags))
            }
        }
    }
}

/// The ARN of Config's service-linked role.
pub(super) fn service_linked_role(env: &Env) -> String {
    format!(
        "arn:{}:iam::{}:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig",
        env.partition, env.account
    )
}
