use serde_json::{Value, json};

use super::super::{Account, Answer, Call, World};

const DAY: i64 = 1_779_148_800; // 2026-05-19

fn ask(account: &mut Account, operation: &str, mut input: Value) -> Answer {
    if !operation.contains("Tag") && input["AccountId"].is_null() {
        input["AccountId"] = "123456789012".into();
    }
    let call = Call {
        service: "budgets",
        region: "us-east-1".to_owned(),
        operation: operation.to_owned(),
        input,
        now: DAY,
    };
    super::handle(account, &call)
}

fn code(answer: Answer) -> String {
    answer.unwrap_err().code
}

fn budget(name: &str) -> Value {
    json!({
        "BudgetName": name,
        "BudgetLimit": {"Amount": "100", "Unit": "USD"},
        "TimeUnit": "MONTHLY",
        "BudgetType": "COST",
    })
}

fn notification(threshold: f64) -> Value {
    json!({"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": threshold})
}

fn mail(name: &str) -> Value {
    json!({"SubscriptionType": "EMAIL", "Address": format!("{name}@example.com")})
}

fn topic(name: &str) -> Value {
    json!({"SubscriptionType": "SNS", "Address": format!("arn:aws:sns:us-east-1:123456789012:{name}")})
}

fn with(name: &str) -> Account {
    let mut account = Account::new(&World::default());
    ask(&mut account, "CreateBudget", json!({"Budget": budget(name)})).unwrap();
    account
}

#[test]
fn a_budget_is_told_with_what_aws_adds() {
    let mut account = with("monthly");
    let told = ask(&mut account, "DescribeBudget", json!({"BudgetName": "monthly"})).unwrap();
    let told = &told["Budget"];
    assert_eq!(told["BudgetLimit"], json!({"Amount": "100.0", "Unit": "USD"}));
    // The first of May 2026 to the fifteenth of June 2087.
    assert_eq!(
        told["TimePeriod"],
        json!({"Start": 1_777_593_600.0, "End": 3_706_473_600.0})
    );
    assert_eq!(told["CostTypes"]["IncludeCredit"], true);
    assert_eq!(told["CostTypes"]["UseBlended"], false);
    assert_eq!(told["CostTypes"].as_object().unwrap().len(), 11);
    assert_eq!(told["CalculatedSpend"]["ActualSpend"]["Amount"], "0.0");
}

#[test]
fn an_update_replaces_the_whole_and_leaves_the_notifications() {
    let mut account = Account::new(&World::default());
    let mut first = budget("monthly");
    first["CostTypes"] = json!({"IncludeCredit": false});
    first["CostFilters"] = json!({"Region": ["eu-west-1"]});
    let told = json!([{"Notification": notification(80.0), "Subscribers": [mail("a")]}]);
    ask(
        &mut account,
        "CreateBudget",
        json!({"Budget": first, "NotificationsWithSubscribers": told}),
    )
    .unwrap();
    account.budgets.budgets.get_mut("monthly").unwrap().spent = "12.5".to_owned();
    ask(
        &mut account,
        "UpdateBudget",
        json!({"NewBudget": budget("monthly")}),
    )
    .unwrap();
    let kept = &account.budgets.budgets["monthly"];
    let told = kept.output(false, DAY);
    assert_eq!(told["CostTypes"]["IncludeCredit"], true);
    assert_eq!(told["CostFilters"], json!({}));
    assert_eq!(told["CalculatedSpend"]["ActualSpend"]["Amount"], "0.0");
    assert_eq!(kept.notifications.len(), 1);
    assert_eq!(
        code(ask(
            &mut account,
            "UpdateBudget",
            json!({"NewBudget": budget("other")})
        )),
        "NotFoundException"
    );
}

