//! Budgets from the file to the account and back.

use serde_json::Value;

use crate::folder::Folder;
use crate::moto::Moto;

const MONTHLY: &str = r#"[budgets.monthly]
amount = "100"
unit = "USD"
period = "monthly"
include_credits = false
include_refunds = false
notifications = [
  { on = "actual", above_percent = 80, to = ["billing@example.com", "arn:aws:sns:us-east-1:123456789012:alerts"] },
  { on = "forecasted", above_amount = "120.50", to = ["billing@example.com"] },
]
"#;

const TAGS: &str = "[tags]\nmanaged-by = \"trueup\"\n";

/// Budgets that were made by hand: one under the wanted name with other settings, one of another kind and one
/// that no file names.
const BY_HAND: &str = r#"
[[call]]
call = "budgets:CreateBudget"
[call.input]
AccountId = "123456789012"
ResourceTags = [{ Key = "team", Value = "web" }]
[call.input.Budget]
BudgetName = "monthly"
BudgetLimit = { Amount = "250", Unit = "USD" }
TimeUnit = "MONTHLY"
BudgetType = "COST"
CostTypes = { IncludeTax = false }
TimePeriod = { Start = 1764547200, End = 2000000000 }
[[call.input.NotificationsWithSubscribers]]
Notification = { NotificationType = "ACTUAL", ComparisonOperator = "GREATER_THAN", Threshold = 80 }
Subscribers = [
  { SubscriptionType = "EMAIL", Address = "Billing@Example.com" },
  { SubscriptionType = "EMAIL", Address = "gone@example.com" },
]
[[call.input.NotificationsWithSubscribers]]
Notification = { NotificationType = "ACTUAL", ComparisonOperator = "GREATER_THAN", Threshold = 200 }
Subscribers = [{ SubscriptionType = "EMAIL", Address = "billing@example.com" }]

[[call]]
call = "budgets:CreateBudget"
[call.input]
AccountId = "123456789012"
Budget = { BudgetName = "hours", BudgetLimit = { Amount = "7", Unit = "HRS" }, TimeUnit = "DAILY", BudgetType = "USAGE" }

[[call]]
call = "budgets:CreateBudget"
[call.input]
AccountId = "123456789012"
Budget = { BudgetName = "theirs", BudgetLimit = { Amount = "9", Unit = "USD" }, TimeUnit = "DAILY", BudgetType = "COST" }
"#;

/// Worlds and baselines that need every call of the control.
pub(crate) fn exercise() -> Vec<(&'static str, Vec<String>)> {
    let change = format!("{TAGS}{MONTHLY}").replace("\"100\"", "\"110\"");
    let moved = change.replace("120.50", "110");
    let elsewhere = moved.replace(":alerts\"", ":others\"");
    vec![(
        BY_HAND,
        vec![
            format!("{TAGS}{MONTHLY}"),
            change,
            moved,
            elsewhere,
            "[budgets.monthly]\nnotifications = []\n".to_owned(),
            "[budgets.monthly]\nstate = \"absent\"\n".to_owned(),
            format!("{TAGS}{MONTHLY}"),
        ],
    )]
}

impl Folder {
    fn budgets(&self) -> Value {
        self.account()["budgets"]["budgets"].clone()
    }

    /// The calls alone: budgets live in one place.
    #[track_caller]
    fn budgets_become(&self, baseline: &str, writes: &[&str]) {
        let writes: Vec<String> = writes
            .iter()
            .map(|operation| format!("us-east-1 budgets:{operation}"))
            .collect();
        let writes: Vec<&str> = writes.iter().map(String::as_str).collect();
        self.becomes(baseline, &writes);
    }

    #[track_caller]
    fn plans(&self, steps: &[&str]) {
        let planned = self.sandbox(&["plan", "b.toml", "--json"]).expect(0).stdout;
        let planned: Value = serde_json::from_str(&planned).unwrap();
        let titles: Vec<&str> = planned["steps"]
            .as_array()
            .unwrap_or_else(|| panic!("no steps in {planned}"))
            .iter()
            .map(|step| step["title"].as_str().unwrap_or_else(|| panic!("{step}")))
            .collect();
        assert_eq!(titles, steps);
    }
}

