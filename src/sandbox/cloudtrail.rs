//! AWS CloudTrail: trails, what they record, and whether they log.
//!
//! A trail lives in its home region and is seen in the others if it records them too. An organization's trail is seen
//! in every region and belongs to another account. Limits, patterns and required members are those of the service's
//! own API model (2013-11-01) and API reference.

mod check;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::input::Input;
use super::service::Service;
use super::wire::Protocol;
use super::{Account, Answer, AwsError, Call, tags};

/// What is kept of it in a region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloudTrail {
    /// The management account whose organization's trail records this account too. If it is this account, it may make
    /// such trails.
    pub organization: Option<String>,
    /// The trails that are at home here, by name.
    pub trails: BTreeMap<String, Trail>,
}

/// A trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trail {
    /// Where it delivers to.
    pub bucket: String,
    /// What stands before `AWSLogs/` there.
    pub prefix: Option<String>,
    /// The topic that hears of each delivery.
    pub topic: Option<String>,
    /// It records what global services do.
    pub global: bool,
    /// It records all regions.
    pub multi_region: bool,
    /// It records all accounts of the organization.
    #[serde(default)]
    pub organization: bool,
    /// Its files can be checked.
    pub validation: bool,
    /// The log group's ARN, with `:*`.
    pub log_group: Option<String>,
    /// The role that delivers to it.
    pub role: Option<String>,
    /// The key's ARN.
    pub key: Option<String>,
    /// Whether it logs. A new one does not.
    pub logging: bool,
    /// When it last started, in seconds since 1970.
    pub started: Option<i64>,
    /// When it last stopped.
    pub stopped: Option<i64>,
    /// The code of the last failure to deliver to the bucket.
    pub delivery_error: Option<String>,
    /// When it last delivered there, in seconds since 1970. The sandbox delivers nothing by itself: a state says so.
    #[serde(default)]
    pub delivered: Option<i64>,
    /// When it last tried to.
    #[serde(default)]
    pub attempted: Option<i64>,
    /// The code of the last failure to deliver to the log group.
    pub log_delivery_error: Option<String>,
    /// When it last delivered there.
    #[serde(default)]
    pub log_delivered: Option<i64>,
    /// The code of the last failure to deliver a digest file.
    #[serde(default)]
    pub digest_error: Option<String>,
    /// When it last delivered one.
    #[serde(default)]
    pub digest_delivered: Option<i64>,
    /// The event selectors, if they are not the ones that a new trail has.
    pub selectors: Option<Value>,
    /// The advanced ones, which take the others' place.
    pub advanced_selectors: Option<Value>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// The trails of a region at most, those of other regions that record it included.
const TRAILS: usize = 5;
/// The tags of a trail at most.
const TAGS: usize = 50;
/// Where an organization's trail is at home.
const ORGANIZATIONS_HOME: &str = "us-east-1";

impl Trail {
    /// A trail that delivers to a bucket, as a new one is.
    pub(super) fn new(bucket: &str) -> Self {
        Trail {
            bucket: bucket.to_owned(),
            prefix: None,
            topic: None,
            global: true,
            multi_region: false,
            organization: false,
            validation: false,
            log_group: None,
            role: None,
            key: None,
            logging: false,
            started: None,
            stopped: None,
            delivery_error: None,
            delivered: None,
            attempted: None,
            log_delivery_error: None,
            log_delivered: None,
            digest_error: None,
            digest_delivered: None,
            selectors: None,
            advanced_selectors: None,
            tags: BTreeMap::new(),
        }
    }
}

/// A trail as it is seen from a region.
struct Found {
    name: String,
    /// The account that it belongs to.
    owner: String,
    home: String,
    trail: Trail,
}

impl Found {
    fn arn(&self) -> String {
        format!(
            "arn:aws:cloudtrail:{}:{}:trail/{}",
            self.home, self.owner, self.name
        )
    }