#[test]
fn what_aws_refuses_is_refused() {
    let mut account = with("monthly");
    let mut create = |change: &dyn Fn(&mut Value)| {
        let mut wanted = budget("new");
        change(&mut wanted);
        code(ask(&mut account, "CreateBudget", json!({"Budget": wanted})))
    };
    let invalid = "InvalidParameterException";
    assert_eq!(
        create(&|b| b["BudgetName"] = "monthly".into()),
        "DuplicateRecordException"
    );
    assert_eq!(create(&|b| b["BudgetName"] = "a:b".into()), invalid);
    assert_eq!(create(&|b| b["BudgetName"] = "a/action/b".into()), invalid);
    assert_eq!(create(&|b| b["BudgetName"] = "x".repeat(101).into()), invalid);
    assert_eq!(create(&|b| b["BudgetLimit"]["Amount"] = "-1".into()), invalid);
    assert_eq!(create(&|b| b["BudgetLimit"]["Amount"] = 1.into()), invalid);
    assert_eq!(create(&|b| b["BudgetLimit"]["Unit"] = "EUR".into()), invalid);
    assert_eq!(create(&|b| b["BudgetLimit"] = Value::Null), invalid);
    assert_eq!(create(&|b| b["TimeUnit"] = "WEEKLY".into()), invalid);
    assert_eq!(create(&|b| b["Colour"] = "red".into()), invalid);
    assert_eq!(create(&|b| b["CostTypes"] = json!({"IncludeFun": true})), invalid);
    assert_eq!(
        create(&|b| {
            b["CostTypes"] = json!({"IncludeTax": true});
            b["Metrics"] = json!(["UnblendedCost"]);
        }),
        invalid
    );
    assert_eq!(
        code(ask(
            &mut account,
            "DescribeBudgets",
            json!({"AccountId": "999988887777"})
        )),
        "AccessDeniedException"
    );
    assert_eq!(
        code(ask(&mut account, "DescribeBudget", json!({"BudgetName": "none"}))),
        "NotFoundException"
    );
}

#[test]
fn no_single_day_is_forecasted() {
    let mut account = Account::new(&World::default());
    let mut daily = budget("daily");
    daily["TimeUnit"] = "DAILY".into();
    let mut forecast = notification(80.0);
    forecast["NotificationType"] = "FORECASTED".into();
    let with = |budget: &Value, notification: &Value| {
        json!({"Budget": budget, "NotificationsWithSubscribers": [
            {"Notification": notification, "Subscribers": [mail("a")]}]})
    };
    let mut does = |operation: &str, input: Value| ask(&mut account, operation, input);
    let invalid = "InvalidParameterException";
    assert_eq!(code(does("CreateBudget", with(&daily, &forecast))), invalid);
    does("CreateBudget", with(&daily, &notification(80.0))).unwrap();
    let named = json!({"BudgetName": "daily", "Notification": forecast, "Subscribers": [mail("a")]});
    assert_eq!(code(does("CreateNotification", named)), invalid);
    let moved =
        json!({"BudgetName": "daily", "OldNotification": notification(80.0), "NewNotification": forecast});
    assert_eq!(code(does("UpdateNotification", moved)), invalid);
    does("CreateBudget", with(&budget("monthly"), &forecast)).unwrap();
    let mut becomes = budget("monthly");
    becomes["TimeUnit"] = "DAILY".into();
    assert_eq!(code(does("UpdateBudget", json!({"NewBudget": becomes}))), invalid);
}

#[test]
fn a_planned_budget_answers_the_limit_of_the_running_period() {
    let mut account = Account::new(&World::default());
    let mut planned = budget("planned");
    planned["BudgetLimit"] = Value::Null;
    // The first of May and the first of June 2026.
    planned["PlannedBudgetLimits"] = json!({
        "1777593600": {"Amount": "10", "Unit": "USD"},
        "1780272000": {"Amount": "20", "Unit": "USD"},
    });
    ask(&mut account, "CreateBudget", json!({"Budget": planned})).unwrap();
    let told = ask(&mut account, "DescribeBudget", json!({"BudgetName": "planned"})).unwrap();
    assert_eq!(told["Budget"]["BudgetLimit"]["Amount"], "10.0");
    assert_eq!(
        told["Budget"]["PlannedBudgetLimits"].as_object().unwrap().len(),
        2
    );
}

