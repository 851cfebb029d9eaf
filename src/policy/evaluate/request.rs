//! What is asked of a policy: a principal, an action, a resource, and the condition keys of the request.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::iam::account_of_root;

/// A text that does not identify a principal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid principal {0:?}: expected the ARN of a root user, IAM user, role or role session, or a service such as \
     cloudtrail.amazonaws.com"
)]
pub struct NotAPrincipal(String);

/// The principal that sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Principal {
    /// The root user of an account: `arn:aws:iam::111122223333:root`.
    Root {
        /// Its ARN.
        arn: String,
    },
    /// An IAM user: `arn:aws:iam::111122223333:user/path/name`.
    User {
        /// Its ARN.
        arn: String,
    },
    /// A session of a role. Without the session's name, any session of it.
    Session {
        /// The ARN of the role, with its path.
        role: String,
        /// The name of the session.
        name: Option<String>,
    },
    /// An AWS service that calls by itself, not with the credentials of a caller: `cloudtrail.amazonaws.com`.
    Service(String),
    /// A caller without credentials.
    Anonymous,
}

impl FromStr for Principal {
    type Err = NotAPrincipal;

    /// Reads an ARN, the name of a service, or `anonymous`. The ARN of a session has no path, and its role is taken
    /// to have none; for another one build [`Principal::Session`]. Source: IAM User Guide, "IAM identifiers".
    fn from_str(text: &str) -> Result<Self, NotAPrincipal> {
        let arn = text.to_owned();
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        match parts[..] {
            ["arn", _, "iam", "", _, "root"] if account_of_root(text).is_some() => {
                Ok(Principal::Root { arn })
            }
            ["arn", _, "iam", "", _, user] if user.starts_with("user/") => Ok(Principal::User { arn }),
            ["arn", _, "iam", "", _, role] if role.starts_with("role/") => Ok(Principal::Session {
                role: arn,
                name: None,
            }),
            ["arn", partition, "sts", "", account, session] => {
                let (role, name) = session
                    .strip_prefix("assumed-role/")
                    .and_then(|session| session.split_once('/'))
                    .ok_or_else(|| NotAPrincipal(arn.clone()))?;
                Ok(Principal::Session {
                    role: format!("arn:{partition}:iam::{account}:role/{role}"),
                    name: Some(name.to_owned()),
                })
            }
            ["anonymous"] => Ok(Principal::Anonymous),
            [service] if service.contains(".amazonaws.com") => Ok(Principal::Service(arn)),
            _ => Err(NotAPrincipal(arn)),
        }
    }
}

impl Principal {
    /// The ARN that `aws:PrincipalArn` has: of the role, for a session of it.
    fn arn(&self) -> Option<&str> {
        match self {
            Principal::Root { arn } | Principal::User { arn } | Principal::Session { role: arn, .. } => {
                Some(arn)
            }
            Principal::Service(_) | Principal::Anonymous => None,
        }
    }

    /// The account that it belongs to.
    pub fn account(&self) -> Option<&str> {
        self.arn()?.split(':').nth(4)
    }

    /// The ARN of the session, if this is one with a name.
    pub(super) fn session_arn(&self) -> Option<String> {
        let Principal::Session {
            role,
            name: Some(name),
        } = self
        else {
            return None;
        };
        let partition = role.split(':').nth(1)?;
        let role_name = role.rsplit('/').next()?;
        Some(format!(
            "arn:{partition}:sts::{}:assumed-role/{role_name}/{name}",
            self.account()?
        ))
    }

