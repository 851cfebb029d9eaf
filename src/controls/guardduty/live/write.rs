//! The writes of GuardDuty. Its refusals are told apart by looking, never by their text: most of them AWS does
//! not document.

use aws_sdk_guardduty::Client;
use aws_sdk_guardduty::types::DetectorFeatureConfiguration;
use trueup_aws::Failure;

use super::find;
use crate::guardduty::features::{Feature, Features, at_birth, listed, requests};
use crate::guardduty::model::{Frequency, Settings};

/// GuardDuty has one code for everything that it does not accept, and only the text says what.
const REFUSED: &str = "BadRequestException";

/// Makes a detector with these settings, or gives them to one that appeared meanwhile.
pub(super) async fn create(guardduty: &Client, settings: &Settings) -> Result<(), Failure> {
    let born = at_birth(&settings.features);
    let mut lists = requests(&born);
    let every = settings.publish_findings_every.map(Frequency::to_api);
    let call = guardduty
        .create_detector()
        .set_tags((!settings.tags.is_empty()).then(|| settings.tags.clone().into_iter().collect()))
        .set_finding_publishing_frequency(every);
    let answer = call.clone().enable(true).set_features(lists.pop()).send().await;
    let refusal = match answer.map_err(Failure::from) {
        Ok(_) if lists.is_empty() => return Ok(()),
        Ok(made) => {
            let older = born
                .iter()
                .filter(|(feature, _)| feature.family() == Feature::EksRuntimeMonitoring);
            let rest = Settings {
                features: older.map(|(feature, on)| (*feature, *on)).collect(),
                ..Settings::default()
            };
            return update(guardduty, made.detector_id().unwrap_or_default(), &rest).await;
        }
        Err(fault) if fault.is(REFUSED) => fault,
        Err(fault) => return Err(fault),
    };
    // The refusal's text is not needed to know that one appeared meanwhile.
    if let Some(detector) = find(guardduty).await? {
        return update(guardduty, &detector, settings).await;
    }
    // The region may lack a feature, and AWS documents no way to ask before there is a detector. One that is
    // made suspended watches nothing and costs nothing, and tells which features there are.
    let Ok(made) = call.enable(false).send().await else {
        return Err(refusal);
    };
    let detector = made.detector_id.unwrap_or_default();
    let complete = async {
        let offered = read_features(guardduty, &detector).await?;
        let all = Settings {
            features: both(&born, &offered),
            ..settings.clone()
        };
        update(guardduty, &detector, &all).await
    };
    complete.await.map_err(|fault| {
        fault.reworded(|said| {
            format!(
                "{said}; detector {detector} is left suspended, with the features that AWS gives a new one: check \
                 them before it is resumed"
            )
        })
    })
}

/// Sends these settings to a detector.
pub(super) async fn update(guardduty: &Client, detector: &str, settings: &Settings) -> Result<(), Failure> {
    let refusal = match send(guardduty, detector, settings).await {
        Err(fault) if fault.is(REFUSED) => fault,
        answer => return answer,
    };
    // The region may lack a feature. The others are switched all the same; which one it is, the plan says that is made
    // of the read after the run.
    let offered = read_features(guardduty, detector).await?;
    let possible = Settings {
        features: both(&settings.features, &offered),
        ..settings.clone()
    };
    let is_missed = |(feature, on): (&Feature, &bool)| *on && !offered.contains_key(feature);
    if possible == Settings::default() && !settings.features.iter().any(is_missed) {
        // What there is none of is as good as off.
        return Ok(());
    }
    if possible == *settings || possible == Settings::default() {
        return Err(refusal);
    }
    send(guardduty, detector, &possible).await
}

async fn send(guardduty: &Client, detector: &str, settings: &Settings) -> Result<(), Failure> {
    for features in requests(&settings.features) {
        guardduty
            .update_detector()
            .detector_id(detector)
            .set_enable(settings.enabled)
            .set_finding_publishing_frequency(settings.publish_findings_every.map(Frequency::to_api))
            .set_features(named(features))
            .send()
            .await?;
    }
    Ok(())
}

/// An empty list is not sent.
fn named(features: Vec<DetectorFeatureConfiguration>) -> Option<Vec<DetectorFeatureConfiguration>> {
    Some(features).filter(|features| !features.is_empty())
}

async fn read_features(guardduty: &Client, detector: &str) -> Result<Features, Failure> {
    let answer = guardduty.get_detector().detector_id(detector).send().await?;
    Ok(listed(answer.features()))
}

