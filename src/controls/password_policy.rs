//! The password policy for IAM users.
//!
//! `UpdateAccountPasswordPolicy` has no partial update: what it is not sent goes back to a default that is
//! weaker than the built-in policy (IAM API reference). So every write sends the whole policy, with what the
//! baseline does not manage as it was read.

use std::fmt;

use futures::{StreamExt, TryStreamExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Control, Doc, Here, Observed, Permissions};
use trueup_core::fault::{Fault, FaultKind};
use trueup_core::location::Scope;
use trueup_core::values::{Never, Nothing, NumberOr, Presence};

/// The control.
pub(crate) struct PasswordPolicy;

/// The table `[password_policy]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// "absent" returns to AWS's built-in policy.
    pub(crate) state: Option<Presence>,
    /// The fewest characters of a password, 6 to 128.
    #[schemars(range(min = 6, max = 128))]
    pub(crate) minimum_length: Option<i32>,
    /// A password needs a symbol.
    pub(crate) require_symbols: Option<bool>,
    /// A password needs a digit.
    pub(crate) require_numbers: Option<bool>,
    /// A password needs an upper-case letter.
    pub(crate) require_uppercase: Option<bool>,
    /// A password needs a lower-case letter.
    pub(crate) require_lowercase: Option<bool>,
    /// IAM users may change their own password.
    pub(crate) allow_users_to_change: Option<bool>,
    /// How many old passwords cannot be used again, 1 to 24, or "none".
    pub(crate) reuse_prevention: Option<NumberOr<Nothing>>,
    /// After how many days a password expires, 1 to 1095, or "never".
    pub(crate) max_age_days: Option<NumberOr<Never>>,
    /// Who lets a password expire is locked out until an administrator resets it.
    pub(crate) hard_expiry: Option<bool>,
}

impl Model {
    fn is_absent(&self) -> bool {
        self.state == Some(Presence::Absent)
    }

    /// True if it says nothing about the policy itself.
    fn is_silent(&self) -> bool {
        Model {
            state: None,
            ..self.clone()
        } == Model::default()
    }

    /// True if passwords need a character of some kind.
    fn asks_for_kinds(&self) -> bool {
        [
            self.require_symbols,
            self.require_numbers,
            self.require_uppercase,
            self.require_lowercase,
        ]
        .contains(&Some(true))
    }

    /// True if no password expires once this is so.
    fn lets_passwords_live(&self, live: &Model) -> bool {
        self.is_absent() || days(&self.over(live)).is_none()
    }

    /// The whole policy to send: what is wanted, over what is there, over what AWS does without a policy.
    fn over(&self, live: &Model) -> Model {
        Model {
            state: None,
            // Without a policy AWS asks for 8 characters; an update that leaves the length out would make it 6.
            minimum_length: self.minimum_length.or(live.minimum_length).or(Some(8)),
            require_symbols: self.require_symbols.or(live.require_symbols),
            require_numbers: self.require_numbers.or(live.require_numbers),
            require_uppercase: self.require_uppercase.or(live.require_uppercase),
            require_lowercase: self.require_lowercase.or(live.require_lowercase),
            allow_users_to_change: self.allow_users_to_change.or(live.allow_users_to_change),
            reuse_prevention: self.reuse_prevention.or(live.reuse_prevention),
            max_age_days: self.max_age_days.or(live.max_age_days),
            hard_expiry: self.hard_expiry.or(live.hard_expiry),
        }
    }
}

/// What is read beside the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    /// For notices alone (see [`TOLD`](trueup_core::control::TOLD)): users come and go while a saved plan waits.
    pub(crate) told: Told,
}

/// Who signs in with nothing but a password. Looked at where the wanted policy lets no password expire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    /// The IAM users with a console password and without MFA, in order.
    pub(crate) without_mfa: Vec<String>,
    /// Why they are not known, if they are not.
    pub(crate) unread: Option<Fault>,
}

/// A change of the policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Send the whole policy.
    Put(Model),
    /// Return to the built-in policy.
    Delete,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Action::Put(_) => "set the IAM password policy",
            Action::Delete => "delete the IAM password policy",
        })
    }
}