    /// What the principal says of a condition key, if that key is about the principal.
    ///
    /// Source: IAM User Guide, "AWS global condition context keys" (availability of each key) and "Variables and
    /// tags", table "Principal key values". A service belongs to no organization and has no tags.
    fn key(&self, key: &str) -> Option<Held> {
        let value = |text: &str| Some(Held::Values(vec![text.to_owned()]));
        let from = |text: Option<&str>| text.map_or(Some(Held::Absent), value);
        let is_service = matches!(self, Principal::Service(_));
        match key {
            // Every signed request has these, but the guide does not say with which value a service has them.
            "aws:principalarn" | "aws:principalaccount" | "aws:principaltype" | "aws:userid"
                if is_service =>
            {
                Some(Held::Unknown)
            }
            "aws:principalarn" => from(self.arn()),
            "aws:principalaccount" => value(self.account().unwrap_or("anonymous")),
            "aws:principaltype" => value(match self {
                Principal::Root { .. } => "Account",
                Principal::User { .. } => "User",
                Principal::Session { .. } => "AssumedRole",
                Principal::Service(_) | Principal::Anonymous => "Anonymous",
            }),
            "aws:userid" => match self {
                Principal::Root { .. } => from(self.account()),
                Principal::Anonymous => value("anonymous"),
                _ => Some(Held::Unknown),
            },
            "aws:username" => match self {
                Principal::User { arn } => from(arn.rsplit('/').next()),
                _ => Some(Held::Absent),
            },
            "aws:principalisawsservice" => match self {
                Principal::Anonymous => Some(Held::Absent),
                _ => value(if is_service { "true" } else { "false" }),
            },
            "aws:principalservicename" => match self {
                Principal::Service(name) => value(name),
                _ => Some(Held::Absent),
            },
            "aws:principalservicenameslist" if is_service => Some(Held::Unknown),
            "aws:principalservicenameslist" => Some(Held::Absent),
            "aws:principalorgid"
            | "aws:principalorgpaths"
            | "aws:multifactorauthpresent"
            | "aws:multifactorauthage"
                if self.arn().is_none() =>
            {
                Some(Held::Absent)
            }
            tag if tag.starts_with("aws:principaltag/") && self.arn().is_none() => Some(Held::Absent),
            _ => None,
        }
    }
}

/// What is known of one condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Values(Vec<String>),
    Absent,
    Unknown,
}

/// The condition keys of a request. Names have no case. Source: IAM User Guide, "IAM JSON policy elements: Condition".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    keys: BTreeMap<String, Held>,
    others: Held,
}

impl Context {
    /// A request all of whose keys are given here, or follow from its principal: AWS sends no other one.
    pub fn complete() -> Self {
        Context {
            keys: BTreeMap::new(),
            others: Held::Absent,
        }
    }

    /// A request that has keys beyond those given here: a statement that depends on one of them cannot be decided.
    pub fn partial() -> Self {
        Context {
            keys: BTreeMap::new(),
            others: Held::Unknown,
        }
    }

    /// With one more value of a key.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        let slot = self.keys.entry(key.to_lowercase()).or_insert(Held::Absent);
        match slot {
            Held::Values(values) => values.push(value.to_owned()),
            Held::Absent | Held::Unknown => *slot = Held::Values(vec![value.to_owned()]),
        }
        self
    }

    /// With a key that AWS does not send.
    #[must_use]
    pub fn absent(mut self, key: &str) -> Self {
        self.keys.insert(key.to_lowercase(), Held::Absent);
        self
    }

    /// With a key of which is not known whether AWS sends it, and with which value.
    #[must_use]
    pub fn unknown(mut self, key: &str) -> Self {
        self.keys.insert(key.to_lowercase(), Held::Unknown);
        self
    }
}

/// A request to AWS, as a policy sees it. Source: IAM User Guide, "Policy evaluation logic", section "Processing the
/// request context".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The caller.
    pub principal: Principal,
    /// Such as `s3:PutObject`.
    pub action: String,
    /// The ARN that the action is about, or `*` for an action without resource.
    pub resource: String,
    /// The condition keys.
    pub context: Context,
}

impl Request {
    /// What is known of a key: what is given, else what follows from the principal.
    pub(super) fn key(&self, key: &str) -> Held {
        let key = key.to_lowercase();
        if let Some(given) = self.context.keys.get(&key) {
            return given.clone();
        }
        self.principal
            .key(&key)
            .unwrap_or_else(|| self.context.others.clone())
    }
}