#[test]
fn a_new_budget_takes_one_call_and_is_exported_as_it_was_written() {
    let folder = Folder::new();
    folder.budgets_become(&format!("{TAGS}{MONTHLY}"), &["CreateBudget"]);
    let made = &folder.budgets()["monthly"];
    assert_eq!(made["tags"]["managed-by"], "trueup");
    assert_eq!(made["budget"]["BudgetLimit"]["Amount"], "100.0");
    assert_eq!(made["budget"]["CostTypes"]["IncludeCredit"], false);
    assert_eq!(made["budget"]["CostTypes"]["IncludeTax"], true);
    assert_eq!(made["notifications"].as_array().unwrap().len(), 2);
    let export = folder.sandbox(&["export", "--only", "budgets"]).expect(0);
    folder.write("b.toml", &export.says("[budgets.monthly]").stdout);
    folder.is_true();
}

#[test]
fn a_budget_that_exists_is_brought_into_line_and_keeps_the_rest() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    let before = folder.budgets();
    folder
        .write("b.toml", &format!("{TAGS}{MONTHLY}"))
        .apply()
        .expect(0);
    // What does not wait for another step comes in any order.
    let mut writes = folder.writes();
    writes.sort();
    assert_eq!(
        writes,
        [
            "us-east-1 budgets:CreateNotification",
            "us-east-1 budgets:CreateSubscriber",
            "us-east-1 budgets:TagResource",
            "us-east-1 budgets:UpdateBudget",
        ]
    );
    folder.is_true();
    let after = folder.budgets();
    for untouched in ["hours", "theirs"] {
        assert_eq!(after[untouched], before[untouched]);
    }
    let (before, after) = (&before["monthly"], &after["monthly"]);
    let mut expected = before["budget"].clone();
    expected["BudgetLimit"]["Amount"] = "100.0".into();
    expected["CostTypes"]["IncludeCredit"] = false.into();
    expected["CostTypes"]["IncludeRefund"] = false.into();
    assert_eq!(after["budget"], expected);
    assert_eq!(
        after["tags"],
        serde_json::json!({"team": "web", "managed-by": "trueup"})
    );
    // The address stays as it was written there, because it is the same one, and so do those that the file does not
    // name.
    for (nth, address) in [(0, "Billing@Example.com"), (1, "gone@example.com")] {
        assert_eq!(after["notifications"][0]["Subscribers"][nth]["Address"], address);
    }
    assert_eq!(after["notifications"][1], before["notifications"][1]);
}

#[test]
fn odd_forms_of_the_same_are_no_difference() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    folder.write(
        "b.toml",
        r#"[budgets.monthly]
        amount = 250.00
        include_refunds = true
        notifications = [
          { on = "actual", above_percent = "200.0", to = ["BILLING@EXAMPLE.COM"] },
          { on = "actual", above_percent = "80", to = ["GONE@example.com", "billing@example.com"] },
        ]
        [budgets.theirs]
        amount = "9.000"
        "#,
    );
    folder.is_true();
}

#[test]
fn what_no_table_can_say_is_left_out_of_the_export_and_never_overwritten() {
    let folder = Folder::new();
    folder.world(BY_HAND);
    let export = folder.sandbox(&["export", "--only", "budgets"]).expect(0).stdout;
    assert!(
        export.contains("[budgets.theirs]") && !export.contains("[budgets.hours]"),
        "{export}"
    );
    for comment in [
        "# Left out: the budget hours exists and is a USAGE budget",
        "# The budget monthly has IncludeTax = false",
        "# The budget monthly ends on 2033-05-18",
    ] {
        assert!(export.contains(comment), "no `{comment}` in {export}");
    }
    folder.write("b.toml", &export);
    folder.is_true();
    folder.write(
        "b.toml",
        "[budgets.hours]\namount = 7\nunit = \"USD\"\nperiod = \"daily\"\n",
    );
    folder.forget_exchanges();
    folder.apply().expect(3).says("is a USAGE budget");
    assert_eq!(folder.writes(), Vec::<String>::new());
}

