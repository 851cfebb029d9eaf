//! What has to be done.

use trueup_core::change::{Changes, LocalId};
use trueup_core::control::{Here, Observed};
use trueup_core::location::Location;
use trueup_core::tags;

use super::model::{Action, Ids, Model, Protocol, Subscription, TopicArn};
use super::{TOPIC, endpoint, publishers};

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
    let statements = match created {
        Some(_) => publishers::statements(&arn, env),
        None => ids.lacking.clone(),
    };
    if !statements.is_empty() {
        // Who reports to the topic waits until it may.
        let step = out.change(Action::LetPublish {
            topic: arn.clone(),
            statements,
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
    if ids
        .kms_key
        .as_deref()
        .is_some_and(|key| key.ends_with("alias/aws/sns"))
    {
        out.notice(
            "the topic is encrypted with AWS's own key for SNS, which lets no service publish: alarms and budgets will \
             not be heard; encrypt it with a key of your own that lets them (kms:GenerateDataKey*, kms:Decrypt), or not \
             at all",
        );
    }
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
    for one in &all {
        let key = protocol.folded(&one.endpoint);
        let shown = endpoint::masked(&one.endpoint);
        match (&one.arn, wanted.contains(&key)) {
            (Some(_), true) => {}
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
}
