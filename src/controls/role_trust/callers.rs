//! The callers that a trust is asked about, and who of them gets in.

use std::collections::BTreeSet;

use trueup_policy::Policy;
use trueup_policy::evaluate::{Answer, Context, Principal, Request, deleted_principals, evaluate};

use super::document::{compared, is, list, principals, statements};
use super::{AGE, ASSUME, Asked, Own, PRESENT};
use crate::admin_access::MfaCondition;

/// A user, a role and an account that nothing names: what holds for them holds for all that nothing names.
const ANY_USER: &str = "user/any-user";
const ANY_ROLE: &str = "role/any-role";
const ANY_ACCOUNT: &str = "000000000000";
/// An address reserved for documentation (RFC 5737).
const ANY_ADDRESS: &str = "192.0.2.77";
/// Older than any limit that a number can express.
const VERY_OLD: i64 = i32::MAX as i64 + 1;

/// Whether a caller gets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// No.
    No,
    /// Cannot tell; why, with the statement.
    Unclear(BTreeSet<String>),
    /// Yes, where an identity-based policy allows it too if the trust names the account alone.
    Yes,
}

impl Entry {
    /// The better one of two ways.
    fn or(self, other: Entry) -> Entry {
        match (self, other) {
            (Entry::Yes, _) | (_, Entry::Yes) => Entry::Yes,
            (Entry::Unclear(one), Entry::Unclear(other)) => Entry::Unclear(&one | &other),
            (Entry::No, other) => other,
            (unclear, Entry::No) => unclear,
        }
    }

    fn reasons(self) -> BTreeSet<String> {
        match self {
            Entry::Unclear(why) => why,
            Entry::No | Entry::Yes => BTreeSet::new(),
        }
    }
}

/// A user of the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Person {
    arn: String,
    /// The unique id, where a condition names it.
    id: Option<String>,
}

impl Person {
    /// The user of this ARN.
    pub(crate) fn of(arn: impl Into<String>) -> Self {
        Person {
            arn: arn.into(),
            id: None,
        }
    }

    fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }
}

/// How a user has signed in.
#[derive(Clone, Copy, Debug)]
pub(super) enum SignIn {
    /// With access keys: the request has no MFA keys at all.
    AccessKey,
    /// With a password alone, as in the console.
    Password,
    /// With MFA, so many seconds ago.
    Mfa(i64),
}

impl SignIn {
    fn put(self, context: Context) -> Context {
        match self {
            SignIn::AccessKey => context.absent(PRESENT).absent(AGE),
            SignIn::Password => context.with(PRESENT, "false").absent(AGE),
            SignIn::Mfa(age) => context.with(PRESENT, "true").with(AGE, &age.to_string()),
        }
    }
}

/// Keys that a user's request to assume a role does not have. An external id is sent for third parties only.
const NOT_OF_USERS: [&str; 8] = [
    "sts:ExternalId",
    "sts:SourceIdentity",
    "aws:SourceIdentity",
    "aws:FederatedProvider",
    "aws:SourceArn",
    "aws:SourceAccount",
    "aws:CalledVia",
    "aws:TagKeys",
];

/// Asks trusts about the same callers: those that one document names, and some that it does not.
#[derive(Debug)]
pub(crate) struct Probe<'a> {
    own: Own<'a>,
    /// The users who have to get in; any one, if it is empty.
    wanted: Vec<Person>,
    /// Every user that is asked about.
    people: BTreeSet<Person>,
    /// The ARNs of the account's roles that are asked about.
    roles: BTreeSet<String>,
    addresses: BTreeSet<String>,
    sessions: BTreeSet<String>,
    external_ids: BTreeSet<String>,
}

