//! EC2's settings of the account in a region: whether snapshots and machine images may be public, the serial console,
//! and the metadata options of new instances; and the organization's declarative policy, which stands above them.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::input::Input;
use super::{Answer, AwsError, Cx, SERVICE};

/// The settings of one region. By default they are those of a new account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Defaults {
    pub(super) snapshots: SnapshotSharing,
    images: ImageSharing,
    serial_console: bool,
    metadata: InstanceMetadata,
    /// What the organization sets instead. The account's own settings come back when it ends (Organizations User
    /// Guide, "Declarative policies").
    pub(super) policy: DeclarativePolicy,
}

/// How far the public sharing of snapshots is blocked (`SnapshotBlockPublicAccessState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotSharing {
    /// Nothing is public any longer.
    BlockAllSharing,
    /// Nothing more becomes public.
    BlockNewSharing,
    /// Any snapshot may be public.
    #[default]
    Unblocked,
}

/// Whether the public sharing of machine images is blocked (`ImageBlockPublicAccessEnabledState`). It is for accounts
/// that had no public images in July 2023, all later ones among them (EC2 User Guide, "Block public access to your
/// AMIs").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageSharing {
    /// Nothing more becomes public.
    #[default]
    BlockNewSharing,
    /// Any image may be public.
    Unblocked,
}

/// The metadata options of new instances (`InstanceMetadataDefaultsResponse`); nothing where there is no preference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InstanceMetadata {
    /// Whether the second version of the service is required.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_tokens: Option<HttpTokens>,
    /// How many hops away an answer may be read, 1 to 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_put_response_hop_limit: Option<u8>,
    /// Whether the service answers at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_endpoint: Option<Switch>,
    /// Whether it knows the instance's tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_metadata_tags: Option<Switch>,
    /// Whether instances that do not require the second version are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_tokens_enforced: Option<Switch>,
}

/// Whether the second version of the metadata service is required (`HttpTokensState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HttpTokens {
    /// Both versions answer.
    Optional,
    /// Only the second one does.
    Required,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Switch {
    /// Off.
    Disabled,
    /// On.
    Enabled,
}

/// A declarative policy of the organization for EC2: what is set here is so in every region, and the account cannot
/// change it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeclarativePolicy {
    /// How far the public sharing of snapshots is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_block_public_access: Option<SnapshotSharing>,
    /// Whether the public sharing of machine images is blocked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_block_public_access: Option<ImageSharing>,
    /// Whether there is access to serial consoles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_console_access: Option<bool>,
    /// The metadata options of new instances, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_metadata_defaults: Option<InstanceMetadata>,
    /// What refusals say instead of AWS's own sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exception_message: Option<String>,
}

impl DeclarativePolicy {
    /// What Organizations tells of it, if it sets anything (Organizations User Guide, "Declarative policy syntax and
    /// examples").
    pub(crate) fn content(&self) -> Option<Value> {
        let words = |value: Value| match value {
            Value::String(word) => Value::String(word.replace('-', "_")),
            other => Value::String(other.to_string()),
        };
        let within = |member: &str, value: Value| json!({ member: words(value) });
        let metadata = |options: &InstanceMetadata| {
            let options = json!(options);
            let options = options.as_object().into_iter().flatten();
            let written = options.map(|(name, value)| (name.clone(), words(value.clone())));
            Value::Object(written.collect())
        };
        let serial = |on: bool| json!(if on { Switch::Enabled } else { Switch::Disabled });
        let attributes = [
            (
                "snapshot_block_public_access",
                self.snapshot_block_public_access
                    .map(|state| within("state", json!(state))),
            ),
            (
                "image_block_public_access",
                self.image_block_public_access
                    .map(|state| within("state", json!(state))),
            ),
            (
                "serial_console_access",
                self.serial_console_access.map(|on| within("status", serial(on))),
            ),
            (
                "instance_metadata_defaults",
                self.instance_metadata_defaults.as_ref().map(metadata),
            ),
            (
                "exception_message",
                self.exception_message.as_ref().map(|message| json!(message)),
            ),
        ];
        let set: Map<String, Value> = attributes
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
        (!set.is_empty()).then(|| json!({ "ec2_attributes": set }))
    }

