//! The list of controls, in the order of the checklist. Adding one is its file, its `mod` and its line here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::control::{AnyControl, Of};

pub mod access_analyzer;
pub mod account;
pub mod admin_access;
pub mod alerts;
pub mod alternate_contacts;
pub mod budgets;
pub mod cloudtrail;
pub mod config_recorder;
pub mod contact_information;
pub mod cost_anomaly_detection;
pub mod default_vpc;
pub mod ebs_encryption;
pub mod ec2_defaults;
pub mod guardduty;
pub mod health_events;
pub mod log_bucket;
pub mod monitors;
pub mod password_policy;
pub mod root_user;
pub mod s3_public_access_block;
pub mod security_hub;
pub mod support_role;

/// Every control there is.
pub static ALL: &[&dyn AnyControl] = &[
    &Of::<account::Account>::NEW,
    &Of::<root_user::RootUser>::NEW,
    &Of::<alternate_contacts::AlternateContacts>::NEW,
    &Of::<contact_information::ContactInformation>::NEW,
    &Of::<alerts::Alerts>::NEW,
    &Of::<budgets::Budgets>::NEW,
    &Of::<cost_anomaly_detection::CostAnomalyDetection>::NEW,
    &Of::<log_bucket::LogBucket>::NEW,
    &Of::<cloudtrail::CloudTrail>::NEW,
    &Of::<monitors::Monitors>::NEW,
    &Of::<health_events::HealthEvents>::NEW,
    &Of::<password_policy::PasswordPolicy>::NEW,
    &Of::<admin_access::AdminAccess>::NEW,
    &Of::<support_role::SupportRole>::NEW,
    &Of::<ebs_encryption::EbsEncryption>::NEW,
    &Of::<s3_public_access_block::S3PublicAccessBlock>::NEW,
    &Of::<default_vpc::DefaultVpc>::NEW,
    &Of::<access_analyzer::AccessAnalyzer>::NEW,
    &Of::<guardduty::GuardDuty>::NEW,
    &Of::<config_recorder::ConfigRecorder>::NEW,
    &Of::<security_hub::SecurityHub>::NEW,
    &Of::<ec2_defaults::Ec2Defaults>::NEW,
];

/// A control of the list. Ordered as the list is; written as the control's name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct Id(usize);

impl Id {
    /// All of them, in order.
    pub fn all() -> impl Iterator<Item = Id> {
        (0..ALL.len()).map(Id)
    }

    /// The control itself.
    pub fn control(self) -> &'static dyn AnyControl {
        ALL[self.0]
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.control().name()
    }
}

/// A name that no control has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no control `{name}`{}", hint(.near))]
pub struct UnknownControl {
    /// The name that was given.
    pub name: String,
    /// The control that was probably meant.
    pub near: Option<&'static str>,
}

fn hint(near: &Option<&'static str>) -> String {
    match near {
        Some(near) => format!("; did you mean `{near}`?"),
        None => "; `trueup controls` lists them".to_owned(),
    }
}

impl FromStr for Id {
    type Err = UnknownControl;

    fn from_str(name: &str) -> Result<Self, UnknownControl> {
        Id::all()
            .find(|id| id.name() == name)
            .ok_or_else(|| UnknownControl {
                name: name.to_owned(),
                near: nearest(name, Id::all().map(Id::name)),
            })
    }
}

/// The candidate that a misspelt word was probably meant to be, if one is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

impl TryFrom<String> for Id {
    type Error = UnknownControl;

    fn try_from(name: String) -> Result<Self, UnknownControl> {
        name.parse()
    }
}