impl<'a> Probe<'a> {
    /// Asks about whom the trust names. `wanted` are the users who have to get in; any one, if there are none.
    pub(crate) fn new(trust: &Policy, own: Own<'a>, wanted: Vec<Person>) -> Self {
        let all = statements(trust);
        let values = |key: &str| -> BTreeSet<String> {
            let values = all.iter().flat_map(|one| compared(one, key));
            values.map(|value| example(&value)).collect()
        };
        let arns = values("aws:PrincipalArn").into_iter();
        let arns: BTreeSet<String> = arns
            .chain(all.iter().flat_map(principals))
            .filter_map(|arn| of_account(&arn, own))
            .collect();
        let (roles, users): (BTreeSet<String>, BTreeSet<String>) =
            arns.into_iter().partition(|arn| arn.contains(":role/"));
        let names = values("aws:username");
        let named = names.iter().map(|name| own.arn(&format!("user/{name}")));
        let by_id = values("aws:userid")
            .into_iter()
            .filter(|id| id.starts_with("AIDA"));
        let mut people: BTreeSet<Person> = users.into_iter().chain(named).map(Person::of).collect();
        people.extend(by_id.map(|id| Person {
            arn: own.arn(ANY_USER),
            id: Some(id),
        }));
        people.insert(Person::of(own.arn(ANY_USER)));
        people.extend(wanted.iter().cloned());
        let networks = values("aws:SourceIp").into_iter();
        Probe {
            own,
            wanted,
            people,
            roles: roles.into_iter().chain([own.arn(ANY_ROLE)]).collect(),
            addresses: networks
                .filter_map(|network| Some(network.split('/').next()?.to_owned()))
                .chain([ANY_ADDRESS.to_owned()])
                .collect(),
            sessions: values("sts:RoleSessionName"),
            external_ids: values("sts:ExternalId"),
        }
    }