    /// The members that a trail is created, updated and described with.
    fn output(&self, account: &str) -> Value {
        let trail = &self.trail;
        json!({
            "Name": self.name,
            "S3BucketName": trail.bucket,
            "S3KeyPrefix": trail.prefix,
            "SnsTopicName": trail.topic.as_ref().and_then(|arn| arn.rsplit(':').next()),
            "SnsTopicARN": trail.topic,
            "IncludeGlobalServiceEvents": trail.global,
            "IsMultiRegionTrail": trail.multi_region,
            "TrailARN": self.arn(),
            "LogFileValidationEnabled": trail.validation,
            "CloudWatchLogsLogGroupArn": trail.log_group,
            "CloudWatchLogsRoleArn": trail.role,
            "KmsKeyId": trail.key,
            "IsOrganizationTrail": trail.organization || self.owner != account,
        })
    }

    fn described(&self, account: &str) -> Value {
        let mut told = self.output(account);
        told["HomeRegion"] = json!(self.home);
        told["HasCustomEventSelectors"] =
            json!(self.trail.selectors.is_some() || self.trail.advanced_selectors.is_some());
        told["HasInsightSelectors"] = json!(false);
        told
    }
}

/// All trails of the account, and the organization's if there is one.
fn all(account: &Account) -> Vec<Found> {
    let mut found = vec![];
    for (region, state) in &account.regions {
        for (name, trail) in &state.cloudtrail.trails {
            found.push(Found {
                name: name.clone(),
                owner: account.id.clone(),
                home: region.clone(),
                trail: trail.clone(),
            });
        }
        if let (Some(owner), ORGANIZATIONS_HOME) = (&state.cloudtrail.organization, region.as_str())
            && *owner != account.id
        {
            let mut trail = Trail::new(&format!("organization-trail-{owner}"));
            trail.multi_region = true;
            trail.validation = true;
            trail.logging = true;
            found.push(Found {
                name: "organization".to_owned(),
                owner: owner.clone(),
                home: region.clone(),
                trail,
            });
        }
    }
    found
}

/// The trail that a request names: by its name where it is at home, by its ARN from everywhere.
fn named(account: &Account, call: &Call, member: &str) -> Result<Found, AwsError> {
    let wanted = call.input.text(member);
    if wanted.is_empty() {
        return Err(AwsError::new(
            "InvalidTrailNameException",
            "Trail name cannot be blank!",
        ));
    }
    let is_it = |found: &Found| match wanted.starts_with("arn:") {
        true => found.arn() == wanted,
        false => found.name == wanted && found.home == call.region,
    };
    all(account).into_iter().find(is_it).ok_or_else(|| {
        AwsError::new(
            "TrailNotFoundException",
            format!("Unknown trail: {wanted} for the user: {}", account.id),
        )
    })
}

/// The same for a change: only in its home region, and only of an own one.
fn owned<'a>(
    account: &'a mut Account,
    call: &Call,
    member: &str,
) -> Result<(Found, &'a mut Trail), AwsError> {
    let found = named(account, call, member)?;
    if found.owner != account.id {
        return Err(AwsError::new(
            "NotOrganizationMasterAccountException",
            format!(
                "This account {} is not the management account of organization; the trail can be changed there only.",
                account.id
            ),
        ));
    }
    if found.home != call.region {
        return Err(AwsError::new(
            "InvalidHomeRegionException",
            format!(
                "Trail {} can only be changed in its home region {}.",
                found.arn(),
                found.home
            ),
        ));
    }
    let trails = account
        .regions
        .get_mut(&found.home)
        .map(|state| &mut state.cloudtrail.trails);
    match trails.and_then(|trails| trails.get_mut(&found.name)) {
        Some(trail) => Ok((found, trail)),
        None => Err(AwsError::not_in_sandbox(call)),
    }
}

/// The service.
pub(super) static SERVICE: Service = Service {
    keeps_tag: |tag| match tag.wrong() {
        None => Ok(true),
        Some(why) => Err(AwsError::new("InvalidTagParameterException", why)),
    },
    ..Service::new("cloudtrail", &[Protocol::Json("1.1")], handle)
};

