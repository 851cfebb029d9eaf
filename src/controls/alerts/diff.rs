//! What has to be done.

use std::collections::BTreeMap;

use trueup_core::change::{Changes, LocalId};
use trueup_core::control::{Here, Observed};
use trueup_core::env::Env;
use trueup_core::location::Location;
use trueup_core::tags;
use trueup_policy::evaluate::deleted_principals;
use trueup_policy::{Policy, Statement};

use super::model::{Action, Filter, Ids, Key, KeyKind, Model, Protocol, Subscription, TopicArn};
use super::publishers::{self, Publisher};
use super::{TOPIC, endpoint};
use crate::access::{self, May, explained, named};

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    if want.is_absent() {
        return leave(&seen.ids, out);
    }
    let (live, ids, env) = (&seen.model, &seen.ids, here.env);
    let Some(arn) = want.topic_arn(env) else { return };
    let Some(topic) = TopicArn::parse(&arn) else {
        return;
    };
    if topic.region != env.home.as_str() {
        out.refuse(format!(
            "the topic is in {}, and CloudWatch and EventBridge publish only to a topic of their own region; name one \
             of the home region {}",
            topic.region, env.home
        ));
        return;
    }
    if topic.account != env.account {
        return of_another_account(want, &topic, out);
    }
    let place = Location::Account;
    let mut created = None;
    if live.is_absent() {
        if want.topic_arn.is_some() {
            out.refuse(format!(
                "there is no topic {arn}; write topic = \"{}\" instead of topic_arn to have it made",
                topic.name
            ));
            return;
        }
        let step = out.add(Action::Create {
            name: topic.name.to_owned(),
            tags: env.run.tags.clone(),
        });
        let step = step.provides(TOPIC.at(&place)).provides(super::topic(&arn));
        created = Some(step.id());
    } else {
        let missing = tags::differing(&env.run.tags, &ids.tags);
        if !missing.is_empty() {
            out.change(Action::Tag {
                topic: arn.clone(),
                tags: missing,
            });
        }
    }
    let key = key(want, &arn, ids, created, out);
    let (statements, without) = match created {
        Some(_) => (of_all(&want.publishers(), &arn, env), vec![]),
        None => policy(want, &arn, ids.policy.as_ref(), env, out),
    };
    if !statements.is_empty() {
        // Who reports to the topic waits until it may.
        let step = out.change(Action::LetPublish {
            topic: arn.clone(),
            statements,
            without,
        });
        let step = step.provides(TOPIC.at(&place)).provides(super::topic(&arn));
        // Nobody is asked to listen before there can be something to hear.
        created = created.map(|created| step.after(created).id());
    }
    for protocol in [Protocol::Email, Protocol::Https] {
        if want.manages(protocol) {
            subscriptions(protocol, &arn, want, seen, created, out);
        }
    }
    if let Some(key) = key {
        key_lets(key, &want.publishers(), &arn, env, out);
    }
}

fn of_all(publishers: &[Publisher], topic: &str, env: &Env) -> Vec<Statement> {
    let statements = publishers.iter();
    statements
        .map(|publisher| publisher.statement(topic, env))
        .collect()
}

/// Publishers by what keeps them out, or may.
type ByReason = BTreeMap<String, Vec<Publisher>>;

/// The statements that the topic's policy lacks, and the deleted principals that it must lose to be saved.
fn policy(
    want: &Model,
    topic: &str,
    live: Option<&Policy>,
    env: &Env,
    out: &mut Changes<Action>,
) -> (Vec<Statement>, Vec<String>) {
    // A reading without identifiers is of an account that happens to be as the table says.
    let Some(live) = live else {
        return (vec![], vec![]);
    };
    let mut statements = vec![];
    let (mut denied, mut unclear) = (ByReason::new(), ByReason::new());
    for publisher in want.publishers() {
        let request = publisher.publish(topic, env);
        let may = |policy: &Policy| access::may(policy, [&request]);
        let found = match may(live) {
            May::No(_) => {
                let statement = publisher.statement(topic, env);
                let merged = live.merged(std::slice::from_ref(&statement));
                let then = may(merged.as_ref().unwrap_or(live));
                if !then.is_no() {
                    statements.push(statement);
                }
                then
            }
            found => found,
        };
        match found {
            May::Yes => {}
            May::No(by) => denied.entry(named(&by)).or_default().push(publisher),
            May::CannotTell(by) => unclear.entry(explained(&by)).or_default().push(publisher),
        }
    }
    // Where nothing but AWS's own statement stands, the policy is written as that of a new topic.
    let is_default = |one: &Statement| one.sid() == Some("__default_statement_ID");
    if !statements.is_empty() && live.statements().iter().all(is_default) {
        statements = of_all(&want.publishers(), topic, env);
    }
    for (why, publishers) in unclear {
        out.notice(format!(
            "cannot tell whether the topic's policy allows {} to publish ({why})",
            titles(&publishers)
        ));
    }
    for (by, publishers) in denied {
        out.refuse_entry(
            "publishers",
            format!(
                "{by} of the topic's policy denies sns:Publish to {}, and trueup removes no statement of others; remove \
                 it, or exempt AWS services by the condition \"Bool\": {{\"aws:PrincipalIsAWSService\": \"false\"}}",
                titles(&publishers)
            ),
        );
    }
    let deleted = deleted_principals(live).into_iter();
    let without = deleted.map(|(sid, id)| match sid {
        Some(sid) => format!("{id} (statement {sid})"),
        None => id,
    });
    (statements, without.collect())
}

