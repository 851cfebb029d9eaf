//! The calls: reading the topic, and each change.

use std::collections::HashMap;

use aws_sdk_kms::types::{KeyManagerType, KeyState};
use aws_sdk_sns::Client;
use aws_sdk_sns::error::BuildError;
use aws_sdk_sns::types::Tag;
use futures::{StreamExt, TryStreamExt};
use trueup_aws::wait::{self, HALF_A_MINUTE};
use trueup_aws::{Cx, Failure};
use trueup_core::control::Observed;
use trueup_core::env::Env;
use trueup_core::fault::Fault;
use trueup_core::tags::Tags;
use trueup_core::values::Presence;
use trueup_policy::{Policy, Statement};

use super::endpoint::Endpoint;
use super::model::{Action, Filter, Ids, Key, KeyKind, Model, Protocol, Subscription, TopicArn};
use super::publishers::{self, Publisher};
use crate::access::{self, May};

/// How many topics are looked at at the same time.
const AT_ONCE: usize = 8;

/// A topic's attributes.
type Attributes = HashMap<String, String>;

/// See [`Live::fetch`](trueup_aws::Live::fetch).
pub(super) async fn fetch(cx: &Cx, want: Option<&Model>) -> Result<Observed<Model, Ids>, Failure> {
    let sns = &cx.clients().sns;
    let Some(want) = want.filter(|want| !want.is_absent()) else {
        return find(sns, cx, want.is_some()).await;
    };
    let Some(arn) = want.topic_arn(&cx.env) else {
        return Ok(absent());
    };
    if !TopicArn::parse(&arn).is_some_and(|topic| is_of(&topic, &cx.env)) {
        return Ok(Observed::of(Model {
            topic_arn: Some(arn),
            ..Model::default()
        }));
    }
    let attributes = attributes(sns, &arn).await?;
    let live_key = attributes
        .as_ref()
        .and_then(|attributes| attributes.get("KmsMasterKeyId"));
    let written_key = match want.kms_key.as_ref().filter(|written| Some(*written) != live_key) {
        Some(written) => Some(key(cx, written).await?),
        None => None,
    };
    let Some(attributes) = attributes else {
        let mut seen = absent();
        seen.ids.written_key = written_key;
        return Ok(seen);
    };
    let mut seen = read(cx, arn, &attributes).await?;
    if let (Some(written), Some(live)) = (&written_key, &seen.ids.key)
        && live.is(written)
    {
        seen.model.kms_key = want.kms_key.clone();
    }
    seen.ids.written_key = written_key;
    filters(sns, want, &mut seen.ids.subscriptions).await?;
    let (model, ids) = (&mut seen.model, &seen.ids);
    model.topic = model.topic.take().filter(|_| want.topic.is_some());
    model.topic_arn = want.topic_arn.clone();
    model.sort_as(want);
    model.only = want.only;
    if want.only != Some(true) {
        model.keep_only(want);
    }
    model.publishers = want.publishers.clone().map(|wanted| {
        let may = |publisher: &Publisher| match (&ids.arn, &ids.policy) {
            (Some(arn), Some(policy)) => !access::may(policy, [&publisher.publish(arn, &cx.env)]).is_no(),
            _ => false,
        };
        wanted.into_iter().filter(may).collect()
    });
    Ok(seen)
}

fn is_of(topic: &TopicArn<'_>, env: &Env) -> bool {
    topic.account == env.account && topic.region == env.home.as_str()
}

fn absent() -> Observed<Model, Ids> {
    Observed::of(Model {
        state: Some(Presence::Absent),
        ..Model::default()
    })
}

/// Looks for the topic that nobody named: one that carries a statement of trueup's. For an export it may also be one
/// that all services may publish to; what is to go has to be ours.
async fn find(sns: &Client, cx: &Cx, must_be_ours: bool) -> Result<Observed<Model, Ids>, Failure> {
    let mut arns = vec![];
    let mut pages = sns.list_topics().into_paginator().items().send();
    while let Some(topic) = pages.next().await {
        arns.extend(topic?.topic_arn);
    }
    // First-in-first-out topics can be none of them.
    arns.retain(|arn| TopicArn::parse(arn).is_some());
    arns.sort();
    let mut found: Vec<(bool, String, Attributes)> = futures::stream::iter(arns)
        .map(|arn| async move {
            // What may not be looked at can not be ours.
            let read = match attributes(sns, &arn).await {
                Err(fault) if fault.is("AuthorizationError") => None,
                other => other?,
            };
            let Some(attributes) = read else { return Ok(None) };
            let policy = policy(&attributes)?;
            let is_ours = publishers::is_ours(&policy);
            let hears_all = || {
                let mut all = Publisher::ALL.iter();
                all.all(|one| access::may(&policy, [&one.publish(&arn, &cx.env)]) == May::Yes)
            };
            let is_it = is_ours || !must_be_ours && hears_all();
            Ok::<_, Fault>(is_it.then_some((!is_ours, arn, attributes)))
        })
        .buffered(AT_ONCE)
        .try_filter_map(|found| async move { Ok(found) })
        .try_collect()
        .await?;
    found.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
    let several: Vec<String> = found.iter().map(|(_, arn, _)| arn.clone()).collect();
    let Some((_, arn, attributes)) = found.into_iter().next() else {
        return Ok(absent());
    };
    let mut seen = read(cx, arn, &attributes).await?;
    if must_be_ours && several.len() > 1 {
        seen.ids.several = several;
    }
    Ok(seen)
}