/// Answers one operation.
fn handle(account: &mut Account, call: &Call) -> Answer {
    let id = account.id.clone();
    let input = &call.input;
    match call.operation.as_str() {
        "DescribeTrails" => {
            let shadows = input["includeShadowTrails"].as_bool().unwrap_or(true);
            let wanted: Vec<&str> = input.texts("trailNameList");
            let told: Vec<Value> = all(account)
                .iter()
                .filter(|found| {
                    let is_here = found.home == call.region || (found.trail.multi_region && shadows);
                    let is_wanted =
                        wanted.contains(&found.name.as_str()) || wanted.contains(&found.arn().as_str());
                    is_here && (wanted.is_empty() || is_wanted)
                })
                .map(|found| found.described(&id))
                .collect();
            Ok(json!({"trailList": told}))
        }
        "GetTrail" => Ok(json!({"Trail": named(account, call, "Name")?.described(&id)})),
        "GetTrailStatus" => {
            let trail = named(account, call, "Name")?.trail;
            Ok(json!({
                "IsLogging": trail.logging,
                "StartLoggingTime": trail.started,
                "StopLoggingTime": trail.stopped,
                "LatestDeliveryError": trail.delivery_error,
                "LatestDeliveryTime": trail.delivered,
                "LatestCloudWatchLogsDeliveryError": trail.log_delivery_error,
                "LatestCloudWatchLogsDeliveryTime": trail.log_delivered,
                "LatestDigestDeliveryError": trail.digest_error,
                "LatestDigestDeliveryTime": trail.digest_delivered,
                "LatestDeliveryAttemptTime": trail.attempted.map(time).unwrap_or_default(),
                "LatestNotificationAttemptTime": "",
                "LatestNotificationAttemptSucceeded": "",
                "LatestDeliveryAttemptSucceeded": "",
                "TimeLoggingStarted": "",
                "TimeLoggingStopped": "",
            }))
        }
        "CreateTrail" => create(account, call),
        "UpdateTrail" => {
            check::organization(account, call)?;
            let (mut found, trail) = owned(account, call, "Name")?;
            change(trail, input);
            found.trail = trail.clone();
            check::check(account, call, &found)?;
            Ok(found.output(&id))
        }
        "DeleteTrail" => {
            let (found, _) = owned(account, call, "Name")?;
            if let Some(state) = account.regions.get_mut(&found.home) {
                state.cloudtrail.trails.remove(&found.name);
            }
            Ok(json!({}))
        }
        "StartLogging" => {
            let (_, trail) = owned(account, call, "Name")?;
            trail.logging = true;
            trail.started = Some(call.now);
            Ok(json!({}))
        }
        "StopLogging" => {
            let (_, trail) = owned(account, call, "Name")?;
            trail.logging = false;
            trail.stopped = Some(call.now);
            Ok(json!({}))
        }
        "GetEventSelectors" => {
            let found = named(account, call, "TrailName")?;
            Ok(selectors(&found))
        }
        "PutEventSelectors" => {
            let (mut found, trail) = owned(account, call, "TrailName")?;
            check::selectors(input)?;
            trail.selectors = given(&input["EventSelectors"]);
            trail.advanced_selectors = given(&input["AdvancedEventSelectors"]);
            found.trail = trail.clone();
            Ok(selectors(&found))
        }
        "AddTags" => {
            let new = SERVICE.tags(input.list("TagsList"))?;
            let (_, trail) = owned(account, call, "ResourceId")?;
            trail.tags.extend(new);
            match trail.tags.len() > TAGS {
                true => Err(AwsError::new(
                    "TagsLimitExceededException",
                    "A trail can have 50 tags at most.",
                )),
                false => Ok(json!({})),
            }
        }
        "RemoveTags" => {
            let gone = SERVICE.tags(input.list("TagsList"))?;
            let (_, trail) = owned(account, call, "ResourceId")?;
            trail.tags.retain(|key, _| !gone.contains_key(key));
            Ok(json!({}))
        }
        "ListTags" => {
            let mut told = vec![];
            for arn in input.texts("ResourceIdList") {
                let one = Call {
                    input: json!({"ResourceId": arn}),
                    ..call.clone()
                };
                let (found, trail) = owned(account, &one, "ResourceId")?;
                told.push(json!({"ResourceId": found.arn(), "TagsList": tags::output(&trail.tags)}));
            }
            Ok(json!({"ResourceTagList": told}))
        }
        _ => Err(AwsError::not_in_sandbox(call)),
    }
}