/// The key that the topic has in the end.
fn key<'a>(
    want: &Model,
    topic: &str,
    ids: &'a Ids,
    created: Option<LocalId>,
    out: &mut Changes<Action>,
) -> Option<&'a Key> {
    let (Some(written), Some(key)) = (&want.kms_key, &ids.written_key) else {
        return ids.key.as_ref();
    };
    if ids.key.as_ref().is_some_and(|live| live.is(key)) {
        return ids.key.as_ref();
    }
    if key.kind == KeyKind::Gone {
        out.refuse_entry(
            "kms_key",
            format!("there is no KMS key {written} in the topic's region; write one that exists"),
        );
        return ids.key.as_ref();
    }
    let step = out.change(Action::Encrypt {
        topic: topic.to_owned(),
        key: written.clone(),
    });
    match created {
        Some(created) => step.after(created),
        None => step.disruptive("services that the key's policy does not allow can no longer publish"),
    };
    Some(key)
}

/// Whether those who publish may use the topic's key.
fn key_lets(key: &Key, publishers: &[Publisher], topic: &str, env: &Env, out: &mut Changes<Action>) {
    let id = &key.id;
    let (arn, policy) = match &key.kind {
        KeyKind::Own { arn, policy } => (arn, policy),
        KeyKind::OfAws => {
            return out.person(
                "the topic is encrypted with AWS's own key for SNS, whose policy allows no service to publish, so that \
                 alarms and budgets stay silent; encrypt it with a customer managed key whose policy allows them, or \
                 turn its encryption off",
            );
        }
        KeyKind::Gone => {
            return out.person(format!(
                "the key {id} that the topic is encrypted with does not exist, so that nothing can be published; set \
                 another key, or turn the topic's encryption off"
            ));
        }
        KeyKind::Unusable(state) => {
            return out.person(format!(
                "the key {id} that the topic is encrypted with is in state {state}, so that nothing can be published; \
                 enable it, or set another key"
            ));
        }
        KeyKind::Unread(why) => {
            return out.notice(format!(
                "cannot tell whether the key {id} of the topic allows {} to publish: its policy cannot be read ({why})",
                titles(publishers)
            ));
        }
    };
    let mut lacking = vec![];
    let (mut denied, mut unclear) = (ByReason::new(), ByReason::new());
    for &publisher in publishers {
        match access::may(policy, &publisher.use_key(arn, topic, env)) {
            May::Yes => {}
            May::No(by) if by.is_empty() => lacking.push(publisher),
            May::No(by) => denied.entry(named(&by)).or_default().push(publisher),
            May::CannotTell(by) => unclear.entry(explained(&by)).or_default().push(publisher),
        }
    }
    for (by, publishers) in denied {
        out.person(format!(
            "{by} of the policy of the topic's key {id} denies its use to {}, which therefore cannot publish; change that \
             statement",
            titles(&publishers)
        ));
    }
    for (why, publishers) in unclear {
        out.notice(format!(
            "cannot tell whether the policy of the topic's key {id} allows {} to publish ({why})",
            titles(&publishers)
        ));
    }
    if !lacking.is_empty() {
        out.person(format!(
            "the policy of the topic's key {id} does not allow {} to use it, which \
             therefore cannot publish; add this statement to it: {}",
            titles(&lacking),
            publishers::text(&publishers::key_statement(&lacking))
        ));
    }
}

fn titles(publishers: &[Publisher]) -> String {
    let titles: Vec<&str> = publishers.iter().map(|publisher| publisher.title()).collect();
    titles.join(", ")
}