impl Control for PasswordPolicy {
    const NAME: &'static str = "password_policy";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "IAM password policy",
        items: &[10],
        why: "Without one, IAM users may choose passwords of 8 characters that never expire and can be used again.",
        off: "state = \"absent\" returns to AWS's built-in policy",
        cost: "free",
        benchmarks: &[
            ("CIS 5.0", "1.7, 1.8"),
            ("CIS 3.0", "1.8, 1.9"),
            ("FSBP", "IAM.7"),
        ],
        page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html",
        example: r#"[password_policy]
minimum_length = 14
require_symbols = true
require_numbers = true
require_uppercase = true
require_lowercase = true
allow_users_to_change = true
reuse_prevention = 24
# max_age_days = 180       # for users without MFA; "never" switches it off
# hard_expiry = false      # true locks out who lets a password expire
"#,
    };
    const PERMISSIONS: Permissions = Permissions {
        read: &[
            "iam:GetAccountPasswordPolicy",
            "iam:ListUsers",
            "iam:GetLoginProfile",
            "iam:ListMFADevices",
        ],
        write: &[
            "iam:UpdateAccountPasswordPolicy",
            "iam:DeleteAccountPasswordPolicy",
        ],
    };

    type Model = Model;
    type Ids = Ids;
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        let mut wrong = vec![];
        let mut range = |key, value: Option<i32>, from, to| {
            if let Some(value) = value.filter(|value| !(from..=to).contains(value)) {
                wrong.push((key, format!("{value} is out of range; expected {from} to {to}")));
            }
        };
        range("minimum_length", want.minimum_length, 6, 128);
        range(
            "reuse_prevention",
            want.reuse_prevention.and_then(|n| n.number),
            1,
            24,
        );
        range("max_age_days", want.max_age_days.and_then(|n| n.number), 1, 1095);
        if want.hard_expiry == Some(true) && want.max_age_days.is_some_and(|age| age.number.is_none()) {
            wrong.push((
                "hard_expiry",
                "nothing expires with max_age_days = \"never\"".to_owned(),
            ));
        }
        if want.is_silent() && !want.is_absent() {
            wrong.push((
                "",
                "says nothing about the policy; expected at least minimum_length".to_owned(),
            ));
        }
        wrong
    }

    fn diff(want: &Model, seen: &Observed<Model, Ids>, _here: &Here<'_>, out: &mut Changes<Action>) {
        let live = &seen.model;
        remark(&seen.ids.told, out);
        if want.is_absent() {
            if !live.is_absent() {
                out.destroy(Action::Delete);
            }
            return;
        }
        let whole = want.over(live);
        if whole
            == (Model {
                state: None,
                ..live.clone()
            })
        {
            return;
        }
        let expires_sooner = match (days(live), days(&whole)) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(before), Some(after)) => after < before,
        };
        // A hard expiry locks out nobody while nothing expires, and more people when things expire sooner.
        let locks_out = whole.hard_expiry == Some(true)
            && days(&whole).is_some()
            && (live.hard_expiry != Some(true) || expires_sooner);
        let age = whole.max_age_days;
        if live.is_absent() && !whole.asks_for_kinds() {
            out.notice(
                "this replaces AWS's built-in policy, which asks for three of the four kinds of characters; write \
                 require_symbols, require_numbers, require_uppercase or require_lowercase to keep asking for them",
            );
        }
        let mut step = if live.is_absent() {
            out.add(Action::Put(whole))
        } else {
            out.change(Action::Put(whole))
        };
        if let Some(age) = age.filter(|_| expires_sooner) {
            step = step.disruptive(format!("passwords older than {age} days expire at once"));
        }
        if locks_out {
            step.disruptive("who lets a password expire is locked out until an administrator resets it");
        }
    }
}

