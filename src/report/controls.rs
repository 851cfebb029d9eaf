//! The controls as `trueup controls` lists and explains them: everything comes from the list.

use trueup_aws::actions::{EVERY_RUN, permissions};
use trueup_core::control::{AnyControl, Controls};
use trueup_core::location::Scope;

use super::{Style, by_hand, phrase};

/// All controls: name, items of the checklist, where they live, what they are and cost.
pub fn list(controls: &Controls, style: &Style) -> String {
    let mut rows = vec![["CONTROL", "ITEMS", "SCOPE"].map(str::to_owned).to_vec()];
    rows.extend(controls.iter().map(|entry| {
        vec![
            entry.name.to_string(),
            items(entry.control),
            scope(entry.control).to_owned(),
        ]
    }));
    let table = phrase::table(&rows, "", &[]);
    let column = table
        .lines()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or_default()
        + 2;
    let what = controls.iter().map(|entry| {
        let doc = entry.control.doc();
        format!("{} ({})", doc.title, doc.cost)
    });
    let mut text = String::new();
    for (line, what) in table
        .lines()
        .zip(["WHAT (COST)".to_owned()].into_iter().chain(what))
    {
        let line = format!("{line:column$}");
        text.push_str(&phrase::wrap(&what, &line, &" ".repeat(column), style));
    }
    text.push('\n');
    text.push_str(&without_control(style));
    text.push('\n');
    text.push_str(&phrase::wrap(
        "`trueup controls NAME` explains one: why, how it is switched off, which permissions it needs, an example.",
        "",
        "",
        style,
    ));
    text
}

/// The rest of the checklist, so that whoever compares it item by item finds every one.
fn without_control(style: &Style) -> String {
    let mut text = format!("{}\n", style.bold("On the checklist, and no control's work"));
    for line in by_hand::ALL {
        let item = match line.item {
            Some(number) => format!("item {number}"),
            None => "no longer needed".to_owned(),
        };
        text.push_str(&phrase::wrap(
            &format!("{} ({item}): {}", line.task, line.who),
            "  ",
            "    ",
            style,
        ));
        text.push_str(&format!("    {}\n", style.dim(line.page)));
    }
    text
}

/// One control, whole; the others are there for what it relies on.
pub fn page(control: &dyn AnyControl, others: &Controls, style: &Style) -> String {
    let doc = control.doc();
    let every_run = actions(EVERY_RUN, &[]);
    let calls = control.calls();
    let to_plan = [calls.read, &reads_of_others(control, others)].concat();
    let mut text = format!("{}: {}\n\n", style.bold(control.name()), doc.title);
    text.push_str(&phrase::wrap(doc.why, "", "", style));
    text.push_str("\nIn sync if:\n");
    for what in doc.decides {
        text.push_str(&phrase::wrap(what, "- ", "  ", style));
    }
    text.push('\n');
    let benchmarks: Vec<String> = doc
        .benchmarks
        .iter()
        .map(|(name, numbers)| format!("{name}: {numbers}"))
        .collect();
    for (label, value) in [
        ("scope", scope(control).to_owned()),
        ("checklist", items(control)),
        ("benchmarks", benchmarks.join("; ")),
        ("cost", doc.cost.to_owned()),
        ("off switch", doc.off.to_owned()),
        ("relies on", control.relies_on().join(", ")),
        ("every run", every_run),
        ("to plan", actions(&to_plan, EVERY_RUN)),
        ("to apply", actions(calls.write, &[EVERY_RUN, &to_plan].concat())),
        ("read more", doc.page.to_owned()),
    ] {
        if !value.is_empty() {
            let label = style.dim(&format!("{label:LABEL$}"));
            text.push_str(&phrase::wrap(&value, &label, &" ".repeat(LABEL), style));
        }
    }
    text.push_str(&format!("\n{}\n", doc.example.trim_end()));
    text
}

/// The calls that read what a control relies on.
fn reads_of_others(control: &dyn AnyControl, others: &Controls) -> Vec<&'static str> {
    let relied = control.relies_on().iter();
    let relied = relied.filter_map(|name| others.find(name).ok());
    relied
        .flat_map(|entry| entry.control.calls().read)
        .copied()
        .collect()
}

/// The actions that some calls need beside those that others need, as a list to read.
fn actions(calls: &[&str], beside: &[&str]) -> String {
    let beside = permissions(beside.iter().copied());
    let mut needed = permissions(calls.iter().copied());
    needed.retain(|needed| {
        let mut known = beside.iter();
        !known.any(|known| known == needed || known.action == needed.action && known.when.is_none())
    });
    let told = needed.into_iter().map(|needed| match needed.when {
        Some(when) => format!("{} ({when})", needed.action),
        None => needed.action,
    });
    told.collect::<Vec<_>>().join(", ")
}

