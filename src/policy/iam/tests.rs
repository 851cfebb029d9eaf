use proptest::prelude::*;

use super::*;

fn policy(statement: Value) -> Policy {
    json!({"Version": "2012-10-17", "Statement": statement})
        .to_string()
        .parse()
        .unwrap()
}

fn statement(elements: Value) -> Statement {
    serde_json::from_value(elements).unwrap()
}

fn publish(sid: &str, service: &str) -> Statement {
    Statement::allow()
        .named(sid)
        .principal("Service", service)
        .action("sns:Publish")
        .resource("arn:aws:sns:us-east-1:111122223333:alerts")
        .condition("StringEquals", "aws:SourceAccount", "111122223333")
}

#[test]
fn what_is_built_is_the_document_that_one_would_write() {
    let built = Policy::of([
        publish("CloudWatch", "cloudwatch.amazonaws.com").principal("Service", "budgets.amazonaws.com")
    ]);
    assert_eq!(
        built.to_string(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Sid":"CloudWatch","Principal":{"Service":["cloudwatch.amazonaws.com","budgets.amazonaws.com"]},"Action":"sns:Publish","Resource":"arn:aws:sns:us-east-1:111122223333:alerts","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}}]}"#
    );
}

#[test]
fn other_words_mean_the_same() {
    for (one, other) in [
        // One value or a list, in any order, even twice.
        (
            json!({"Action": "sns:Publish", "Resource": "*"}),
            json!({"Action": ["sns:Publish"], "Resource": ["*", "*"]}),
        ),
        (
            json!({"Action": ["a:B", "c:D"]}),
            json!({"Action": ["c:D", "a:B"]}),
        ),
        // Actions have no case, and names of statements no meaning.
        (
            json!({"Sid": "A", "Action": "SNS:publish"}),
            json!({"Sid": "B", "Action": "sns:Publish"}),
        ),
        (
            json!({"NotAction": "SNS:publish"}),
            json!({"NotAction": ["sns:Publish"]}),
        ),
        // Anybody.
        (json!({"Principal": "*"}), json!({"Principal": {"AWS": ["*"]}})),
        (
            json!({"NotPrincipal": "*"}),
            json!({"NotPrincipal": {"AWS": "*"}}),
        ),
        // An account, in each partition.
        (
            json!({"Principal": {"AWS": "111122223333"}}),
            json!({"Principal": {"AWS": "arn:aws:iam::111122223333:root"}}),
        ),
        (
            json!({"Principal": {"AWS": ["111122223333", "arn:aws:iam::111122223333:user/a"]}}),
            json!({"Principal": {"AWS": ["arn:aws:iam::111122223333:user/a", "arn:aws-cn:iam::111122223333:root"]}}),
        ),
        // Conditions: scalars are texts, the case of keys does not matter, nor that of a truth.
        (
            json!({"Condition": {"Bool": {"aws:MultiFactorAuthPresent": true}}}),
            json!({"Condition": {"Bool": {"AWS:multifactorauthpresent": ["true"]}}}),
        ),
        (
            json!({"Condition": {"BoolIfExists": {"k": "True"}}}),
            json!({"Condition": {"BoolIfExists": {"k": "true"}}}),
        ),
        (
            json!({"Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": 3600}}}),
            json!({"Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}}),
        ),
        (
            json!({"Action": "a:B", "Condition": {}}),
            json!({"Action": "a:B"}),
        ),
    ] {
        assert_eq!(statement(one.clone()), statement(other.clone()), "{one} {other}");
        assert_eq!(policy(one.clone()), policy(json!([other])), "{one}");
    }
    let several = json!([{"Action": "a:B"}, {"Action": "c:D"}]);
    assert_eq!(
        policy(several),
        policy(json!([{"Action": "c:D"}, {"Action": "a:B"}, {"Action": "A:b"}]))
    );
    // The version that holds without one, and the document's own name.
    let old: Policy = r#"{"Id": "x", "Statement": []}"#.parse().unwrap();
    assert_eq!(
        old,
        r#"{"Version": "2008-10-17", "Statement": []}"#.parse().unwrap()
    );
}