impl Live for PasswordPolicy {
    async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
        let answer = cx
            .clients()
            .iam
            .get_account_password_policy()
            .send()
            .await
            .map_err(Failure::from);
        let policy = match answer {
            Ok(answer) => answer.password_policy,
            Err(fault) if fault.is("NoSuchEntity") => None,
            Err(fault) => return Err(fault),
        };
        let model = match policy {
            None => Model {
                state: Some(Presence::Absent),
                ..Model::default()
            },
            Some(policy) => Model {
                state: None,
                minimum_length: Some(policy.minimum_password_length.unwrap_or(6)),
                require_symbols: Some(policy.require_symbols),
                require_numbers: Some(policy.require_numbers),
                require_uppercase: Some(policy.require_uppercase_characters),
                require_lowercase: Some(policy.require_lowercase_characters),
                allow_users_to_change: Some(policy.allow_users_to_change_password),
                reuse_prevention: Some(NumberOr::from_api(policy.password_reuse_prevention)),
                max_age_days: Some(NumberOr::from_api(policy.max_password_age)),
                hard_expiry: Some(policy.hard_expiry.unwrap_or(false)),
            },
        };
        let mut seen = Observed::<Model, Ids>::of(model);
        if want.is_some_and(|want| want.lets_passwords_live(&seen.model)) {
            match without_mfa(&cx.clients().iam).await {
                Ok(users) => seen.ids.told.without_mfa = users,
                // The policy itself is known all the same.
                Err(fault) => seen.ids.told.unread = Some(fault.0),
            }
        }
        Ok(seen)
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        let iam = &cx.clients().iam;
        match action {
            Action::Put(policy) => {
                iam.update_account_password_policy()
                    .set_minimum_password_length(policy.minimum_length)
                    .set_require_symbols(policy.require_symbols)
                    .set_require_numbers(policy.require_numbers)
                    .set_require_uppercase_characters(policy.require_uppercase)
                    .set_require_lowercase_characters(policy.require_lowercase)
                    .set_allow_users_to_change_password(policy.allow_users_to_change)
                    // "Off" is said by leaving these two out: AWS refuses 0.
                    .set_password_reuse_prevention(policy.reuse_prevention.and_then(|n| n.number))
                    .set_max_password_age(policy.max_age_days.and_then(|n| n.number))
                    .set_hard_expiry(policy.hard_expiry)
                    .send()
                    .await?;
            }
            Action::Delete => match iam
                .delete_account_password_policy()
                .send()
                .await
                .map_err(Failure::from)
            {
                Ok(_) => {}
                Err(fault) if fault.is("NoSuchEntity") => {}
                Err(fault) => return Err(fault),
            },
        }
        Ok(())
    }
}

/// The IAM users with a console password and without MFA.
async fn without_mfa(iam: &aws_sdk_iam::Client) -> Result<Vec<String>, Failure> {
    let users = iam.list_users().into_paginator().items().send();
    let users = users.collect::<Result<Vec<_>, _>>().await?;
    let mut names: Vec<String> = futures::stream::iter(users)
        .map(|user| async move {
            let profile = iam.get_login_profile().user_name(&user.user_name).send().await;
            match profile.map_err(Failure::from) {
                Ok(_) => {}
                Err(fault) if fault.is("NoSuchEntity") => return Ok(None),
                Err(fault) => return Err(fault),
            }
            let devices = iam.list_mfa_devices().user_name(&user.user_name).send().await;
            match devices.map_err(Failure::from) {
                Ok(devices) if devices.mfa_devices.is_empty() => Ok(Some(user.user_name)),
                Ok(_) => Ok(None),
                // Somebody deleted the user in between.
                Err(fault) if fault.is("NoSuchEntity") => Ok(None),
                Err(fault) => Err(fault),
            }
        })
        .buffered(8)
        .try_collect::<Vec<Option<String>>>()
        .await?
        .into_iter()
        .flatten()
        .collect();
    names.sort();
    Ok(names)
}

/// Passwords that are all that stands before a user, and never expire: worth knowing, but no difference.
fn remark(told: &Told, out: &mut Changes<Action>) {
    if let Some(fault) = &told.unread {
        let unknown = "whether IAM users sign in without MFA is not known";
        out.notice(match (fault.kind, fault.hint()) {
            (FaultKind::Denied | FaultKind::DeniedByOrganization, _) => format!(
                "{unknown}: IAM does not show the users ({}); iam:ListUsers, iam:GetLoginProfile and \
                 iam:ListMFADevices are needed",
                fault.code.as_deref().unwrap_or("no code")
            ),
            (_, Some(hint)) => format!("{unknown}: {fault}; {hint}"),
            (_, None) => format!("{unknown}: {fault}"),
        });
    }
    if told.without_mfa.is_empty() {
        return;
    }
    let (named, more) = told.without_mfa.split_at(told.without_mfa.len().min(10));
    let more = match more.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    out.notice(format!(
        "these IAM users sign in with a password alone, without MFA, and it never expires: {}{more}; give them MFA, \
         or write max_age_days = 180 and reuse_prevention = 5 or more",
        named.join(", ")
    ));
}