/// A topic's attributes, if it exists.
async fn attributes(sns: &Client, arn: &str) -> Result<Option<Attributes>, Failure> {
    match sns
        .get_topic_attributes()
        .topic_arn(arn)
        .send()
        .await
        .map_err(Failure::from)
    {
        Ok(answer) => Ok(Some(answer.attributes.unwrap_or_default())),
        Err(fault) if fault.is("NotFound") => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn policy(attributes: &Attributes) -> Result<Policy, Failure> {
    let text = attributes.get("Policy").map_or("", String::as_str);
    text.parse()
        .map_err(|error| Failure::answer("sns:GetTopicAttributes", format!("the topic's policy {error}")))
}

/// What there is to read of a topic that exists.
async fn read(cx: &Cx, arn: String, attributes: &Attributes) -> Result<Observed<Model, Ids>, Failure> {
    let sns = &cx.clients().sns;
    let key = match attributes.get("KmsMasterKeyId") {
        Some(id) => Some(key(cx, id).await?),
        None => None,
    };
    let mut subscriptions = vec![];
    let listed = sns.list_subscriptions_by_topic().topic_arn(&arn);
    let mut pages = listed.into_paginator().items().send();
    while let Some(listed) = pages.next().await {
        subscriptions.extend(subscription(&listed?));
    }
    let tags = match cx.env.run.tags.is_empty() {
        true => Tags::new(),
        false => tags(sns, &arn).await?,
    };
    let of = |protocol: Protocol| {
        let all = subscriptions.iter().filter(move |one| one.protocol == protocol);
        all.map(|one: &Subscription| one.endpoint.clone())
    };
    let mut model = Model {
        state: None,
        topic: TopicArn::parse(&arn).map(|topic| topic.name.to_owned()),
        topic_arn: None,
        emails: Some(of(Protocol::Email).filter_map(|one| one.parse().ok()).collect()),
        https: Some(
            of(Protocol::Https)
                .filter_map(|one| Endpoint::try_from(one).ok())
                .collect(),
        ),
        only: None,
        kms_key: attributes.get("KmsMasterKeyId").cloned(),
        publishers: None,
    };
    model.sort_as(&Model::default());
    Ok(Observed {
        model,
        ids: Ids {
            policy: Some(policy(attributes)?),
            several: vec![],
            key,
            written_key: None,
            subscriptions,
            tags,
            arn: Some(arn),
        },
        held_by: None,
    })
}

/// AWS's own key for SNS, by its alias.
const KEY_OF_AWS: &str = "alias/aws/sns";

/// The key that a topic is encrypted with. The topic is read even where the key cannot be.
async fn key(cx: &Cx, id: &str) -> Result<Key, Failure> {
    let told = |kind| {
        Ok(Key {
            id: id.to_owned(),
            kind,
        })
    };
    if id.ends_with(KEY_OF_AWS) {
        return told(KeyKind::OfAws);
    }
    let kms = &cx.clients().kms;
    let described = match kms.describe_key().key_id(id).send().await.map_err(Failure::from) {
        Ok(answer) => answer.key_metadata,
        Err(fault) if fault.is("NotFoundException") => return told(KeyKind::Gone),
        Err(fault) if fault.is("AccessDeniedException") => {
            return told(KeyKind::Unread("kms:DescribeKey is denied".to_owned()));
        }
        Err(fault) => return Err(fault),
    };
    let Some((described, arn)) =
        described.and_then(|key| Some((key.arn.clone()?, key)).map(|(arn, key)| (key, arn)))
    else {
        return Err(Failure::answer(
            "kms:DescribeKey",
            "the answer has no key".to_owned(),
        ));
    };
    if described.key_manager == Some(KeyManagerType::Aws) {
        return told(KeyKind::OfAws);
    }
    match described.key_state {
        None | Some(KeyState::Enabled) => {}
        Some(state) => return told(KeyKind::Unusable(state.as_str().to_owned())),
    }
    // Only the account that a key belongs to can read its policy.
    if described
        .aws_account_id
        .is_some_and(|owner| owner != cx.env.account)
    {
        return told(KeyKind::Unread("the key belongs to another account".to_owned()));
    }
    let answer = kms.get_key_policy().key_id(&arn).send().await;
    let text = match answer.map_err(Failure::from) {
        Ok(answer) => answer.policy.unwrap_or_default(),
        Err(fault) if fault.is("AccessDeniedException") => {
            return told(KeyKind::Unread("kms:GetKeyPolicy is denied".to_owned()));
        }
        Err(fault) => return Err(fault),
    };
    let policy = text
        .parse()
        .map_err(|error| Failure::answer("kms:GetKeyPolicy", format!("the key's policy {error}")))?;
    told(KeyKind::Own { arn, policy })
}

/// Whether a topic's policy refuses what CloudWatch publishes, clearly. One that is gone does.
pub(crate) async fn refuses_alarms(sns: &Client, topic: &str, env: &Env) -> Result<bool, Failure> {
    let Some(attributes) = attributes(sns, topic).await? else {
        return Ok(true);
    };
    let policy = policy(&attributes)?;
    Ok(access::may(&policy, [&Publisher::CloudWatch.publish(topic, env)]).is_no())
}

/// What of its messages a subscription takes, if not all; nothing at all if it has just ended.
pub(crate) async fn filter(sns: &Client, subscription: &str) -> Result<Option<Option<Filter>>, Failure> {
    let call = sns.get_subscription_attributes().subscription_arn(subscription);
    let attributes = match call.send().await.map_err(Failure::from) {
        Ok(answer) => answer.attributes.unwrap_or_default(),
        Err(fault) if fault.is("NotFound") => return Ok(None),
        Err(fault) => return Err(fault),
    };
    let has_filter = attributes
        .get("FilterPolicy")
        .is_some_and(|filter| !matches!(filter.trim(), "" | "{}"));
    Ok(Some(has_filter.then(
        || match attributes.get("FilterPolicyScope").map(String::as_str) {
            Some("MessageBody") => Filter::Body,
            _ => Filter::Attributes,
        },
    )))
}

/// Reads the filter policies of the subscriptions that are wanted and count.
async fn filters(sns: &Client, want: &Model, subscriptions: &mut [Subscription]) -> Result<(), Failure> {
    for one in subscriptions {
        let mut wanted = want.endpoints(one.protocol).into_iter();
        let key = one.protocol.folded(&one.endpoint);
        let Some(arn) = one
            .arn
            .as_ref()
            .filter(|_| wanted.any(|other| one.protocol.folded(other) == key))
        else {
            continue;
        };
        if let Some(found) = filter(sns, arn).await? {
            one.filter = found;
        }
    }
    Ok(())
}

impl Model {
    /// Leaves out the subscribers that another table does not name.
    fn keep_only(&mut self, want: &Model) {
        if let (Some(emails), Some(wanted)) = (&mut self.emails, &want.emails) {
            emails.retain(|one| wanted.contains(one));
        }
        if let (Some(https), Some(wanted)) = (&mut self.https, &want.https) {
            https.retain(|one| wanted.contains(one));
        }
    }

    /// Puts addresses into the order and the words of another table, and others behind them by the alphabet, each
    /// once.
    fn sort_as(&mut self, want: &Model) {
        if let Some(emails) = &mut self.emails {
            *emails = sorted_as(want.emails.as_deref(), emails, |one| {
                Protocol::Email.folded(one.as_str())
            });
        }
        if let Some(https) = &mut self.https {
            *https = sorted_as(want.https.as_deref(), https, |one| {
                Protocol::Https.folded(one.as_str())
            });
        }
    }
}

fn sorted_as<T: Clone + PartialEq>(
    wanted: Option<&[T]>,
    live: &mut Vec<T>,
    folded: impl Fn(&T) -> String,
) -> Vec<T> {
    let wanted = wanted.unwrap_or_default();
    let mut sorted: Vec<T> = wanted.iter().filter(|one| live.contains(one)).cloned().collect();
    live.retain(|one| !sorted.contains(one));
    live.sort_by_key(folded);
    live.dedup();
    sorted.append(live);
    sorted
}

/// A subscription that counts, or can come to.
fn subscription(listed: &aws_sdk_sns::types::Subscription) -> Option<Subscription> {
    let protocol = [Protocol::Email, Protocol::Https]
        .into_iter()
        .find(|protocol| Some(protocol.name()) == listed.protocol())?;
    let arn = match listed.subscription_arn()? {
        // It has ended, and SNS lists it for some days more.
        "Deleted" => return None,
        "PendingConfirmation" => None,
        arn => Some(arn.to_owned()),
    };
    Some(Subscription {
        protocol,
        endpoint: listed.endpoint()?.to_owned(),
        arn,
        filter: None,
    })
}

async fn tags(sns: &Client, arn: &str) -> Result<Tags, Failure> {
    let answer = sns.list_tags_for_resource().resource_arn(arn).send().await?;
    let pairs = answer.tags.unwrap_or_default().into_iter();
    Ok(pairs.map(|tag| (tag.key, tag.value)).collect())
}

fn api_tags(tags: &Tags) -> Result<Option<Vec<Tag>>, Failure> {
    let pairs = tags
        .iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build());
    let all: Result<Vec<Tag>, BuildError> = pairs.collect();
    let all = all.map_err(|error| Failure::answer("sns:TagResource", error.to_string()))?;
    Ok((!all.is_empty()).then_some(all))
}

/// See [`Live::apply`](trueup_aws::Live::apply).
pub(super) async fn apply(action: &Action, cx: &Cx) -> Result<(), Failure> {
    let sns = &cx.clients().sns;
    match action {
        Action::Create { name, tags } => create(sns, name, tags).await,
        Action::LetPublish {
            topic, statements, ..
        } => let_publish(cx, topic, statements).await,
        Action::Encrypt { topic, key } => {
            let call = sns.set_topic_attributes().topic_arn(topic);
            let call = call.attribute_name("KmsMasterKeyId").attribute_value(key);
            call.send().await?;
            Ok(())
        }
        Action::Unfilter { arn, .. } => {
            let call = sns.set_subscription_attributes().subscription_arn(arn);
            let call = call.attribute_name("FilterPolicy").attribute_value("{}");
            match call.send().await.map_err(Failure::from) {
                Ok(_) => Ok(()),
                Err(fault) if fault.is("NotFound") => Ok(()),
                Err(fault) => Err(fault),
            }
        }
        Action::Subscribe {
            topic,
            protocol,
            endpoint,
        } => {
            let call = sns.subscribe().topic_arn(topic).protocol(protocol.name());
            call.endpoint(endpoint).send().await?;
            Ok(())
        }
        Action::Unsubscribe { arn, .. } => {
            let answer = sns.unsubscribe().subscription_arn(arn).send().await;
            match answer.map_err(Failure::from) {
                Ok(_) => Ok(()),
                Err(fault) if fault.is("NotFound") => Ok(()),
                Err(fault) => Err(fault),
            }
        }
        Action::Tag { topic, tags } => tag(sns, topic, tags).await,
        Action::Delete { topic } => {
            // Succeeds also if there is none.
            sns.delete_topic().topic_arn(topic).send().await?;
            Ok(())
        }
    }
}

async fn let_publish(cx: &Cx, topic: &str, statements: &[Statement]) -> Result<(), Failure> {
    let sns = &cx.clients().sns;
    let answer = sns.get_topic_attributes().topic_arn(topic).send().await?;
    let live = policy(&answer.attributes.unwrap_or_default())?;
    let Some(merged) = live.merged(statements) else {
        return Ok(());
    };
    let call = sns
        .set_topic_attributes()
        .topic_arn(topic)
        .attribute_name("Policy")
        .attribute_value(merged.without_deleted_principals().to_string());
    wait::while_passing(
        cx.wait_until("SNS knows the principals of the topic's policy"),
        HALF_A_MINUTE,
        // A principal of others that was just made is not yet known everywhere.
        |fault| fault.is("InvalidParameter") && fault.message.contains("PrincipalNotFound"),
        || async { Ok(call.clone().send().await?) },
    )
    .await?;
    Ok(())
}

async fn create(sns: &Client, name: &str, tags: &Tags) -> Result<(), Failure> {
    let call = sns.create_topic().name(name).set_tags(api_tags(tags)?);
    match call.send().await.map_err(Failure::from) {
        Ok(_) => Ok(()),
        // Somebody else was faster. Asked for by its name alone it is found, and then has its tags added.
        Err(fault) if fault.is("InvalidParameter") && fault.message.contains("already exists") => {
            let answer = sns.create_topic().name(name).send().await?;
            tag(sns, answer.topic_arn().unwrap_or_default(), tags).await
        }
        Err(fault) => Err(fault),
    }
}

async fn tag(sns: &Client, topic: &str, tags: &Tags) -> Result<(), Failure> {
    let call = sns.tag_resource().resource_arn(topic);
    call.set_tags(api_tags(tags)?).send().await?;
    Ok(())
}