    /// Refuses a change of what the policy sets. The code that comes with the sentence is not published.
    fn spare<T>(&self, set: Option<&T>) -> Result<(), AwsError> {
        match set {
            None => Ok(()),
            Some(_) => Err(AwsError::new("OperationNotPermitted", self.sentence())),
        }
    }

    fn sentence(&self) -> &str {
        self.exception_message
            .as_deref()
            .unwrap_or("This action is denied due to an organizational policy in effect")
    }
}

/// Who says what a setting is (`ManagedBy`).
fn managed_by<T>(policy: Option<&T>) -> &'static str {
    match policy {
        Some(_) => "declarative-policy",
        None => "account",
    }
}

/// `GetSnapshotBlockPublicAccessState`.
pub(super) fn get_snapshots(cx: &mut Cx<'_>, _: &Input<'_>) -> Answer {
    let Defaults {
        snapshots, policy, ..
    } = &cx.ec2.defaults;
    let policy = policy.snapshot_block_public_access.as_ref();
    Ok(json!({ "state": policy.unwrap_or(snapshots), "managedBy": managed_by(policy) }))
}

/// `EnableSnapshotBlockPublicAccess`. Its type has `unblocked` too, which is not valid here.
pub(super) fn enable_snapshots(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let state: SnapshotSharing = word("State", input.required("State")?)?;
    if state == SnapshotSharing::Unblocked {
        return Err(invalid("State", "unblocked"));
    }
    set_snapshots(cx, state)
}

/// `DisableSnapshotBlockPublicAccess`.
pub(super) fn disable_snapshots(cx: &mut Cx<'_>, _: &Input<'_>) -> Answer {
    set_snapshots(cx, SnapshotSharing::Unblocked)
}

fn set_snapshots(cx: &mut Cx<'_>, state: SnapshotSharing) -> Answer {
    let Defaults {
        snapshots, policy, ..
    } = &mut cx.ec2.defaults;
    policy.spare(policy.snapshot_block_public_access.as_ref())?;
    *snapshots = state;
    Ok(json!({ "state": state }))
}

/// `GetImageBlockPublicAccessState`. On AWS it shows a change only after up to ten minutes: a world's lag.
pub(super) fn get_images(cx: &mut Cx<'_>, _: &Input<'_>) -> Answer {
    let Defaults { images, policy, .. } = &cx.ec2.defaults;
    let policy = policy.image_block_public_access.as_ref();
    Ok(json!({
        "imageBlockPublicAccessState": policy.unwrap_or(images),
        "managedBy": managed_by(policy),
    }))
}

/// `EnableImageBlockPublicAccess`, whose only state is `block-new-sharing`.
pub(super) fn enable_images(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let name = "ImageBlockPublicAccessState";
    let state: ImageSharing = word(name, input.required(name)?)?;
    if state == ImageSharing::Unblocked {
        return Err(invalid(name, "unblocked"));
    }
    set_images(cx, state)
}

/// `DisableImageBlockPublicAccess`.
pub(super) fn disable_images(cx: &mut Cx<'_>, _: &Input<'_>) -> Answer {
    set_images(cx, ImageSharing::Unblocked)
}

fn set_images(cx: &mut Cx<'_>, state: ImageSharing) -> Answer {
    let Defaults { images, policy, .. } = &mut cx.ec2.defaults;
    policy.spare(policy.image_block_public_access.as_ref())?;
    *images = state;
    Ok(json!({ "imageBlockPublicAccessState": state }))
}

/// `GetSerialConsoleAccessStatus`.
pub(super) fn get_serial_console(cx: &mut Cx<'_>, _: &Input<'_>) -> Answer {
    let defaults = &cx.ec2.defaults;
    let policy = defaults.policy.serial_console_access.as_ref();
    Ok(json!({
        "serialConsoleAccessEnabled": policy.unwrap_or(&defaults.serial_console),
        "managedBy": managed_by(policy),
    }))
}

