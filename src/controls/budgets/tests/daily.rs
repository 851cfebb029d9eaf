//! Budgets of single days, which AWS does not forecast.

use super::*;

#[test]
fn single_days_are_not_forecast() {
    let daily = model(
        "[monthly]\namount = 5\nunit = \"USD\"\nperiod = \"daily\"\n\
         notifications = [{ on = \"forecasted\", above_percent = 100, to = [\"a@b.c\"] }]",
    );
    let wrong = Budgets::check(&daily);
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(
        wrong[0].1.contains("AWS has no forecasts for daily budgets"),
        "{wrong:?}"
    );
    let refused = "refused for monthly: AWS has no forecasts for daily budgets";
    let live = changed(|budget| budget.period = Some(Period::Daily));
    let silent = changed(|budget| {
        (budget.period, budget.notifications) = (None, example().budgets["monthly"].notifications.clone())
    });
    assert!(
        plan(&silent, &live).starts_with(refused),
        "{}",
        plan(&silent, &live)
    );
}

#[test]
fn a_budget_becomes_daily_only_without_notifications_on_a_forecast() {
    let becomes = model("[monthly]\nperiod = \"daily\"");
    insta::assert_snapshot!(plan(&becomes, &example()), @"refused for monthly: the budget cannot become daily while it has notifications on forecasted > 100%, because AWS has no forecasts for daily budgets: delete them in the console, write notifications = [] to delete all notifications, or write another period");
    let without = changed(|budget| {
        budget.notifications.as_mut().unwrap().pop();
    });
    insta::assert_snapshot!(plan(&becomes, &without), @"change budget `monthly`: period = daily [safe]");
    // One that no table can express counts too.
    let below = Trigger {
        on: On::Forecasted,
        is_amount: false,
        above: "10".parse().unwrap(),
        compares: Compares::LessThan,
    };
    let beside = Beside {
        odd: vec![below],
        ..Beside::default()
    };
    let odd = Ids {
        beside: BTreeMap::from([("monthly".to_owned(), beside)]),
        ..Ids::default()
    };
    insta::assert_snapshot!(plan_with(&becomes, &without, odd), @"refused for monthly: the budget cannot become daily while it has notifications on forecasted < 10%, because AWS has no forecasts for daily budgets: delete them in the console, write notifications = [] to delete all notifications, or write another period");
    let silent = model("[monthly]\nperiod = \"daily\"\nnotifications = []");
    insta::assert_snapshot!(plan(&silent, &example()), @r"
    delete notification actual > 80% of budget `monthly` [destructive]
      ! stops this notification to billing@example.com
    delete notification forecasted > 100% of budget `monthly` [destructive]
      ! stops this notification to billing@example.com
    change budget `monthly`: period = daily [safe]
      after delete notification actual > 80% of budget `monthly`
      after delete notification forecasted > 100% of budget `monthly`
    ");
}

#[test]
fn a_budget_that_is_daily_no_longer_gets_notifications_on_a_forecast_afterwards() {
    let live = changed(|budget| {
        budget.period = Some(Period::Daily);
        budget.notifications.as_mut().unwrap().pop();
    });
    insta::assert_snapshot!(plan(&example(), &live), @r"
    change budget `monthly`: period = monthly [safe]
    add notification forecasted > 100% to budget `monthly` [safe]
      after change budget `monthly`: period = monthly
    ");
}