const LABEL: usize = 12;

fn items(control: &dyn AnyControl) -> String {
    let items: Vec<String> = control.doc().items.iter().map(u8::to_string).collect();
    items.join(", ")
}

fn scope(control: &dyn AnyControl) -> &'static str {
    match control.scope() {
        Scope::Account => "account",
        Scope::EachRegion => "each region",
    }
}

#[cfg(test)]
mod tests {
    use trueup_core::registry::Entry;

    use super::super::fixtures;
    use super::*;

    #[test]
    fn the_list_names_every_control_within_80_columns() {
        let text = list(&fixtures::controls(), &Style::PLAIN);
        for name in fixtures::controls().names() {
            assert!(text.contains(name.as_str()), "{name}");
        }
        // An address cannot be broken.
        let texts = text.lines().filter(|line| !line.contains("https://"));
        assert!(texts.into_iter().all(|line| line.chars().count() <= 80), "{text}");
        let head: Vec<&str> = text.lines().take(2).collect();
        insta::assert_snapshot!(head.join("\n"), @"
        CONTROL                 ITEMS    SCOPE        WHAT (COST)
        account                          account      Account alias (free)
        ");
    }

    #[test]
    fn every_line_of_the_checklist_without_a_control_says_who_or_why() {
        let text = list(&fixtures::controls(), &Style::PLAIN);
        for task in [
            "IAM access to billing",
            "support plan",
            "payment options",
            "closing the account",
            "governing law in AWS Artifact",
            "security questions",
        ] {
            assert!(text.contains(&format!("  {task} (")), "{task}");
        }
        let tail: Vec<&str> = text.lines().rev().skip(3).take(6).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        insta::assert_snapshot!(tail.join("\n"), @r"
        governing law in AWS Artifact (no longer needed): Nothing is to be done:
          accounts made since February 2022 have it from the start.
          https://docs.aws.amazon.com/artifact/latest/ug/managing-agreements.html
        security questions (no longer needed): Nothing is to be done: AWS abolished
          them on 2024-01-05. MFA and contacts that work take their place.
          https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html
        ");
    }

    #[test]
    fn every_page_fits_into_80_columns_but_for_what_cannot_be_broken() {
        for Entry { name, control } in fixtures::controls().iter() {
            for line in page(control, &fixtures::controls(), &Style::PLAIN).lines() {
                let breakable =
                    line.trim_start().contains(' ') && !line.contains("http") && !line.contains('#');
                assert!(line.chars().count() <= 80 || !breakable, "{name}: {line}");
            }
        }
    }

    #[test]
    fn a_page_says_all_that_one_needs_before_writing_the_table() {
        insta::assert_snapshot!(page(fixtures::control("password_policy"), &fixtures::controls(), &Style::PLAIN), @r#"
        password_policy: IAM password policy

        Without one, IAM users may choose passwords of 8 characters that never expire
        and can be used again.

        In sync if:
        - Minimum length and reuse prevention are the written values or stricter; a
          required kind of characters stays required.
        - Passwords expire after the written number of days or earlier; with "never" any
          expiry is fine.
        - `hard_expiry` and `allow_users_to_change` equal the file's where written.
        - Keys that are not written may be anything.

        scope       account
        checklist   10
        benchmarks  CIS 5.0: 1.7, 1.8; CIS 3.0: 1.8, 1.9; FSBP: IAM.7
        cost        free
        off switch  state = "absent" returns to AWS's built-in policy
        every run   ec2:DescribeRegions, ec2:GetEbsEncryptionByDefault,
                    iam:ListAccountAliases
        to plan     iam:GenerateCredentialReport, iam:GetAccountPasswordPolicy,
                    iam:GetCredentialReport, iam:GetLoginProfile, iam:ListMFADevices
        to apply    iam:DeleteAccountPasswordPolicy, iam:UpdateAccountPasswordPolicy
        read more   https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html

        [password_policy]
        minimum_length = 14
        require_symbols = true
        require_numbers = true
        require_uppercase = true
        require_lowercase = true
        allow_users_to_change = true
        reuse_prevention = 24
        # max_age_days = 180       # for users without MFA; "never" asks for no expiry
        # hard_expiry = false      # true locks out users whose password expires
        "#);
    }
}