/// `EnableSerialConsoleAccess`.
pub(super) fn enable_serial_console(cx: &mut Cx<'_>, _: &Input<'_>) -> Answer {
    set_serial_console(cx, true)
}

/// `DisableSerialConsoleAccess`.
pub(super) fn disable_serial_console(cx: &mut Cx<'_>, _: &Input<'_>) -> Answer {
    set_serial_console(cx, false)
}

fn set_serial_console(cx: &mut Cx<'_>, on: bool) -> Answer {
    let defaults = &mut cx.ec2.defaults;
    defaults
        .policy
        .spare(defaults.policy.serial_console_access.as_ref())?;
    defaults.serial_console = on;
    Ok(json!({ "serialConsoleAccessEnabled": on }))
}

/// `GetInstanceMetadataDefaults`. Where there is no preference, nothing is said.
pub(super) fn get_metadata(cx: &mut Cx<'_>, _: &Input<'_>) -> Answer {
    let Defaults { metadata, policy, .. } = &cx.ec2.defaults;
    let set = policy.instance_metadata_defaults.as_ref();
    let metadata = set.unwrap_or(metadata);
    let mut level = Map::new();
    for (name, value) in [
        ("httpTokens", json!(metadata.http_tokens)),
        (
            "httpPutResponseHopLimit",
            json!(metadata.http_put_response_hop_limit),
        ),
        ("httpEndpoint", json!(metadata.http_endpoint)),
        ("instanceMetadataTags", json!(metadata.instance_metadata_tags)),
        ("httpTokensEnforced", json!(metadata.http_tokens_enforced)),
    ] {
        if !value.is_null() {
            level.insert(name.to_owned(), value);
        }
    }
    level.insert("managedBy".to_owned(), json!(managed_by(set)));
    if set.is_some() {
        level.insert("managedExceptionMessage".to_owned(), json!(policy.sentence()));
    }
    Ok(json!({ "accountLevel": level }))
}

/// `ModifyInstanceMetadataDefaults`. What is not named stays as it is; `no-preference`, or -1 hops, takes a setting
/// away.
pub(super) fn modify_metadata(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let Defaults { metadata, policy, .. } = &mut cx.ec2.defaults;
    let mut new = metadata.clone();
    change("HttpTokens", input, &mut new.http_tokens)?;
    change("HttpEndpoint", input, &mut new.http_endpoint)?;
    change("InstanceMetadataTags", input, &mut new.instance_metadata_tags)?;
    change("HttpTokensEnforced", input, &mut new.http_tokens_enforced)?;
    let hops = "HttpPutResponseHopLimit";
    if let Some(text) = input.text(hops) {
        new.http_put_response_hop_limit = match text.parse() {
            Ok(-1) => None,
            Ok(number @ 1..=64) => u8::try_from(number).ok(),
            Ok(_) | Err(_) => return Err(invalid(hops, text)),
        };
    }
    policy.spare(policy.instance_metadata_defaults.as_ref())?;
    *metadata = new;
    Ok(json!({ "return": true }))
}

fn change<T: DeserializeOwned>(
    name: &str,
    input: &Input<'_>,
    setting: &mut Option<T>,
) -> Result<(), AwsError> {
    match input.text(name) {
        None => {}
        Some("no-preference") => *setting = None,
        Some(text) => *setting = Some(word(name, text)?),
    }
    Ok(())
}

fn word<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, AwsError> {
    serde_json::from_value(Value::String(text.to_owned())).map_err(|_| invalid(name, text))
}