#[test]
fn there_are_ten_notifications_each_with_a_topic_and_ten_addresses() {
    let mut account = with("monthly");
    let made = |threshold: f64, subscribers: Vec<Value>| json!({"BudgetName": "monthly", "Notification": notification(threshold), "Subscribers": subscribers});
    let mut full: Vec<Value> = (0..10).map(|n| mail(&format!("m{n}"))).collect();
    full.push(topic("t"));
    ask(&mut account, "CreateNotification", made(1.0, full)).unwrap();
    for subscriber in [mail("m10"), topic("u")] {
        let input =
            json!({"BudgetName": "monthly", "Notification": notification(1.0), "Subscriber": subscriber});
        assert_eq!(
            code(ask(&mut account, "CreateSubscriber", input)),
            "CreationLimitExceededException"
        );
    }
    let named = json!({"BudgetName": "monthly", "Notification": notification(1.0)});
    let told = ask(&mut account, "DescribeSubscribersForNotification", named).unwrap();
    assert_eq!(told["Subscribers"].as_array().unwrap().len(), 11);
    assert_eq!(
        code(ask(&mut account, "CreateNotification", made(2.0, vec![]))),
        "InvalidParameterException"
    );
    for threshold in 2..=10 {
        ask(
            &mut account,
            "CreateNotification",
            made(f64::from(threshold), vec![mail("a")]),
        )
        .unwrap();
    }
    // Whether the threshold's type is written or not, it is the same notification.
    let mut same = made(2.0, vec![mail("b")]);
    same["Notification"]["ThresholdType"] = "PERCENTAGE".into();
    assert_eq!(
        code(ask(&mut account, "CreateNotification", same)),
        "DuplicateRecordException"
    );
    assert_eq!(
        code(ask(
            &mut account,
            "CreateNotification",
            made(11.0, vec![mail("a")])
        )),
        "CreationLimitExceededException"
    );
}

#[test]
fn notifications_and_subscribers_change_one_by_one() {
    let mut account = with("monthly");
    let named = |more: Value| {
        let mut input = json!({"BudgetName": "monthly", "Notification": notification(80.0)});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        input
    };
    let mut does = |operation: &str, input: Value| ask(&mut account, operation, input);
    does("CreateNotification", named(json!({"Subscribers": [mail("a")]}))).unwrap();
    let told = does("DescribeNotificationsForBudget", named(json!({}))).unwrap();
    assert_eq!(told["Notifications"][0]["ThresholdType"], Value::Null);
    does(
        "UpdateSubscriber",
        named(json!({"OldSubscriber": mail("a"), "NewSubscriber": mail("b")})),
    )
    .unwrap();
    assert_eq!(
        code(does("DeleteSubscriber", named(json!({"Subscriber": mail("a")})))),
        "NotFoundException"
    );
    does(
        "UpdateNotification",
        named(json!({"OldNotification": notification(80.0), "NewNotification": notification(90.0)})),
    )
    .unwrap();
    assert_eq!(
        code(does("DeleteNotification", named(json!({})))),
        "NotFoundException"
    );
    let moved = |more: Value| {
        let mut input = named(more);
        input["Notification"] = notification(90.0);
        input
    };
    assert_eq!(
        does("DescribeBudgetNotificationsForAccount", json!({})).unwrap()["BudgetNotificationsForAccount"][0]
            ["Notifications"][0]["Threshold"],
        90.0
    );
    // The last subscriber takes the notification with it.
    does("DeleteSubscriber", moved(json!({"Subscriber": mail("b")}))).unwrap();
    assert_eq!(
        does("DescribeNotificationsForBudget", named(json!({}))).unwrap()["Notifications"],
        json!([])
    );
    does("DeleteBudget", json!({"BudgetName": "monthly"})).unwrap();
    assert_eq!(
        code(does("DeleteBudget", json!({"BudgetName": "monthly"}))),
        "NotFoundException"
    );
}