#[test]
fn other_meanings_differ() {
    for (one, other) in [
        (json!({"Effect": "Allow"}), json!({"Effect": "Deny"})),
        (json!({"Action": "a:B"}), json!({"NotAction": "a:B"})),
        (json!({"Action": "a:B"}), json!({"Action": ["a:B", "a:C"]})),
        // A resource's name has a case, and so have a user's name and a condition's value.
        (
            json!({"Resource": "arn:aws:s3:::A"}),
            json!({"Resource": "arn:aws:s3:::a"}),
        ),
        (
            json!({"Principal": {"AWS": "arn:aws:iam::111122223333:user/A"}}),
            json!({"Principal": {"AWS": "arn:aws:iam::111122223333:user/a"}}),
        ),
        (
            json!({"Condition": {"StringEquals": {"k": "A"}}}),
            json!({"Condition": {"StringEquals": {"k": "a"}}}),
        ),
        // A user named root is not the root user.
        (
            json!({"Principal": {"AWS": "111122223333"}}),
            json!({"Principal": {"AWS": "arn:aws:iam::111122223333:user/root"}}),
        ),
        // A service named like an account is not the account.
        (json!({"Principal": {"Service": "*"}}), json!({"Principal": "*"})),
        // No value matches nothing; no condition matches all.
        (
            json!({"Action": "a:B", "Condition": {"StringEquals": {"k": []}}}),
            json!({"Action": "a:B"}),
        ),
        (
            json!({"Condition": {"Bool": {"k": true}}}),
            json!({"Condition": {"BoolIfExists": {"k": true}}}),
        ),
        (
            json!({"Condition": {"Bool": {"k": true}}}),
            json!({"Condition": {"Bool": {"k": false}}}),
        ),
    ] {
        assert_ne!(statement(one.clone()), statement(other.clone()), "{one} {other}");
    }
    assert_ne!(policy(json!([])), policy(json!([{"Action": "a:B"}])));
    assert_ne!(
        policy(json!([])),
        r#"{"Version": "2008-10-17", "Statement": []}"#.parse().unwrap()
    );
}

#[test]
fn a_document_of_iam_is_decoded_and_its_plus_signs_stay() {
    let text = "%7B%22Statement%22%3A%7B%22Sid%22%3A%22a%2Bb+c%22%2C%22Resource%22%3A%22100%25%22%7D%7D";
    let read = Policy::from_encoded(text).unwrap();
    assert_eq!(read.statements()[0].sid(), Some("a+b+c"));
    assert_eq!(
        read,
        Policy::from_encoded(&read.to_string().replace('%', "%25")).unwrap()
    );
    assert!(Policy::from_encoded("%ff").is_err());
}

#[test]
fn what_is_no_policy_is_refused() {
    for text in [
        "",
        "[]",
        "{}",
        "\"x\"",
        r#"{"Statement": "x"}"#,
        r#"{"Statement": [1]}"#,
    ] {
        assert!(text.parse::<Policy>().is_err(), "{text}");
    }
}

#[test]
fn merging_replaces_by_name_where_it_stands_and_adds_at_the_end() {
    let foreign = json!({"Sid": "theirs", "Effect": "Allow", "Principal": "*", "Action": "sns:Publish"});
    let live = policy(json!([
        {"Sid": "Budgets", "Effect": "Allow", "Principal": {"Service": "old"}, "Action": "sns:Publish"},
        foreign,
        {"Effect": "Deny", "Principal": "*", "Action": "sns:Publish"},
    ]));
    let wanted = [publish("CloudWatch", "cloudwatch"), publish("Budgets", "budgets")];
    let merged = live.merged(&wanted).unwrap();
    let sids: Vec<_> = merged.statements().iter().map(Statement::sid).collect();
    assert_eq!(sids, [Some("Budgets"), Some("theirs"), None, Some("CloudWatch")]);
    assert_eq!(merged.statements()[0], wanted[1]);
    assert_eq!(json!(merged.statements()[1]), foreign);
    assert_eq!(merged.merged(&wanted), None);
}

#[test]
fn what_is_there_under_another_name_is_not_said_twice() {
    let wanted = [publish("CloudWatch", "cloudwatch")];
    let live = Policy::of([publish("by_hand", "cloudwatch")]);
    assert_eq!(live.merged(&wanted), None);
    // But a name that is taken has to mean what is wanted.
    let live = Policy::of([
        publish("by_hand", "cloudwatch"),
        publish("CloudWatch", "else"),
        publish("CloudWatch", "cloudwatch"),
    ]);
    let merged = live.merged(&wanted).unwrap();
    let sids: Vec<_> = merged.statements().iter().map(Statement::sid).collect();
    assert_eq!(sids, [Some("by_hand"), Some("CloudWatch")]);
}

#[test]
fn statements_are_taken_out_by_name() {
    let live = Policy::of([
        publish("a", "x"),
        publish("b", "x"),
        Statement::deny().action("c:D"),
    ]);
    let rest = live.without(&["a", "none"]).unwrap();
    assert_eq!(
        rest.statements().iter().map(Statement::sid).collect::<Vec<_>>(),
        [Some("b"), None]
    );
    assert_eq!(rest.without(&["a", ""]), None);
}