/// A time as it stands in the members that are "no longer in use".
fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.to_string())
}

fn create(account: &mut Account, call: &Call) -> Answer {
    let input = &call.input;
    let name = input.text("Name").to_owned();
    check::name(&name)?;
    let here = all(account);
    if here
        .iter()
        .any(|found| found.name == name && found.home == call.region && found.owner == account.id)
    {
        return Err(AwsError::new(
            "TrailAlreadyExistsException",
            format!("Trail {name} already exists for customer: {}", account.id),
        ));
    }
    let seen = here
        .iter()
        .filter(|found| found.home == call.region || found.trail.multi_region);
    if seen.count() >= TRAILS {
        return Err(AwsError::new(
            "MaximumNumberOfTrailsExceededException",
            format!(
                "User: {} already has {TRAILS} trails in {}.",
                account.id, call.region
            ),
        ));
    }
    check::organization(account, call)?;
    let mut trail = Trail::new(input.text("S3BucketName"));
    change(&mut trail, input);
    trail.tags = SERVICE.tags(input.list("TagsList"))?;
    let found = Found {
        name,
        owner: account.id.clone(),
        home: call.region.clone(),
        trail,
    };
    check::check(account, call, &found)?;
    let told = found.output(&account.id);
    if let Some(state) = account.regions.get_mut(&call.region) {
        state.cloudtrail.trails.insert(found.name, found.trail);
    }
    Ok(told)
}

/// Takes over what a request says; what it leaves out stays.
fn change(trail: &mut Trail, input: &Value) {
    let text = |slot: &mut Option<String>, member: &str| {
        if let Some(value) = input[member].as_str() {
            *slot = (!value.is_empty()).then(|| value.to_owned());
        }
    };
    if let Some(bucket) = input["S3BucketName"].as_str() {
        bucket.clone_into(&mut trail.bucket);
    }
    text(&mut trail.prefix, "S3KeyPrefix");
    text(&mut trail.topic, "SnsTopicName");
    text(&mut trail.log_group, "CloudWatchLogsLogGroupArn");
    text(&mut trail.role, "CloudWatchLogsRoleArn");
    text(&mut trail.key, "KmsKeyId");
    let flag = |slot: &mut bool, member: &str| *slot = input[member].as_bool().unwrap_or(*slot);
    flag(&mut trail.global, "IncludeGlobalServiceEvents");
    flag(&mut trail.multi_region, "IsMultiRegionTrail");
    flag(&mut trail.organization, "IsOrganizationTrail");
    flag(&mut trail.validation, "EnableLogFileValidation");
}

fn selectors(found: &Found) -> Value {
    let standard = json!([{
        "ReadWriteType": "All",
        "IncludeManagementEvents": true,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    }]);
    match &found.trail.advanced_selectors {
        Some(advanced) => json!({"TrailARN": found.arn(), "AdvancedEventSelectors": advanced}),
        None => {
            let own = found.trail.selectors.clone().unwrap_or(standard);
            json!({"TrailARN": found.arn(), "EventSelectors": own})
        }
    }
}

fn given(value: &Value) -> Option<Value> {
    value
        .as_array()
        .filter(|all| !all.is_empty())
        .map(|_| value.clone())
}