#[test]
fn lists_come_in_pages() {
    let mut account = with("a");
    for name in ["b", "c"] {
        ask(&mut account, "CreateBudget", json!({"Budget": budget(name)})).unwrap();
    }
    let first = ask(&mut account, "DescribeBudgets", json!({"MaxResults": 2})).unwrap();
    assert_eq!(first["Budgets"].as_array().unwrap().len(), 2);
    let next = json!({"MaxResults": 2, "NextToken": first["NextToken"]});
    let second = ask(&mut account, "DescribeBudgets", next).unwrap();
    assert_eq!(second["Budgets"][0]["BudgetName"], "c");
    assert_eq!(second["NextToken"], Value::Null);
    assert_eq!(
        code(ask(&mut account, "DescribeBudgets", json!({"NextToken": "x"}))),
        "InvalidNextTokenException"
    );
    assert_eq!(
        code(ask(&mut account, "DescribeBudgets", json!({"MaxResults": 0}))),
        "InvalidParameterException"
    );
}

#[test]
fn the_filter_expression_is_shown_where_it_is_asked_for() {
    let mut account = Account::new(&World::default());
    let mut wanted = budget("newer");
    wanted["Metrics"] = json!(["UnblendedCost"]);
    wanted["FilterExpression"] = json!({"Dimensions": {"Key": "REGION", "Values": ["eu-west-1"]}});
    ask(&mut account, "CreateBudget", json!({"Budget": wanted})).unwrap();
    let told = ask(&mut account, "DescribeBudgets", json!({})).unwrap();
    assert_eq!(told["Budgets"][0]["Metrics"], Value::Null);
    let told = ask(
        &mut account,
        "DescribeBudgets",
        json!({"ShowFilterExpression": true}),
    )
    .unwrap();
    assert_eq!(told["Budgets"][0]["FilterExpression"], wanted["FilterExpression"]);
    assert_eq!(told["Budgets"][0]["CostTypes"], Value::Null);
}

#[test]
fn tags_are_put_and_taken_one_by_one() {
    let mut account = with("monthly");
    let arn = "arn:aws:budgets::123456789012:budget/monthly";
    let mut does = |operation: &str, input: Value| ask(&mut account, operation, input);
    let tags = json!([{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]);
    does("TagResource", json!({"ResourceARN": arn, "ResourceTags": tags})).unwrap();
    does(
        "UntagResource",
        json!({"ResourceARN": arn, "ResourceTagKeys": ["a"]}),
    )
    .unwrap();
    assert_eq!(
        does("ListTagsForResource", json!({"ResourceARN": arn})).unwrap(),
        json!({"ResourceTags": [{"Key": "b", "Value": "2"}]})
    );
    assert_eq!(
        code(does(
            "ListTagsForResource",
            json!({"ResourceARN": "arn:aws:budgets::123456789012:budget/none"})
        )),
        "NotFoundException"
    );
}

#[test]
fn a_world_says_why_the_service_refuses() {
    for (word, said) in [
        ("payer_not_enabled", "is a linked account. To enable budgets"),
        (
            "no_iam_access",
            "is not authorized to perform: budgets:ViewBudget",
        ),
    ] {
        let world: World = format!("budgets_refusal = \"{word}\"").parse().unwrap();
        let mut account = Account::new(&world);
        let error = ask(&mut account, "DescribeBudgets", json!({})).unwrap_err();
        assert_eq!(error.code, "AccessDeniedException");
        assert!(error.message.contains(said), "{}", error.message);
    }
}