#[test]
fn deleted_principals_are_left_out_and_the_meaning_stays() {
    let deleted = "AIDAJQABLZS4A3QDU576Q";
    let before = policy(json!([
        {"Sid": "gone", "Effect": "Allow", "Principal": {"AWS": deleted}, "Action": "a:B"},
        {"Sid": "one", "Effect": "Allow", "Principal": {"AWS": [deleted, "111122223333"]}, "Action": "a:B"},
        {"Sid": "service", "Effect": "Allow", "Principal": {"AWS": [deleted], "Service": "s.amazonaws.com"}},
        {"Sid": "all", "Effect": "Deny", "NotPrincipal": {"AWS": deleted}, "Action": "a:B"},
        {"Sid": "empty", "Effect": "Deny", "Principal": {"AWS": []}, "Action": "a:B"},
        {"Sid": "theirs", "Effect": "Allow", "Principal": "*", "Action": "a:B"},
    ]));
    assert_eq!(
        json!(before.without_deleted_principals())["Statement"],
        json!([
            {"Sid": "one", "Effect": "Allow", "Principal": {"AWS": ["111122223333"]}, "Action": "a:B"},
            {"Sid": "service", "Effect": "Allow", "Principal": {"Service": "s.amazonaws.com"}},
            {"Sid": "all", "Effect": "Deny", "Principal": "*", "Action": "a:B"},
            {"Sid": "empty", "Effect": "Deny", "Principal": {"AWS": []}, "Action": "a:B"},
            {"Sid": "theirs", "Effect": "Allow", "Principal": "*", "Action": "a:B"},
        ])
    );
}

/// Statements as people write them, and the same said in other words.
fn reworded() -> impl Strategy<Value = (Value, Value)> {
    let words = || prop::collection::vec("[a-z]{1,3}:[A-Z][a-z]{0,3}", 1..4);
    let accounts = prop::collection::vec("[0-9]{12}", 1..3);
    (words(), words(), accounts, any::<bool>(), any::<bool>()).prop_map(
        |(actions, resources, accounts, truth, upper)| {
            let one = json!({
                "Sid": "A", "Effect": "Allow", "Action": actions, "Resource": resources,
                "Principal": {"AWS": accounts}, "Condition": {"Bool": {"aws:SecureTransport": truth}},
            });
            let backwards = |list: &[String]| match list {
                [one] => json!(one),
                _ => json!(list.iter().rev().collect::<Vec<_>>()),
            };
            let cased: Vec<String> = actions
                .iter()
                .map(|a| if upper { a.to_uppercase() } else { a.to_lowercase() })
                .collect();
            let roots: Vec<String> = accounts
                .iter()
                .map(|a| format!("arn:aws:iam::{a}:root"))
                .collect();
            let other = json!({
                "Condition": {"Bool": {"AWS:SECURETRANSPORT": [truth.to_string()]}},
                "Principal": {"AWS": backwards(&roots)}, "Resource": backwards(&resources),
                "Action": backwards(&cased), "Effect": "Allow",
            });
            (one, other)
        },
    )
}

proptest! {
    #[test]
    fn any_statement_equals_itself_in_other_words((one, other) in reworded()) {
        prop_assert_eq!(statement(one.clone()), statement(other.clone()));
        // And no longer once it also says something else.
        let more = statement(other).action("zzzz:More");
        prop_assert_ne!(statement(one), more);
    }

    #[test]
    fn merging_twice_is_merging_once_and_others_stay(
        live in prop::collection::vec((reworded(), "[ABX]?"), 0..5),
        wanted in prop::collection::vec(reworded(), 2..3),
    ) {
        let live = Policy::of(live.into_iter().map(|((one, _), sid)| statement(one).named(&sid)));
        let wanted: Vec<Statement> = wanted.into_iter().zip(["A", "B"])
            .map(|((one, _), sid)| statement(one).named(sid)).collect();
        let merged = live.merged(&wanted).unwrap_or_else(|| live.clone());
        prop_assert_eq!(merged.merged(&wanted), None);
        for want in &wanted {
            prop_assert!(merged.statements().contains(want));
        }
        let foreign = |policy: &Policy| -> Vec<Value> {
            policy.statements().iter().filter(|s| !matches!(s.sid(), Some("A" | "B"))).map(|s| json!(s)).collect()
        };
        prop_assert_eq!(foreign(&merged), foreign(&live));
        let rest = merged.without(&["A", "B"]).unwrap_or_else(|| merged.clone());
        prop_assert_eq!(foreign(&rest), foreign(&live));
        prop_assert_eq!(rest.statements().len(), foreign(&live).len());
    }

    #[test]
    fn a_document_survives_its_text_and_iams_encoding((one, _) in reworded()) {
        let before = policy(one);
        let text = before.to_string();
        let encoded = percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC).to_string();
        prop_assert_eq!(&Policy::from_encoded(&encoded).unwrap().to_string(), &text);
        let value = serde_json::to_value(&before).unwrap();
        prop_assert_eq!(serde_json::from_value::<Policy>(value).unwrap(), before);
    }
}