fn days(policy: &Model) -> Option<i32> {
    policy.max_age_days.and_then(|age| age.number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn model(text: &str) -> Model {
        toml::from_str(text).unwrap()
    }

    /// A policy as `fetch` reads one: every key filled in.
    fn live() -> Model {
        model(
            "minimum_length = 14\nrequire_symbols = true\nrequire_numbers = true\nrequire_uppercase = true\n\
             require_lowercase = true\nallow_users_to_change = true\nreuse_prevention = 24\n\
             max_age_days = \"never\"\nhard_expiry = false\n",
        )
    }

    fn absent() -> Model {
        model("state = \"absent\"")
    }

    fn example() -> Model {
        let table: toml::Table = PasswordPolicy::DOC.example.parse().unwrap();
        table[PasswordPolicy::NAME].clone().try_into().unwrap()
    }

    fn found(want: &Model, live: &Model) -> Changes<Action> {
        testing::found::<PasswordPolicy>(want, &Observed::of(live.clone()))
    }

    fn plan(want: &Model, live: &Model) -> String {
        testing::told(&found(want, live))
    }

    #[test]
    fn a_stricter_policy_is_safe_because_passwords_stay_valid() {
        insta::assert_snapshot!(plan(&example(), &absent()), @"set the IAM password policy [safe]");
        let shorter = Model {
            minimum_length: Some(8),
            ..live()
        };
        insta::assert_snapshot!(plan(&example(), &shorter), @"set the IAM password policy [safe]");
    }

    #[test]
    fn keys_that_are_not_managed_are_sent_back_as_they_were_read() {
        let out = found(&model("minimum_length = 16"), &live());
        let sent = Model {
            minimum_length: Some(16),
            ..live()
        };
        assert_eq!(out.steps[0].action, Action::Put(sent));
    }

    #[test]
    fn a_first_policy_keeps_the_length_of_the_built_in_one() {
        let out = found(&model("require_symbols = true"), &absent());
        assert_eq!(
            out.steps[0].action,
            Action::Put(model("minimum_length = 8\nrequire_symbols = true"))
        );
    }

    #[test]
    fn a_first_policy_that_drops_what_the_built_in_one_asks_for_says_so() {
        insta::assert_snapshot!(plan(&model("minimum_length = 14"), &absent()), @r"
        set the IAM password policy [safe]
        note: this replaces AWS's built-in policy, which asks for three of the four kinds of characters; write require_symbols, require_numbers, require_uppercase or require_lowercase to keep asking for them
        ");
    }

    #[test]
    fn an_earlier_expiry_needs_consent() {
        let want = model("max_age_days = 180");
        insta::assert_snapshot!(plan(&want, &live()), @r"
        set the IAM password policy [disruptive]
          ! passwords older than 180 days expire at once
        ");
        let sooner = Model {
            max_age_days: Some(NumberOr::from_api(Some(90))),
            ..live()
        };
        insta::assert_snapshot!(plan(&want, &sooner), @"set the IAM password policy [safe]");
    }

    #[test]
    fn a_hard_expiry_needs_consent_once_something_expires() {
        let expiring = Model {
            max_age_days: Some(NumberOr::from_api(Some(90))),
            ..live()
        };
        insta::assert_snapshot!(plan(&model("hard_expiry = true"), &expiring), @r"
        set the IAM password policy [disruptive]
          ! who lets a password expire is locked out until an administrator resets it
        ");
        insta::assert_snapshot!(
            plan(&model("hard_expiry = true"), &live()),
            @"set the IAM password policy [safe]"
        );
    }

    #[test]
    fn an_earlier_expiry_under_a_hard_one_says_that_it_locks_out() {
        let hard = Model {
            hard_expiry: Some(true),
            ..live()
        };
        insta::assert_snapshot!(plan(&model("max_age_days = 90"), &hard), @r"
        set the IAM password policy [disruptive]
          ! passwords older than 90 days expire at once
          ! who lets a password expire is locked out until an administrator resets it
        ");
    }

    #[test]
    fn who_signs_in_with_a_password_alone_is_named_and_no_difference() {
        let mut seen = Observed::<Model, Ids>::of(live());
        seen.ids.told.without_mfa = vec!["alice".to_owned(), "bob".to_owned()];
        let told = |seen: &Observed<Model, Ids>| {
            let out = testing::found::<PasswordPolicy>(&example(), seen);
            assert!(out.steps.is_empty() && out.people.is_empty());
            testing::told(&out)
        };
        insta::assert_snapshot!(told(&seen), @"note: these IAM users sign in with a password alone, without MFA, and it never expires: alice, bob; give them MFA, or write max_age_days = 180 and reuse_prevention = 5 or more");
        seen.ids.told.without_mfa = (10..22).map(|n| format!("u{n}")).collect();
        assert!(told(&seen).contains("u10, u11, u12, u13, u14, u15, u16, u17, u18, u19 and 2 more;"));
        let refused = Fault {
            kind: FaultKind::Denied,
            call: "iam:ListUsers".to_owned(),
            code: Some("AccessDenied".to_owned()),
            message: "not authorized".to_owned(),
            request_id: None,
        };
        let throttled = Fault {
            kind: FaultKind::Throttled,
            code: Some("Throttling".to_owned()),
            message: "Rate exceeded".to_owned(),
            ..refused.clone()
        };
        seen.ids.told = Told {
            without_mfa: vec![],
            unread: Some(throttled),
        };
        insta::assert_snapshot!(told(&seen), @"note: whether IAM users sign in without MFA is not known: iam:ListUsers: Throttling: Rate exceeded; run again later, or with a smaller --parallelism");
        seen.ids.told.unread = Some(refused);
        insta::assert_snapshot!(told(&seen), @"note: whether IAM users sign in without MFA is not known: IAM does not show the users (AccessDenied); iam:ListUsers, iam:GetLoginProfile and iam:ListMFADevices are needed");
    }

    #[test]
    fn users_are_looked_at_only_where_no_password_expires() {
        let expiring = model("max_age_days = 180").over(&live());
        assert!(example().lets_passwords_live(&live()));
        assert!(example().lets_passwords_live(&absent()));
        assert!(absent().lets_passwords_live(&expiring));
        assert!(!example().lets_passwords_live(&expiring));
        assert!(!model("max_age_days = 180").lets_passwords_live(&live()));
    }

    #[test]
    fn the_built_in_policy_is_returned_to_by_deleting_ones_own() {
        insta::assert_snapshot!(plan(&absent(), &live()), @"delete the IAM password policy [destructive]");
        assert_eq!(plan(&absent(), &absent()), "");
    }

    #[test]
    fn an_exported_policy_plans_to_nothing() {
        let expiring = model("max_age_days = 90\nreuse_prevention = \"none\"").over(&live());
        for live in [live(), expiring, absent()] {
            let read: Model = toml::Table::try_from(&live).unwrap().try_into().unwrap();
            assert_eq!(read, live);
            assert_eq!(PasswordPolicy::check(&read), []);
            assert_eq!(plan(&read, &live), "");
        }
    }

    #[test]
    fn a_value_that_aws_would_refuse_is_refused_with_its_range() {
        for (text, key, message) in [
            (
                "minimum_length = 5",
                "minimum_length",
                "5 is out of range; expected 6 to 128",
            ),
            (
                "reuse_prevention = 25",
                "reuse_prevention",
                "25 is out of range; expected 1 to 24",
            ),
            (
                "max_age_days = 1096",
                "max_age_days",
                "1096 is out of range; expected 1 to 1095",
            ),
        ] {
            assert_eq!(PasswordPolicy::check(&model(text)), [(key, message.to_owned())]);
        }
    }

    #[test]
    fn a_hard_expiry_of_what_never_expires_is_a_mistake() {
        let wrong = PasswordPolicy::check(&model("hard_expiry = true\nmax_age_days = \"never\""));
        assert_eq!(wrong.len(), 1);
        assert_eq!(wrong[0].0, "hard_expiry");
    }

    #[test]
    fn a_table_that_says_nothing_is_a_mistake() {
        for text in ["", "state = \"present\""] {
            assert_eq!(PasswordPolicy::check(&model(text)).len(), 1, "{text}");
        }
        assert_eq!(PasswordPolicy::check(&absent()), []);
    }
}