/// The topic goes.
fn leave(ids: &Ids, out: &mut Changes<Action>) {
    if !ids.several.is_empty() {
        out.refuse(format!(
            "several topics have statements of trueup's, and only one can be meant: {}; delete the others, or their \
             statements",
            ids.several.join(", ")
        ));
    } else if let Some(topic) = ids.arn.clone() {
        let listeners = match ids.subscriptions.len() {
            0 => "what is reported to it is lost".to_owned(),
            1 => "its subscription goes with it, and what is reported to it is lost".to_owned(),
            n => format!("its {n} subscriptions go with it, and what is reported to it is lost"),
        };
        out.destroy(Action::Delete { topic })
            .removes(TOPIC.at(&Location::Account))
            .destructive(listeners);
    }
}

fn of_another_account(want: &Model, topic: &TopicArn<'_>, out: &mut Changes<Action>) {
    if [Protocol::Email, Protocol::Https]
        .iter()
        .any(|protocol| want.manages(*protocol))
    {
        out.refuse(format!(
            "the topic belongs to account {}, and so do its subscriptions; leave emails and https out",
            topic.account
        ));
    }
    out.notice(format!(
        "the topic belongs to account {}: its policy has to let CloudWatch, Budgets, cost alerts and EventBridge of \
         this account publish, which is not looked at here",
        topic.account
    ));
}

fn subscriptions(
    protocol: Protocol,
    topic: &str,
    want: &Model,
    seen: &Observed<Model, Ids>,
    created: Option<LocalId>,
    out: &mut Changes<Action>,
) {
    let folded = |model: &Model| -> Vec<String> {
        let endpoints = model.endpoints(protocol).into_iter();
        endpoints.map(|one| protocol.folded(one)).collect()
    };
    let (wanted, live) = (folded(want), folded(&seen.model));
    for endpoint in want.endpoints(protocol) {
        if !live.contains(&protocol.folded(endpoint)) {
            let step = out.add(Action::Subscribe {
                topic: topic.to_owned(),
                protocol,
                endpoint: endpoint.to_owned(),
            });
            if let Some(created) = created {
                step.after(created);
            }
        }
    }
    let all: Vec<&Subscription> = seen
        .ids
        .subscriptions
        .iter()
        .filter(|one| one.protocol == protocol)
        .collect();
    let mut others = vec![];
    for one in &all {
        let key = protocol.folded(&one.endpoint);
        let shown = endpoint::masked(&one.endpoint);
        match (&one.arn, wanted.contains(&key)) {
            (Some(arn), true) => unfilter(one, arn, out),
            (Some(_), false) if want.only != Some(true) => others.push(shown),
            (Some(arn), false) => {
                let action = Action::Unsubscribe {
                    arn: arn.clone(),
                    endpoint: one.endpoint.clone(),
                };
                out.destroy(action)
                    .destructive("nothing reaches it any more, and it would have to confirm again");
            }
            // A second one that nobody confirms changes nothing.
            (None, true) if all.iter().any(|o| o.arn.is_some() && protocol.folded(&o.endpoint) == key) => {}
            (None, true) => out.person(match protocol {
                Protocol::Email => format!(
                    "{shown} has to confirm, by the link in the mail \"AWS Notification - Subscription Confirmation\"; \
                     AWS drops what nobody confirms within two days, and the next apply asks anew"
                ),
                Protocol::Https => format!(
                    "{shown} has to confirm, by opening the SubscribeURL that SNS has posted to it; AWS drops what is \
                     not confirmed within two days, and the next apply asks anew"
                ),
            }),
            (None, false) => out.notice(format!(
                "{shown} was asked to hear of it and is not wanted; AWS drops that by itself unless somebody confirms"
            )),
        }
    }
    if !others.is_empty() {
        out.notice(format!(
            "also subscribed, and kept: {} (`only = true` unsubscribes what the file does not name)",
            others.join(", ")
        ));
    }
}

/// A wanted subscriber gets every message.
fn unfilter(one: &Subscription, arn: &str, out: &mut Changes<Action>) {
    match one.filter {
        None => {}
        Some(Filter::Attributes) => {
            out.change(Action::Unfilter {
                arn: arn.to_owned(),
                endpoint: one.endpoint.clone(),
            });
        }
        Some(Filter::Body) => out.notice(format!(
            "the subscription of {} filters messages by their body; trueup cannot tell which ones are delivered",
            endpoint::masked(&one.endpoint)
        )),
    }
}