/// The features to switch that are offered.
fn both(features: &Features, offered: &Features) -> Features {
    features
        .iter()
        .filter(|(feature, _)| offered.contains_key(feature))
        .map(|(feature, on)| (*feature, *on))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use aws_sdk_guardduty::config::{BehaviorVersion, Config, Credentials, Region};
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_types::body::SdkBody;

    use super::*;

    const ID: &str = "12abc34d567e8fa901bc2d34e56789f0";

    /// Answers one request after the other as it was told, and remembers them.
    #[derive(Clone, Debug, Default)]
    struct Script {
        answers: Arc<Mutex<VecDeque<(u16, String)>>>,
        asked: Arc<Mutex<Vec<String>>>,
    }

    impl HttpConnector for Script {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let path = request.uri().split_once(".com").unwrap().1.to_owned();
            let body = String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned();
            self.asked.lock().unwrap().push(
                format!("{} {path} {body}", request.method())
                    .trim_end()
                    .to_owned(),
            );
            let (status, body) = self.answers.lock().unwrap().pop_front().unwrap();
            HttpConnectorFuture::ready(Ok(HttpResponse::new(
                status.try_into().unwrap(),
                SdkBody::from(body),
            )))
        }
    }

    impl Script {
        fn then(self, status: u16, body: impl Into<String>) -> Self {
            self.answers.lock().unwrap().push_back((status, body.into()));
            self
        }

        fn refused(self, message: &str) -> Self {
            self.then(
                400,
                format!(r#"{{"__type": "BadRequestException", "message": "{message}"}}"#),
            )
        }

        fn client(&self) -> Client {
            let connector = SharedHttpConnector::new(self.clone());
            Client::from_conf(
                Config::builder()
                    .behavior_version(BehaviorVersion::v2026_01_12())
                    .region(Region::new("eu-west-1"))
                    .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
                    .idempotency_token_provider("token")
                    .http_client(http_client_fn(move |_, _| connector.clone()))
                    .build(),
            )
        }

        /// What was asked. Everything that was to be answered must have been.
        fn asked(&self) -> String {
            assert!(self.answers.lock().unwrap().is_empty());
            self.asked.lock().unwrap().join("\n")
        }
    }

    fn settings(features: &[(Feature, bool)]) -> Settings {
        Settings {
            enabled: Some(true),
            publish_findings_every: Some(Frequency::FifteenMinutes),
            features: features.iter().copied().collect(),
            ..Settings::default()
        }
    }

    fn listing(names: &[&str]) -> String {
        let features: Vec<String> = names
            .iter()
            .map(|name| format!(r#"{{"name": "{name}", "status": "ENABLED"}}"#))
            .collect();
        format!(
            r#"{{"serviceRole": "role", "status": "DISABLED", "features": [{}]}}"#,
            features.join(", ")
        )
    }

    #[tokio::test]
    async fn a_new_detector_takes_one_call() {
        let script = Script::default().then(200, format!(r#"{{"detectorId": "{ID}"}}"#));
        let done = create(&script.client(), &settings(&[(Feature::S3DataEvents, true)])).await;
        assert_eq!(done, Ok(()));
        assert_eq!(script.asked().lines().count(), 1);
    }

    #[tokio::test]
    async fn a_detector_that_appeared_meanwhile_is_adopted_with_only_what_is_written() {
        let script = Script::default()
            .refused("The request is rejected because a detector already exists for the current account.")
            .then(200, format!(r#"{{"detectorIds": ["{ID}"]}}"#))
            .then(200, "{}");
        let done = create(&script.client(), &settings(&[(Feature::S3DataEvents, true)])).await;
        assert_eq!(done, Ok(()));
        let asked = script.asked();
        let update = asked.lines().last().unwrap();
        insta::assert_snapshot!(update, @r#"POST /detector/12abc34d567e8fa901bc2d34e56789f0 {"enable":true,"features":[{"name":"S3_DATA_EVENTS","status":"ENABLED"}],"findingPublishingFrequency":"FIFTEEN_MINUTES"}"#);
    }

    #[tokio::test]
    async fn where_a_feature_is_missing_the_others_are_still_sent_as_off() {
        let script = Script::default()
            .refused("The request is rejected because the parameter features has an invalid value.")
            .then(200, r#"{"detectorIds": []}"#)
            .then(200, format!(r#"{{"detectorId": "{ID}"}}"#))
            .then(200, listing(&["S3_DATA_EVENTS", "RDS_LOGIN_EVENTS"]))
            .then(200, "{}");
        let done = create(&script.client(), &settings(&[(Feature::S3DataEvents, true)])).await;
        assert_eq!(done, Ok(()));
        let asked = script.asked();
        let tail: Vec<&str> = asked.lines().skip(2).collect();
        insta::assert_snapshot!(tail.join("\n"), @r#"
        POST /detector {"clientToken":"token","enable":false,"findingPublishingFrequency":"FIFTEEN_MINUTES"}
        GET /detector/12abc34d567e8fa901bc2d34e56789f0
        POST /detector/12abc34d567e8fa901bc2d34e56789f0 {"enable":true,"features":[{"name":"S3_DATA_EVENTS","status":"ENABLED"},{"name":"RDS_LOGIN_EVENTS","status":"DISABLED"}],"findingPublishingFrequency":"FIFTEEN_MINUTES"}
        "#);
    }

    #[tokio::test]
    async fn a_refusal_for_another_reason_stands() {
        let script = Script::default()
            .refused("first")
            .then(200, r#"{"detectorIds": []}"#)
            .refused("second");
        let fault = create(&script.client(), &settings(&[])).await.unwrap_err();
        assert_eq!(fault.message, "first");
    }

    #[tokio::test]
    async fn a_detector_that_could_not_be_finished_is_named() {
        let script = Script::default()
            .refused("first")
            .then(200, r#"{"detectorIds": []}"#)
            .then(200, format!(r#"{{"detectorId": "{ID}"}}"#))
            .then(200, listing(&["S3_DATA_EVENTS"]))
            .refused("third")
            .then(200, listing(&["S3_DATA_EVENTS"]));
        let fault = create(&script.client(), &settings(&[])).await.unwrap_err();
        assert!(
            fault
                .message
                .starts_with(&format!("third; detector {ID} is left suspended"))
        );
    }

    #[tokio::test]
    async fn an_update_leaves_out_what_the_region_does_not_list_and_tries_again() {
        let script = Script::default()
            .refused("no")
            .then(200, listing(&["S3_DATA_EVENTS"]))
            .then(200, "{}");
        let wanted = Settings {
            enabled: None,
            publish_findings_every: None,
            ..settings(&[(Feature::S3DataEvents, true), (Feature::AiAnalyst, true)])
        };
        assert_eq!(update(&script.client(), ID, &wanted).await, Ok(()));
        insta::assert_snapshot!(script.asked(), @r#"
        POST /detector/12abc34d567e8fa901bc2d34e56789f0 {"features":[{"name":"S3_DATA_EVENTS","status":"ENABLED"},{"name":"AI_ANALYST","status":"ENABLED"}]}
        GET /detector/12abc34d567e8fa901bc2d34e56789f0
        POST /detector/12abc34d567e8fa901bc2d34e56789f0 {"features":[{"name":"S3_DATA_EVENTS","status":"ENABLED"}]}
        "#);
    }

    #[tokio::test]
    async fn the_older_runtime_monitoring_is_switched_off_behind_a_new_detector_with_the_newer_one() {
        // "Any feature that is not specified in the API call gets enabled by default, with an exception to
        // RUNTIME_MONITORING" (GuardDuty API reference, CreateDetector), and one request cannot name both.
        let created = || Script::default().then(200, format!(r#"{{"detectorId": "{ID}"}}"#));
        let wanted = settings(&[(Feature::RuntimeMonitoring, true)]);
        let script = created().then(200, "{}");
        assert_eq!(create(&script.client(), &wanted).await, Ok(()));
        let asked = script.asked();
        insta::assert_snapshot!(asked.lines().last().unwrap(), @r#"POST /detector/12abc34d567e8fa901bc2d34e56789f0 {"features":[{"name":"EKS_RUNTIME_MONITORING","status":"DISABLED","additionalConfiguration":[{"name":"EKS_ADDON_MANAGEMENT","status":"DISABLED"}]}]}"#);

        // Where there is no older one, it is as off as it can be.
        let script = created()
            .refused("no")
            .then(200, listing(&["RUNTIME_MONITORING"]));
        assert_eq!(create(&script.client(), &wanted).await, Ok(()));
        assert_eq!(script.asked().lines().count(), 3);
    }

    #[tokio::test]
    async fn an_update_of_nothing_but_what_is_not_listed_fails() {
        let script = Script::default()
            .refused("no")
            .then(200, listing(&["S3_DATA_EVENTS"]));
        let wanted = Settings {
            features: Features::from([(Feature::AiAnalyst, true)]),
            ..Settings::default()
        };
        let fault = update(&script.client(), ID, &wanted).await.unwrap_err();
        assert_eq!(fault.message, "no");
    }
}
