//! The account itself: its alias, in the table that also says which account it is and where.
//!
//! An account has one alias at most, and `CreateAccountAlias` puts a new one in the place of the old one (IAM API
//! reference), so that a change is one call.

use std::fmt;

use aws_sdk_iam::Client;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trueup_aws::{Cx, Failure, Live};
use trueup_core::change::Changes;
use trueup_core::control::{Calls, Control, Doc, Here, Observed};
use trueup_core::location::Scope;

/// The control.
pub(crate) struct Account;

/// The table `[account]`, without the keys that say which account it is and which regions are managed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    /// The account's alias, by which its sign-in address is called; "" for none. 3 to 63 lower-case letters, digits
    /// and single hyphens.
    #[schemars(length(max = 63))]
    pub(crate) alias: Option<String>,
}

/// A change of the alias.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Give the account this alias, in the place of the one that it has.
    Create(String),
    /// Take this alias away.
    Delete(String),
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Create(alias) => write!(f, "set the account alias {alias}"),
            Action::Delete(alias) => write!(f, "delete the account alias {alias}"),
        }
    }
}

impl Control for Account {
    const NAME: &'static str = "account";
    const SCOPE: Scope = Scope::Account;
    const DOC: Doc = Doc {
        title: "Account alias",
        items: &[],
        why: "Users sign in at an address with a name instead of 12 digits, and the console shows which account it is.",
        decides: &["The alias equals the file's."],
        off: "alias = \"\" removes it",
        cost: "free",
        benchmarks: &[],
        page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/console_account-alias.html",
        example: r#"[account]                  # beside id, home_region, regions and exclude_regions
alias = "acme-prod"        # unique among all accounts of AWS; "" for none
"#,
    };
    const CALLS: Calls = Calls {
        read: &["iam:ListAccountAliases"],
        write: &["iam:CreateAccountAlias", "iam:DeleteAccountAlias"],
    };

    type Model = Model;
    type Ids = ();
    type Action = Action;

    fn check(want: &Model) -> Vec<(&'static str, String)> {
        match want.alias.as_deref() {
            None => vec![("", "says nothing about the account; expected alias".to_owned())],
            Some(alias) => misformed(alias)
                .map(|why| ("alias", format!("{alias:?} {why}")))
                .into_iter()
                .collect(),
        }
    }

    fn diff(want: &Model, seen: &Observed<Model, ()>, here: &Here<'_>, out: &mut Changes<Action>) {
        let Some(wanted) = want.alias.as_deref() else {
            return;
        };
        let live = seen.model.alias.as_deref().unwrap_or_default();
        if wanted == live {
            return;
        }
        let moves = "the sign-in address with";
        let name = if wanted.is_empty() {
            &here.env.account
        } else {
            wanted
        };
        out.notice(format!(
            "users will sign in at {}",
            sign_in_address(name, &here.env.partition)
        ));
        if wanted.is_empty() {
            out.destroy(Action::Delete(live.to_owned())).destructive(format!(
                "{moves} {live} stops working, and another account may take the name"
            ));
        } else if live.is_empty() {
            out.add(Action::Create(wanted.to_owned()));
        } else {
            out.change(Action::Create(wanted.to_owned())).disruptive(format!(
                "{moves} {live} stops working, and another account may take the name"
            ));
        }
    }
}

impl Live for Account {
    async fn fetch(cx: &Cx, _want: Option<&Model>) -> Result<Observed<Model, ()>, Failure> {
        let alias = read(&cx.clients().iam).await?;
        Ok(Observed::of(Model {
            alias: Some(alias.unwrap_or_default()),
        }))
    }

    async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
        let iam = &cx.clients().iam;
        match action {
            Action::Create(alias) => {
                let answer = iam.create_account_alias().account_alias(alias).send().await;
                match answer.map_err(Failure::from) {
                    Ok(_) => Ok(()),
                    Err(fault) if fault.is("EntityAlreadyExists") => {
                        if read(iam).await?.as_ref() == Some(alias) {
                            return Ok(());
                        }
                        Err(fault.reworded(|_| format!(
                                "another AWS account has the alias {alias}: aliases are unique among all accounts; \
                                 choose another one"
                            )))
                    }
                    Err(fault) => Err(fault),
                }
            }
            Action::Delete(alias) => {
                let answer = iam.delete_account_alias().account_alias(alias).send().await;
                match answer.map_err(Failure::from) {
                    Ok(_) => Ok(()),
                    Err(fault) if fault.is("NoSuchEntity") => Ok(()),
                    Err(fault) => Err(fault),
                }
            }
        }
    }
}