fn invalid(name: &str, text: &str) -> AwsError {
    SERVICE.invalid(format!("Value ({text}) for parameter {name} is invalid."))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{Cloud, REGION, refusal};
    use super::DeclarativePolicy;

    const ALL: [&str; 4] = [
        "GetSnapshotBlockPublicAccessState",
        "GetImageBlockPublicAccessState",
        "GetSerialConsoleAccessStatus",
        "GetInstanceMetadataDefaults",
    ];

    fn all(cloud: &mut Cloud) -> Vec<Value> {
        ALL.iter().map(|get| cloud.ok(get, json!({}))).collect()
    }

    #[test]
    fn a_new_account_blocks_public_images_and_nothing_else() {
        assert_eq!(
            all(&mut Cloud::new()),
            [
                json!({ "state": "unblocked", "managedBy": "account" }),
                json!({ "imageBlockPublicAccessState": "block-new-sharing", "managedBy": "account" }),
                json!({ "serialConsoleAccessEnabled": false, "managedBy": "account" }),
                json!({ "accountLevel": { "managedBy": "account" } }),
            ]
        );
    }

    #[test]
    fn each_is_set_and_set_back_in_its_region_alone() {
        let mut cloud = Cloud::new();
        for (call, input, get, member, becomes) in [
            (
                "EnableSnapshotBlockPublicAccess",
                json!({ "State": "block-all-sharing" }),
                ALL[0],
                "state",
                json!("block-all-sharing"),
            ),
            (
                "DisableSnapshotBlockPublicAccess",
                json!({}),
                ALL[0],
                "state",
                json!("unblocked"),
            ),
            (
                "DisableImageBlockPublicAccess",
                json!({}),
                ALL[1],
                "imageBlockPublicAccessState",
                json!("unblocked"),
            ),
            (
                "EnableImageBlockPublicAccess",
                json!({ "ImageBlockPublicAccessState": "block-new-sharing" }),
                ALL[1],
                "imageBlockPublicAccessState",
                json!("block-new-sharing"),
            ),
            (
                "EnableSerialConsoleAccess",
                json!({}),
                ALL[2],
                "serialConsoleAccessEnabled",
                json!(true),
            ),
            (
                "DisableSerialConsoleAccess",
                json!({}),
                ALL[2],
                "serialConsoleAccessEnabled",
                json!(false),
            ),
        ] {
            let elsewhere = cloud.call_in("eu-west-1", get, json!({})).unwrap();
            // What is set already is set again without complaint.
            for _ in 0..2 {
                let answer = cloud.ok(call, input.clone());
                assert_eq!(answer, json!({ member: becomes }), "{call}");
            }
            assert_eq!(cloud.ok(get, json!({}))[member], becomes, "{call}");
            assert_eq!(cloud.call_in("eu-west-1", get, json!({})).unwrap(), elsewhere);
        }
    }

    #[test]
    fn metadata_options_that_are_not_named_stay_and_can_be_taken_away() {
        let mut cloud = Cloud::new();
        let modify = "ModifyInstanceMetadataDefaults";
        let mut becomes = |input: Value| {
            assert_eq!(cloud.ok(modify, input), json!({ "return": true }));
            cloud.ok(ALL[3], json!({}))["accountLevel"].clone()
        };
        becomes(
            json!({ "HttpTokens": "required", "HttpPutResponseHopLimit": "2", "HttpEndpoint": "enabled" }),
        );
        let level = becomes(json!({ "InstanceMetadataTags": "disabled", "HttpTokensEnforced": "enabled" }));
        assert_eq!(
            level,
            json!({ "httpTokens": "required", "httpPutResponseHopLimit": 2, "httpEndpoint": "enabled",
                "instanceMetadataTags": "disabled", "httpTokensEnforced": "enabled", "managedBy": "account" })
        );
        let level = becomes(
            json!({ "HttpTokens": "no-preference", "HttpPutResponseHopLimit": "-1",
            "HttpEndpoint": "no-preference", "InstanceMetadataTags": "no-preference",
            "HttpTokensEnforced": "no-preference" }),
        );
        assert_eq!(level, json!({ "managedBy": "account" }));
    }

    #[test]
    fn what_is_no_value_is_refused() {
        let mut cloud = Cloud::new();
        for (call, name, value) in [
            ("EnableSnapshotBlockPublicAccess", "State", "unblocked"),
            ("EnableSnapshotBlockPublicAccess", "State", "block_all_sharing"),
            (
                "EnableImageBlockPublicAccess",
                "ImageBlockPublicAccessState",
                "unblocked",
            ),
            (
                "EnableImageBlockPublicAccess",
                "ImageBlockPublicAccessState",
                "block-all-sharing",
            ),
            ("ModifyInstanceMetadataDefaults", "HttpTokens", "V2"),
            ("ModifyInstanceMetadataDefaults", "HttpPutResponseHopLimit", "0"),
            ("ModifyInstanceMetadataDefaults", "HttpPutResponseHopLimit", "65"),
            ("ModifyInstanceMetadataDefaults", "HttpPutResponseHopLimit", "two"),
            ("ModifyInstanceMetadataDefaults", "HttpEndpoint", "on"),
            ("ModifyInstanceMetadataDefaults", "InstanceMetadataTags", "true"),
            ("ModifyInstanceMetadataDefaults", "HttpTokensEnforced", "required"),
        ] {
            let message = format!("Value ({value}) for parameter {name} is invalid.");
            assert_eq!(
                cloud.refused(call, json!({ name: value })),
                refusal("InvalidParameterValue", message),
                "{call}"
            );
        }
    }

    #[test]
    fn what_a_declarative_policy_sets_is_shown_and_not_changed() {
        let mut cloud = Cloud::new();
        cloud.ok("EnableSerialConsoleAccess", json!({}));
        let policy: DeclarativePolicy = toml::from_str(
            r#"
            snapshot_block_public_access = "block-new-sharing"
            image_block_public_access = "unblocked"
            serial_console_access = false
            instance_metadata_defaults = { http_tokens = "required" }
            "#,
        )
        .unwrap();
        let before = all(&mut cloud);
        let set = |cloud: &mut Cloud, policy| {
            cloud.account.regions.get_mut(REGION).unwrap().ec2.defaults.policy = policy;
        };
        set(&mut cloud, policy.clone());
        let sentence = "This action is denied due to an organizational policy in effect";
        let held = "declarative-policy";
        assert_eq!(
            all(&mut cloud),
            [
                json!({ "state": "block-new-sharing", "managedBy": held }),
                json!({ "imageBlockPublicAccessState": "unblocked", "managedBy": held }),
                json!({ "serialConsoleAccessEnabled": false, "managedBy": held }),
                json!({ "accountLevel": { "httpTokens": "required", "managedBy": held,
                    "managedExceptionMessage": sentence } }),
            ]
        );
        let images = json!({ "ImageBlockPublicAccessState": "block-new-sharing" });
        let refused = refusal("OperationNotPermitted", sentence);
        for (call, input) in [
            (
                "EnableSnapshotBlockPublicAccess",
                json!({ "State": "block-all-sharing" }),
            ),
            ("DisableSnapshotBlockPublicAccess", json!({})),
            ("EnableImageBlockPublicAccess", images.clone()),
            ("DisableImageBlockPublicAccess", json!({})),
            ("EnableSerialConsoleAccess", json!({})),
            ("DisableSerialConsoleAccess", json!({})),
            (
                "ModifyInstanceMetadataDefaults",
                json!({ "HttpTokens": "optional" }),
            ),
        ] {
            assert_eq!(cloud.refused(call, input), refused, "{call}");
        }
        // A policy may hold one setting alone, and have words of its own.
        set(
            &mut cloud,
            DeclarativePolicy {
                exception_message: Some("Ask the platform team.".to_owned()),
                serial_console_access: Some(false),
                ..DeclarativePolicy::default()
            },
        );
        let refused = refusal("OperationNotPermitted", "Ask the platform team.");
        assert_eq!(cloud.refused("EnableSerialConsoleAccess", json!({})), refused);
        cloud.ok("EnableImageBlockPublicAccess", images);
        set(&mut cloud, DeclarativePolicy::default());
        assert_eq!(all(&mut cloud), before);
    }
}