impl From<Id> for &'static str {
    fn from(id: Id) -> &'static str {
        id.name()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::control::{Env, Here, Relied, Run};
    use crate::place::{Place, Scope};

    /// The control's example, typed and written back.
    fn example(id: Id) -> toml::Table {
        let doc = id.control().doc();
        let file: toml::Table = doc.example.parse().unwrap();
        assert_eq!(
            file.keys().collect::<Vec<_>>(),
            [id.name()],
            "the example is the control's table, alone"
        );
        let text = toml::to_string(&file[id.name()]).unwrap();
        id.control()
            .parse(toml::de::Deserializer::parse(&text).unwrap())
            .unwrap()
    }

    #[test]
    fn every_name_is_there_once_and_finds_its_control() {
        let names: BTreeSet<&str> = Id::all().map(Id::name).collect();
        assert_eq!(names.len(), ALL.len());
        for id in Id::all() {
            assert_eq!(id.name().parse(), Ok(id));
            assert!(
                id.name()
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
                "{id}"
            );
        }
    }

    #[test]
    fn a_misspelt_name_finds_the_nearest() {
        let error = "guarduty".parse::<Id>().unwrap_err().to_string();
        assert_eq!(error, "there is no control `guarduty`; did you mean `guardduty`?");
        let error = "zzz".parse::<Id>().unwrap_err().to_string();
        assert_eq!(error, "there is no control `zzz`; `trueup controls` lists them");
    }

    #[test]
    fn every_control_is_documented() {
        for id in Id::all() {
            let doc = id.control().doc();
            for text in [doc.title, doc.why, doc.off, doc.cost, doc.example] {
                assert!(!text.trim().is_empty(), "{id}");
            }
            assert!(
                doc.page.starts_with("https://docs.aws.amazon.com/"),
                "{id}: {}",
                doc.page
            );
        }
    }

    #[test]
    fn every_example_is_what_one_may_write() {
        for id in Id::all() {
            assert_eq!(id.control().check(&example(id)).unwrap(), [], "{id}");
        }
    }

    #[test]
    fn an_account_that_is_as_wanted_needs_nothing() {
        let env = Env {
            account: "123456789012".into(),
            partition: "aws".into(),
            home: "us-east-1".parse().unwrap(),
            enabled: vec!["us-east-1".parse().unwrap()],
            run: Run::default(),
        };
        for id in Id::all() {
            let place = match id.control().scope() {
                Scope::Account => Place::Account,
                Scope::EachRegion => Place::Region(env.home.clone()),
            };
            let want = example(id);
            let seen = id.control().seen_as(&want).unwrap();
            let findings = id
                .control()
                .diff(
                    &want,
                    &seen,
                    &Here {
                        place: &place,
                        env: &env,
                        relied: &Relied::default(),
                    },
                )
                .unwrap();
            assert_eq!(
                findings.steps.iter().map(|s| &s.action.title).collect::<Vec<_>>(),
                [""; 0],
                "{id}"
            );
            assert_eq!(findings.refusals, [""; 0], "{id}");
            // What no API shows is asked of a person until it is attested.
            let asked = findings.people.iter().filter(|task| task.attestation.is_none());
            assert_eq!(asked.count(), 0, "{id}");
        }
    }

    #[test]
    fn what_is_exported_is_read_back_the_same() {
        for id in Id::all() {
            let model = id.control().seen_as(&example(id)).unwrap().model;
            let text = toml::to_string(&model).unwrap();
            let again = id
                .control()
                .parse(toml::de::Deserializer::parse(&text).unwrap())
                .unwrap();
            assert_eq!(again, model, "{id}");
        }
    }

    #[test]
    fn every_permission_has_the_form_of_an_iam_action() {
        for id in Id::all() {
            let permissions = id.control().permissions();
            assert!(!permissions.read.is_empty(), "{id}");
            let mut met = BTreeSet::new();
            for action in permissions.read.iter().chain(permissions.write) {
                let (service, name) = action.split_once(':').unwrap();
                assert!(
                    service
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                    "{action}"
                );
                assert!(name.starts_with(|c: char| c.is_ascii_uppercase()), "{action}");
                assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{action}");
                assert!(met.insert(action), "{id}: {action} is there twice");
            }
        }
    }

    #[test]
    fn every_attestation_has_one_name_and_says_what_for() {
        let mut names = BTreeSet::new();
        for (name, what) in Id::all().flat_map(|id| id.control().attestations()) {
            assert!(names.insert(name), "{name} is there twice");
            assert!(!what.is_empty(), "{name}");
        }
    }

    #[test]
    fn what_a_control_relies_on_exists() {
        for id in Id::all() {
            for name in id.control().relies_on() {
                assert!(name.parse::<Id>().is_ok(), "{id} relies on {name}");
            }
        }
    }
}