    pub(super) fn own(&self) -> Own<'a> {
        self.own
    }

    /// Whether a user gets in, from some address and under some session name.
    fn person(&self, trust: &Policy, person: &Person, sign_in: SignIn) -> Entry {
        self.person_sending(trust, person, sign_in, None)
    }

    fn person_sending(
        &self,
        trust: &Policy,
        person: &Person,
        sign_in: SignIn,
        external_id: Option<&str>,
    ) -> Entry {
        let own_name = person.name().to_owned();
        let mut entry = Entry::No;
        for address in &self.addresses {
            for session in self.sessions.iter().chain([&own_name]) {
                let mut context = sign_in.put(Context::partial());
                context = NOT_OF_USERS
                    .iter()
                    .fold(context, |context, key| context.absent(key));
                // What is left of the values that a document names is a unique id of something else.
                let id = person.id.as_deref().unwrap_or("AIDANOBODYSIDENTIFIER");
                context = context
                    .with("aws:SourceIp", address)
                    .with("aws:SecureTransport", "true")
                    .with("aws:ViaAWSService", "false")
                    .with("aws:userid", id)
                    .with("sts:RoleSessionName", session);
                if let Some(external_id) = external_id {
                    context = context.with("sts:ExternalId", external_id);
                }
                let principal = Principal::User {
                    arn: person.arn.clone(),
                };
                entry = entry.or(asked(trust, principal, context));
            }
        }
        entry
    }

    /// Whether a session of one of the account's roles gets in. It carries no MFA (IAM User Guide, "Configuring
    /// MFA-protected API access").
    fn role(&self, trust: &Policy, role: &str) -> Entry {
        let role = Principal::Session {
            role: role.to_owned(),
            name: None,
        };
        asked(trust, role, SignIn::AccessKey.put(Context::partial()))
    }

    /// Whether some user gets in who has signed in like this.
    pub(super) fn anybody(&self, trust: &Policy, sign_in: SignIn) -> Entry {
        let entries = self
            .people
            .iter()
            .map(|person| self.person(trust, person, sign_in));
        entries.fold(Entry::No, Entry::or)
    }

    /// Whether the users who have to get in do, with MFA: all of them, where there are some.
    pub(crate) fn users(&self, trust: &Policy) -> Entry {
        if self.wanted.is_empty() {
            return self.anybody(trust, SignIn::Mfa(0));
        }
        let mut unclear = BTreeSet::new();
        for person in &self.wanted {
            match self.person(trust, person, SignIn::Mfa(0)) {
                Entry::No => return Entry::No,
                Entry::Unclear(why) => unclear.extend(why),
                Entry::Yes => {}
            }
        }
        match unclear.is_empty() {
            true => Entry::Yes,
            false => Entry::Unclear(unclear),
        }
    }

    /// What the trust asks of the users; nothing if it does not let those in who have to get in.
    pub(crate) fn asks(&self, trust: &Policy) -> Option<Asked> {
        (self.users(trust) != Entry::No).then(|| Asked {
            mfa: self.mfa(trust),
            max_age: self.max_age(trust),
        })
    }

    /// How MFA is demanded of users at the weakest point.
    pub(super) fn mfa(&self, trust: &Policy) -> Option<MfaCondition> {
        if self.anybody(trust, SignIn::Password) == Entry::Yes {
            None
        } else if self.anybody(trust, SignIn::AccessKey) == Entry::Yes {
            Some(MfaCondition::BoolIfExists)
        } else {
            Some(MfaCondition::Bool)
        }
    }

    /// The age of an MFA sign-in at which the last user is shut out.
    pub(super) fn max_age(&self, trust: &Policy) -> Option<i32> {
        let gets_in = |age: i64| self.anybody(trust, SignIn::Mfa(age)) == Entry::Yes;
        if gets_in(VERY_OLD) {
            return None;
        }
        let mut ages: Vec<i32> = statements(trust)
            .iter()
            .flat_map(|one| compared(one, AGE))
            .filter_map(|age| age.parse().ok())
            .collect();
        ages.sort_unstable();
        ages.into_iter().rev().find(|age| gets_in(i64::from(*age) - 1))
    }

    /// Whether a user gets in whose sign-in with MFA is older than this.
    pub(super) fn is_older_let_in(&self, trust: &Policy, age: i32) -> bool {
        [i64::from(age) + 1, VERY_OLD]
            .into_iter()
            .any(|age| self.anybody(trust, SignIn::Mfa(age)) == Entry::Yes)
    }

    /// Why it cannot be told of some users whether they get in, with MFA or without.
    pub(crate) fn unclear(&self, trust: &Policy) -> Vec<String> {
        let mut why = self.users(trust).reasons();
        for sign_in in [SignIn::AccessKey, SignIn::Password] {
            why.extend(self.anybody(trust, sign_in).reasons());
        }
        why.into_iter().collect()
    }

    /// Who gets in, or may, without MFA and is none of the account's users: roles, other accounts, services and
    /// identity providers.
    pub(crate) fn others(&self, trust: &Policy) -> Vec<String> {
        let mut found = BTreeSet::new();
        for one in statements(trust).iter().filter(|one| is(one, "Allow")) {
            if let Some(but) = one
                .get("NotPrincipal")
                .filter(|_| self.without_mfa(trust, "*") != Entry::No)
            {
                found.insert(format!("every principal but {but}"));
            }
            for name in principals(one) {
                found.extend(self.let_in_by(trust, &name));
            }
            for service in list(&one["Principal"]["Service"]) {
                if asked(trust, Principal::Service(service.clone()), Context::partial()) != Entry::No {
                    found.insert(service);
                }
            }
            found.extend(list(&one["Principal"]["Federated"]));
        }
        let gone: BTreeSet<String> = deleted_principals(trust).into_iter().map(|(_, id)| id).collect();
        found.retain(|name| !gone.contains(name));
        found.into_iter().collect()
    }

    /// Who of those that one name stands for gets in without MFA, the account's users left aside.
    fn let_in_by(&self, trust: &Policy, name: &str) -> Vec<String> {
        let own = self.own;
        let mut found = vec![];
        if name == "*" || own.is_account(name) {
            let let_in = |role: &&String| self.role(trust, role) != Entry::No;
            match let_in(&&own.arn(ANY_ROLE)) {
                true => found.push(roles_of(own)),
                false => found.extend(self.roles.iter().filter(let_in).cloned()),
            }
            for id in &self.external_ids {
                let gets_in = |person| {
                    let sent = self.person_sending(trust, person, SignIn::AccessKey, Some(id));
                    sent == Entry::Yes && self.person(trust, person, SignIn::AccessKey) == Entry::No
                };
                if self.people.iter().any(gets_in) {
                    found.push(format!(
                        "users of account {} who send an external ID",
                        own.account
                    ));
                }
            }
        }
        if !own.has(name) || name == "*" {
            found.extend((self.without_mfa(trust, name) != Entry::No).then(|| match name {
                "*" => "every other account".to_owned(),
                _ => name.to_owned(),
            }));
        }
        found
    }

    /// Whether a principal of the document gets in, a user with MFA.
    pub(crate) fn with_mfa(&self, trust: &Policy, name: &str) -> Entry {
        self.named(trust, name, SignIn::Mfa(0))
    }

    /// The same for a user without MFA.
    pub(crate) fn without_mfa(&self, trust: &Policy, name: &str) -> Entry {
        let ways = [SignIn::AccessKey, SignIn::Password].into_iter();
        ways.map(|sign_in| self.named(trust, name, sign_in))
            .fold(Entry::No, Entry::or)
    }

    /// What has no form that is known may get in.
    fn named(&self, trust: &Policy, name: &str, sign_in: SignIn) -> Entry {
        let partition = self.own.partition;
        let account = match name {
            "*" => Some(ANY_ACCOUNT),
            id if id.len() == 12 => Some(id),
            arn => arn.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next()),
        };
        let callers = match account {
            Some(id) => [ANY_USER, ANY_ROLE]
                .map(|one| format!("arn:{partition}:iam::{id}:{one}"))
                .to_vec(),
            None => vec![name.to_owned()],
        };
        let mut entry = Entry::No;
        for caller in callers {
            let Ok(principal) = caller.parse::<Principal>() else {
                return Entry::Unclear([format!("{name} is not a principal of a known form")].into());
            };
            let sign_in = match principal {
                Principal::User { .. } => sign_in,
                _ => SignIn::AccessKey,
            };
            entry = entry.or(asked(trust, principal, sign_in.put(Context::partial())));
        }
        entry
    }

    /// Whether anyone at all gets in, or may.
    pub(crate) fn any_caller(&self, trust: &Policy) -> bool {
        let is_foreign = |name: &String| !self.own.has(name) || name == "*";
        let named = statements(trust);
        let allowed = named.iter().filter(|one| is(one, "Allow"));
        let mut foreign = allowed.flat_map(principals).filter(is_foreign);
        self.anybody(trust, SignIn::Mfa(0)) != Entry::No
            || !self.others(trust).is_empty()
            || foreign.any(|name| self.with_mfa(trust, &name) != Entry::No)
    }

    /// Which of the account's users get in by one trust, or may, and no longer do by another one.
    fn users_shut_out(&self, before: &Policy, after: &Policy) -> Option<&'static str> {
        let loses = |sign_in| {
            self.people.iter().any(|person| {
                self.person(before, person, sign_in) != Entry::No
                    && self.person(after, person, sign_in) == Entry::No
            })
        };
        let is_older = |age: i32| loses(SignIn::Mfa(age.into()));
        if loses(SignIn::Mfa(0)) {
            Some("users of the account")
        } else if loses(SignIn::AccessKey) || loses(SignIn::Password) {
            Some("users without MFA")
        } else if loses(SignIn::Mfa(VERY_OLD)) || self.max_age(after).is_some_and(is_older) {
            Some("users whose sign-in with MFA is older")
        } else {
            None
        }
    }

    /// Who of the account gets in by one trust, or may, and no longer does by another one.
    pub(crate) fn own_shut_out(&self, before: &Policy, after: &Policy) -> Vec<String> {
        let role = self.own.arn(ANY_ROLE);
        let loses = self.role(before, &role) != Entry::No && self.role(after, &role) == Entry::No;
        let roles = loses.then(|| format!("{} (a role session carries no MFA)", roles_of(self.own)));
        let users = self.users_shut_out(before, after).map(str::to_owned);
        users.into_iter().chain(roles).collect()
    }

    /// Who gets in by one trust, or may, and no longer does by another one.
    pub(super) fn shut_out(&self, before: &Policy, after: &Policy) -> Vec<String> {
        let left = self.others(after);
        let is_lost = |name: &String| !left.contains(name) && *name != roles_of(self.own);
        let others = self.others(before).into_iter().filter(is_lost);
        self.own_shut_out(before, after)
            .into_iter()
            .chain(others)
            .collect()
    }
}

fn asked(trust: &Policy, principal: Principal, context: Context) -> Entry {
    let request = Request {
        principal,
        action: ASSUME.to_owned(),
        resource: "*".to_owned(),
        context,
    };
    let decision = evaluate(&[trust], &request);
    match decision.answer {
        Answer::Allowed => Entry::Yes,
        Answer::Denied | Answer::NotAllowed => Entry::No,
        Answer::Unknown => Entry::Unclear(decision.by.iter().map(ToString::to_string).collect()),
    }
}

fn roles_of(own: Own<'_>) -> String {
    format!("the roles of account {}", own.account)
}

/// A text that fits a pattern.
fn example(pattern: &str) -> String {
    pattern.replace(['*', '?'], "x")
}

/// The ARN of a user or a role of the account, if this is one, where a pattern stands for several accounts too.
fn of_account(arn: &str, own: Own<'_>) -> Option<String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, _, _, account, resource] = parts[..] else {
        return None;
    };
    let is_one = resource.starts_with("user/") || resource.starts_with("role/");
    (is_one && (account == own.account || account == "x")).then(|| own.arn(resource))
}