/// The account's alias.
async fn read(iam: &Client) -> Result<Option<String>, Failure> {
    let answer = iam.list_account_aliases().send().await?;
    // The list is there for the future: there is one at most.
    Ok(answer.account_aliases.into_iter().next())
}

/// Where the users of an account sign in, by its alias or id (IAM User Guide, "How IAM users sign in to AWS").
pub(crate) fn sign_in_address(name: &str, partition: &str) -> String {
    let domain = match partition {
        "aws-cn" => "signin.amazonaws.cn",
        "aws-us-gov" => "signin.amazonaws-us-gov.com",
        "aws-eusc" => "signin.amazonaws.eu",
        _ => "signin.aws.amazon.com",
    };
    format!("https://{name}.{domain}/console")
}

/// What is wrong with an alias, if anything is (IAM API reference, `CreateAccountAlias`).
fn misformed(alias: &str) -> Option<&'static str> {
    if alias.is_empty() {
        return None;
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !alias.chars().all(plain) {
        Some("has other characters than an alias may have; expected lower-case letters, digits and hyphens")
    } else if !(3..=63).contains(&alias.len()) {
        Some("is too short or too long; expected 3 to 63 characters")
    } else if alias.starts_with('-') || alias.ends_with('-') || alias.contains("--") {
        Some("has a hyphen where an alias may have none; expected single ones between other characters")
    } else if alias.len() == 12 && alias.chars().all(|c| c.is_ascii_digit()) {
        Some("looks like an account id; expected another name")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn alias(alias: &str) -> Model {
        Model {
            alias: Some(alias.to_owned()),
        }
    }

    fn plan(want: &Model, live: &Model) -> String {
        testing::told(&testing::found::<Account>(want, &Observed::of(live.clone())))
    }

    #[test]
    fn a_first_alias_is_safe() {
        insta::assert_snapshot!(
            plan(&alias("acme-prod"), &alias("")),
            @r"
        set the account alias acme-prod [safe]
        note: users will sign in at https://acme-prod.signin.aws.amazon.com/console
        "
        );
    }

    #[test]
    fn another_alias_needs_consent_because_the_address_moves() {
        insta::assert_snapshot!(plan(&alias("acme-prod"), &alias("acme")), @r"
        set the account alias acme-prod [disruptive]
          ! the sign-in address with acme stops working, and another account may take the name
        note: users will sign in at https://acme-prod.signin.aws.amazon.com/console
        ");
    }

    #[test]
    fn the_empty_alias_takes_it_away() {
        insta::assert_snapshot!(plan(&alias(""), &alias("acme")), @r"
        delete the account alias acme [destructive]
          ! the sign-in address with acme stops working, and another account may take the name
        note: users will sign in at https://111122223333.signin.aws.amazon.com/console
        ");
    }

    #[test]
    fn each_partition_has_its_own_sign_in_address() {
        assert_eq!(
            sign_in_address("acme", "aws-cn"),
            "https://acme.signin.amazonaws.cn/console"
        );
        assert_eq!(
            sign_in_address("acme", "aws-us-gov"),
            "https://acme.signin.amazonaws-us-gov.com/console"
        );
    }

    #[test]
    fn what_is_as_wanted_or_not_written_needs_nothing() {
        for live in [alias("acme"), alias("")] {
            assert_eq!(plan(&live, &live), "");
            assert_eq!(plan(&Model::default(), &live), "");
            let read: Model = toml::Table::try_from(&live).unwrap().try_into().unwrap();
            assert_eq!(read, live);
            assert_eq!(Account::check(&live), []);
        }
    }

    #[test]
    fn an_alias_that_aws_would_refuse_is_a_mistake() {
        let wrong = |text: &str| Account::check(&alias(text));
        for text in [
            "ab",
            "Acme",
            "a_b_c",
            "-acme",
            "acme-",
            "ac--me",
            "123456789012",
            "äöü",
        ] {
            assert_eq!(wrong(text).len(), 1, "{text}");
            assert_eq!(wrong(text)[0].0, "alias");
        }
        assert_eq!(wrong(&"a".repeat(64)).len(), 1);
        for text in ["abc", "a-1-b", "123", &"a".repeat(63)] {
            assert_eq!(wrong(text), [], "{text}");
        }
        assert_eq!(
            wrong("ab")[0].1,
            "\"ab\" is too short or too long; expected 3 to 63 characters"
        );
    }

    #[test]
    fn a_table_that_says_nothing_is_a_mistake() {
        assert_eq!(Account::check(&Model::default()).len(), 1);
    }
}
