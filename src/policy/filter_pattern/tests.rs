//! Patterns read, compared and held against events.

use super::*;

fn json(text: &str) -> Expr {
    match Pattern::parse(text).unwrap() {
        Pattern::Json(expr) => expr,
        other => panic!("{text} is {other:?}"),
    }
}

fn has(pattern: &str, event: &str) -> bool {
    Pattern::parse(pattern).unwrap().matches(event)
}

#[test]
fn quotes_spaces_order_and_needless_parentheses_mean_nothing() {
    assert_eq!(
        json("{($.eventName=CreateVpc) || ($.eventName=DeleteVpc)}"),
        json(r#"{ $.eventName = "DeleteVpc" || (($.eventName = "CreateVpc")) || $.eventName=CreateVpc }"#)
    );
    assert_ne!(json("{$.a = b && $.c = d}"), json("{$.a = b || $.c = d}"));
    assert_ne!(json("{$.a = b}"), json("{$.a != b}"));
    assert_ne!(json("{$.a NOT EXISTS}"), json("{$.a EXISTS}"));
}

#[test]
fn and_binds_tighter_than_or() {
    let pattern = "{ $.a = 1 || $.b = 1 && $.c = 1 }";
    assert!(has(pattern, r#"{"a": 1}"#));
    assert!(has(pattern, r#"{"b": 1, "c": 1}"#));
    assert!(!has(pattern, r#"{"b": 1}"#));
    assert!(!has("{ ($.a = 1 || $.b = 1) && $.c = 1 }", r#"{"a": 1}"#));
}

#[test]
fn what_an_event_lacks_compares_as_true_with_nothing() {
    assert!(!has("{ $.a != b }", "{}"));
    assert!(has("{ $.a != b }", r#"{"a": "c"}"#));
    assert!(has("{ $.a NOT EXISTS }", "{}"));
    assert!(has("{ $.a.b EXISTS }", r#"{"a": {"b": null}}"#));
    assert!(has("{ $.a IS NULL && $.b IS TRUE }", r#"{"a": null, "b": true}"#));
    assert!(!has("{ $.a = b }", "no JSON"));
}

#[test]
fn stars_numbers_and_indexes() {
    assert!(has("{ $.a = *.com }", r#"{"a": "kms.amazonaws.com"}"#));
    assert!(has(
        r#"{ $.a = "* is * deletion." }"#,
        r#"{"a": "x is pending deletion."}"#
    ));
    assert!(!has("{ $.a = kms* }", r#"{"a": "s3"}"#));
    assert!(!has("{ $.a = ab*ba }", r#"{"a": "aba"}"#));
    assert!(has("{ $.a[1].b >= 2 }", r#"{"a": [0, {"b": 2.5}]}"#));
    assert!(!has("{ $.a < 2 }", r#"{"a": "x"}"#));
}

#[test]
fn words_are_in_it_or_are_not() {
    assert!(has("", "anything"));
    assert!(has(r#"ERROR "disk full" -debug"#, "ERROR: disk full"));
    assert!(!has("ERROR -debug", "ERROR in debug"));
    assert!(has("?a ?b", "xbx"));
    assert_eq!(Pattern::parse("[ip, user]"), Ok(Pattern::Columns));
}

#[test]
fn what_is_no_pattern_is_told_with_its_place() {
    let why = |text: &str| Pattern::parse(text).unwrap_err().to_string();
    assert_eq!(why("{ $.a = }"), "expected a value after 8 bytes");
    assert_eq!(why("{ ($.a = b }"), "expected ) after 11 bytes");
    assert_eq!(why("{ $.a = b"), "expected &&, || or } after 9 bytes");
    assert_eq!(why("{ a = b }"), "expected a field ($.…) after 2 bytes");
    assert_eq!(
        why("{ $.a b }"),
        "expected =, !=, <, >, EXISTS, NOT EXISTS or IS after 6 bytes"
    );
    assert_eq!(why("{ $.a = \"b }"), "expected \" after 12 bytes");
    assert_eq!(why("{ $.a = b } c"), "expected nothing more after 12 bytes");
    assert!(Pattern::parse(&format!("{{{}", "(".repeat(1000))).is_err());
}