#[test]
fn single_notifications_and_recipients_change_by_single_calls() {
    let folder = Folder::new();
    folder.budgets_become(MONTHLY, &["CreateBudget"]);
    let moved = MONTHLY.replace("above_percent = 80", "above_percent = 70");
    folder.budgets_become(&moved, &["UpdateNotification"]);
    // One that comes earlier does not differ.
    folder.budgets_become(MONTHLY, &[]);
    let other = moved.replace("\"billing@example.com\", \"arn", "\"cfo@example.com\", \"arn");
    folder.budgets_become(&other, &["CreateSubscriber"]);
    let other = other.replace(":alerts\"", ":others\"");
    folder.budgets_become(&other, &["UpdateSubscriber"]);
    let amount = other.replace("\"100\"", "\"100.5\"");
    folder.budgets_become(&amount, &["UpdateBudget"]);
    assert_eq!(
        folder.budgets()["monthly"]["notifications"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let silent = "[budgets.monthly]\nnotifications = []\n";
    folder.budgets_become(silent, &["DeleteNotification", "DeleteNotification"]);
}

#[test]
fn what_was_deleted_by_hand_is_all_that_comes_back() {
    let folder = Folder::new();
    folder.budgets_become(MONTHLY, &["CreateBudget"]);
    folder.alter(|account| {
        let budgets = &mut account["budgets"]["budgets"];
        budgets["monthly"]["notifications"]
            .as_array_mut()
            .unwrap()
            .remove(1);
    });
    folder.plans(&["add notification forecasted > 120.5 to budget `monthly`"]);
    folder.apply().expect(0);
    folder.alter(|account| {
        let budgets = &mut account["budgets"]["budgets"];
        let notification = &mut budgets["monthly"]["notifications"][0];
        notification["Subscribers"].as_array_mut().unwrap().remove(0);
    });
    folder.plans(&["add recipient billing@example.com to notification actual > 80% of budget `monthly`"]);
    folder.apply().expect(0);
    folder.alter(|account| {
        let budgets = &mut account["budgets"]["budgets"];
        budgets.as_object_mut().unwrap().remove("monthly");
    });
    folder.plans(&["create budget `monthly`"]);
    folder.apply().expect(0);
    folder.is_true();
}

#[test]
fn a_renamed_table_and_the_off_switch_need_consent() {
    let folder = Folder::new();
    folder.budgets_become(MONTHLY, &["CreateBudget"]);
    let renamed = MONTHLY.replace(
        "[budgets.monthly]",
        "[budgets.\"all costs\"]\npreviously = \"monthly\"",
    );
    folder.write("b.toml", &renamed);
    folder
        .sandbox(&["apply", "b.toml", "--auto-approve"])
        .expect(3)
        .says("--allow budgets");
    folder.forget_exchanges();
    folder.apply().expect(0);
    assert_eq!(folder.writes(), ["us-east-1 budgets:DeleteBudget"]);
    folder.is_true();
    folder.budgets_become("[budgets.\"all costs\"]\nstate = \"absent\"\n", &["DeleteBudget"]);
    assert_eq!(folder.budgets(), serde_json::json!({}));
}

#[test]
fn a_service_that_refuses_is_blocked_with_what_to_do() {
    for (world, said) in [
        ("payer_not_enabled", "open Budgets in the Billing console"),
        ("no_iam_access", "IAM user and role access to Billing information"),
    ] {
        let folder = Folder::new();
        folder.world(&format!("budgets_refusal = \"{world}\"\n"));
        folder.write("b.toml", MONTHLY);
        let plan = folder.sandbox(&["plan", "b.toml"]).expect(0).stdout;
        // The lines of a plan are wrapped.
        let plan = plan.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plan.contains(said) && plan.contains("blocked"), "{plan}");
        folder
            .sandbox(&["plan", "b.toml", "--fail-on", "blocked"])
            .expect(4);
    }
}

/// A budget of the monthly table's own settings, with more beside them.
fn monthly_with(name: &str, more: &str) -> String {
    format!(
        r#"
[[call]]
call = "budgets:CreateBudget"
[call.input]
AccountId = "123456789012"
[call.input.Budget]
BudgetName = "{name}"
TimeUnit = "MONTHLY"
BudgetType = "COST"
{more}
[[call.input.NotificationsWithSubscribers]]
Notification = {{ NotificationType = "ACTUAL", ComparisonOperator = "GREATER_THAN", Threshold = 80 }}
Subscribers = [{{ SubscriptionType = "EMAIL", Address = "a@example.com" }}]
"#
    )
}

const LIMIT: &str = "BudgetLimit = { Amount = \"100\", Unit = \"USD\" }\n";
const OTHER_TYPES: &str = "CostTypes = { IncludeCredit = false, IncludeRefund = false }\n";
const TO_A: &str = "[budgets.monthly]\namount = \"100\"\nunit = \"USD\"\nperiod = \"monthly\"\n\
                    include_credits = false\ninclude_refunds = false\n\
                    notifications = [{ on = \"actual\", above_percent = 80, to = [\"a@example.com\"] }]\n";

impl Folder {
    /// What a plan says, without its line breaks: the lines of a plan are wrapped.
    #[track_caller]
    fn says_of_budgets(&self, code: i32, all: &[&str]) {
        let plan = self
            .sandbox(&["plan", "b.toml", "--detailed-exitcode"])
            .expect(code)
            .stdout;
        let plan = plan.split_whitespace().collect::<Vec<_>>().join(" ");
        for said in all {
            assert!(plan.contains(said), "no `{said}` in {plan}");
        }
    }
}

#[test]
fn a_budget_of_the_name_that_counts_a_part_of_the_bill_is_not_the_wanted_one() {
    for (more, said) in [
        (
            format!(
                "{LIMIT}{OTHER_TYPES}CostFilters = {{ Service = [\"Amazon Simple Storage Service\"] }}\n"
            ),
            "counts a part of the bill only (Service)",
        ),
        (
            format!(
                "{LIMIT}Metrics = [\"UnblendedCost\"]\n\
                 FilterExpression = {{ Dimensions = {{ Key = \"REGION\", Values = [\"eu-west-1\"] }} }}\n"
            ),
            "counts a part of the bill only (FilterExpression)",
        ),
        (
            format!("{LIMIT}Metrics = [\"BlendedCost\"]\n"),
            "counts by a metric of its own (BlendedCost)",
        ),
        (
            format!(
                "{LIMIT}{OTHER_TYPES}BillingViewArn = \"arn:aws:billing::123456789012:billingview/custom-a\"\n"
            ),
            "counts a part of the bill only (the billing view arn:aws:billing::123456789012:billingview/custom-a)",
        ),
    ] {
        let folder = Folder::new();
        folder.world(&monthly_with("monthly", &more));
        folder.write("b.toml", TO_A);
        folder.says_of_budgets(2, &["monthly: the budget of this name", said, "blocked"]);
        folder.apply().expect(3);
        assert_eq!(folder.writes(), Vec::<String>::new());
        let export = folder.sandbox(&["export", "--only", "budgets"]).expect(0);
        export.says(&format!("# Left out: the budget monthly {said}"));
    }
    // AWS's own view of the whole bill narrows nothing.
    let folder = Folder::new();
    let primary = "BillingViewArn = \"arn:aws:billing::123456789012:billingview/primary\"\n";
    folder.world(&monthly_with(
        "monthly",
        &format!("{LIMIT}{OTHER_TYPES}{primary}"),
    ));
    folder.write("b.toml", TO_A).is_true();
}

#[test]
fn one_budget_that_is_refused_does_not_block_the_others() {
    let folder = Folder::new();
    let forecast = "AutoAdjustData = { AutoAdjustType = \"FORECAST\" }\n";
    folder.world(&monthly_with("auto", forecast));
    folder.write(
        "b.toml",
        "[budgets.auto]\namount = 10\n[budgets.other]\namount = 5\nunit = \"USD\"\nperiod = \"monthly\"\n\
         notifications = []\n",
    );
    folder.says_of_budgets(
        2,
        &[
            "auto: the budget adjusts its amount by itself",
            "create budget `other`",
        ],
    );
    folder.apply().expect(3);
    assert_eq!(folder.writes(), ["us-east-1 budgets:CreateBudget"]);
    folder.says_of_budgets(2, &["auto: the budget adjusts its amount by itself"]);
}

#[test]
fn an_amount_that_moves_stays_as_long_as_it_is_not_above_the_files() {
    let planned = "PlannedBudgetLimits = { \"1764547200\" = { Amount = \"90\", Unit = \"USD\" } }\n";
    let adjusts = "BudgetLimit = { Amount = \"90\", Unit = \"USD\" }\nAutoAdjustData = { AutoAdjustType = \"FORECAST\" }\n";
    for (more, said) in [
        (planned, "has planned amounts instead of one, now 90"),
        (adjusts, "adjusts its amount by itself, now 90"),
    ] {
        let folder = Folder::new();
        folder.world(&monthly_with("monthly", &format!("{more}{OTHER_TYPES}")));
        folder.write("b.toml", TO_A);
        folder.says_of_budgets(0, &[said]);
        // Another key is changed, and the amounts stay.
        let before = folder.budgets()["monthly"]["budget"].clone();
        folder.write(
            "b.toml",
            &TO_A.replace("include_refunds = false", "include_refunds = true"),
        );
        folder.apply().expect(0);
        let after = &folder.budgets()["monthly"]["budget"];
        for kept in ["PlannedBudgetLimits", "AutoAdjustData"] {
            assert_eq!(after[kept], before[kept]);
        }
        folder.write("b.toml", &TO_A.replace("\"100\"", "\"80\""));
        folder.says_of_budgets(2, &["now 90, and the file asks for 80", "blocked"]);
    }
}

#[test]
fn what_no_table_can_say_is_a_comment_of_the_export() {
    let folder = Folder::new();
    let usage = r#"
[[call]]
call = "budgets:CreateBudget"
[call.input]
AccountId = "123456789012"
Budget = { BudgetName = "usage", BudgetLimit = { Amount = "100", Unit = "GB" }, TimeUnit = "MONTHLY", BudgetType = "USAGE" }
"#;
    let planned = "PlannedBudgetLimits = { \"1764547200\" = { Amount = \"90\", Unit = \"USD\" } }\n";
    folder.world(&format!(
        "{}{}{usage}",
        monthly_with("auto", "AutoAdjustData = { AutoAdjustType = \"FORECAST\" }\n"),
        monthly_with("planned", planned),
    ));
    let export = folder
        .sandbox(&["export", "--only", "budgets"])
        .expect(0)
        .says("# Left out: the budget auto adjusts its amount by itself\n")
        .says("# Left out: the budget planned has planned amounts instead of one\n")
        .says("# Left out: the budget usage exists and is a USAGE budget, not one of cost\n");
    folder.write("b.toml", &export.stdout).is_true();
}

#[test]
fn a_budget_with_a_notification_on_a_forecast_is_not_made_daily() {
    let folder = Folder::new();
    folder.world(
        &monthly_with("monthly", &format!("{LIMIT}{OTHER_TYPES}")).replace("\"ACTUAL\"", "\"FORECASTED\""),
    );
    // The file says nothing of notifications.
    let daily = "[budgets.monthly]\nperiod = \"daily\"\n";
    folder.write("b.toml", daily);
    folder.says_of_budgets(
        2,
        &[
            "cannot become daily while it has notifications on forecasted > 80%",
            "write notifications = [] to delete all",
        ],
    );
    folder.apply().expect(3);
    assert_eq!(folder.writes(), Vec::<String>::new());
    // All are deleted before the change, and one on a forecast is made after the change back.
    folder.write("b.toml", &format!("{daily}notifications = []\n"));
    folder.apply().expect(0);
    folder.is_true();
    let monthly = TO_A.replace("actual", "forecasted");
    folder.write("b.toml", &monthly);
    folder.apply().expect(0);
    folder.is_true();
}

#[test]
fn a_forecast_of_a_single_day_is_refused_before_anything_is_read() {
    let folder = Folder::new();
    let daily = "[budgets.nat]\namount = \"5\"\nunit = \"USD\"\nperiod = \"daily\"\n\
                 notifications = [{ on = \"forecasted\", above_percent = 100, to = [\"a@example.com\"] }]\n";
    folder.write("b.toml", daily);
    folder
        .run(&["validate", "b.toml"])
        .expect(1)
        .complains("AWS has no forecasts for daily budgets");
}

#[test]
fn a_budget_of_another_name_that_does_the_same_counts_until_it_does_no_more() {
    let folder = Folder::new();
    folder.world(&monthly_with(
        "all-costs",
        &format!("{}{OTHER_TYPES}", LIMIT.replace("100", "90")),
    ));
    folder.write("b.toml", TO_A);
    folder.says_of_budgets(0, &["budget all-costs does what [budgets.monthly] asks for"]);
    folder.apply().expect(0);
    assert_eq!(folder.writes(), Vec::<String>::new());
    folder.alter(|account| {
        let budgets = &mut account["budgets"]["budgets"];
        budgets["all-costs"]["budget"]["BudgetLimit"]["Amount"] = "110.0".into();
    });
    folder.plans(&["create budget `monthly`"]);
}

#[test]
fn what_makes_a_budget_useless_is_no_longer_in_sync() {
    type Spoil = fn(&mut Value);
    let cases: [(Spoil, i32, &str); 4] = [
        (
            |budget| budget["health"] = "UNHEALTHY".into(),
            0,
            "repair budget monthly: AWS does not update it",
        ),
        (
            |budget| budget["budget"]["TimePeriod"]["End"] = 1_600_000_000.into(),
            2,
            "change budget `monthly`: no end date",
        ),
        (
            |budget| budget["notifications"][0]["Subscribers"][0]["SubscriptionType"] = "SNS".into(),
            2,
            "add recipient a@example.com to notification actual > 80% of budget `monthly`",
        ),
        (
            |budget| budget["notifications"][0]["Notification"]["ComparisonOperator"] = "LESS_THAN".into(),
            2,
            "add notification actual > 80% to budget `monthly`",
        ),
    ];
    for (spoil, code, said) in cases {
        let folder = Folder::new();
        folder.write("b.toml", TO_A).apply().expect(0);
        folder.alter(|account| spoil(&mut account["budgets"]["budgets"]["monthly"]));
        folder.says_of_budgets(code, &[said]);
        if code == 2 {
            folder.apply().expect(0);
            folder.is_true();
        }
    }
}

#[test]
fn moto_sees_the_budgets_that_it_can_keep() {
    // moto lists no subscribers of a notification, so the notifications are not managed here.
    let silent = "[budgets.monthly]\namount = \"100\"\nunit = \"USD\"\nperiod = \"monthly\"\n\
                  include_credits = false\n";
    let moto = Moto::start();
    moto.folder.write("b.toml", silent);
    moto.apply().expect(0).says("The account is true to b.toml.");
    moto.is_true();
    let budgets = moto.look(&["us-east-1"])["budgets"].clone();
    assert_eq!(budgets.as_array().map(Vec::len), Some(1), "{budgets}");
    assert_eq!(budgets[0]["BudgetName"], "monthly");
    assert_eq!(budgets[0]["TimeUnit"], "MONTHLY");
    assert_eq!(budgets[0]["CostTypes"]["IncludeCredit"], false);
    let amount: f64 = budgets[0]["BudgetLimit"]["Amount"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(amount, 100.0);
    moto.folder
        .write("b.toml", "[budgets.monthly]\nstate = \"absent\"\n");
    moto.apply().expect(0);
    assert_eq!(moto.look(&["us-east-1"])["budgets"], serde_json::json!([]));
}
