use super::*;

#[test]
fn all_errors_come_at_once() {
    assert_snapshot!(problems("\
[account]
id = 123456789012
home_region = \"Frankfurt\"
regions = [\"eu-west-1\", \"eu-west-1\"]
nickname = \"prod\"

[password_polcy]
minimum_length = 14

[password_policy]
minimum_lenght = 14
require_symbols = \"yes\"
max_age_days = 0
manage = \"repot\"
"), @r#"
    error: `account.id`: invalid type: integer `123456789012`
     --> baseline.toml:2:6
      |
    2 | id = 123456789012
      |      ^^^^^^^^^^^^ expected 12 digits in quotes
      |
      = help: write it in quotes: "123456789012"

    error: `account.home_region`: `Frankfurt` is not the name of a region
     --> baseline.toml:3:15
      |
    3 | home_region = "Frankfurt"
      |               ^^^^^^^^^^^ expected a form like `eu-west-1`

    error: `account.regions` names eu-west-1 twice
     --> baseline.toml:4:25
      |
    4 | regions = ["eu-west-1", "eu-west-1"]
      |                         ^^^^^^^^^^^
      |
      = help: take one of them out

    error: there is no key `nickname` in `account`
     --> baseline.toml:5:1
      |
    5 | nickname = "prod"
      | ^^^^^^^^
      |
      = note: expected `alias`, `manage`, `id`, `home_region`, `regions` or `exclude_regions`

    error: there is no table `password_polcy`
     --> baseline.toml:7:2
      |
    7 | [password_polcy]
      |  ^^^^^^^^^^^^^^
      |
      = help: did you mean `password_policy`?

    error: there is no key `minimum_lenght` in `password_policy`
      --> baseline.toml:11:1
       |
    11 | minimum_lenght = 14
       | ^^^^^^^^^^^^^^
       |
       = note: expected `state`, `minimum_length`, `require_symbols`, `require_numbers`, `require_uppercase`, `require_lowercase`, `allow_users_to_change`, `reuse_prevention`, `max_age_days`, `hard_expiry` or `manage`
       = help: did you mean `minimum_length`?

    error: `password_policy.require_symbols`: invalid type: string "yes"
      --> baseline.toml:12:19
       |
    12 | require_symbols = "yes"
       |                   ^^^^^ expected true or false

    error: `password_policy.max_age_days`: invalid value: integer `0`
      --> baseline.toml:13:16
       |
    13 | max_age_days = 0
       |                ^ expected a number from 1, or "never"

    error: `password_policy.manage` cannot be "repot"
      --> baseline.toml:14:10
       |
    14 | manage = "repot"
       |          ^^^^^^^ expected "enforce", "report" or "off"
       |
       = help: did you mean `report`?
    "#);
}

#[test]
fn a_broken_line_is_told_once_and_the_rest_is_still_read() {
    assert_snapshot!(problems("\
[password_policy]
minimum_length =
require_symbols = 1

[default_vpc
state = \"absent\"
"), @"
    error: string values must be quoted
     --> baseline.toml:2:17
      |
    2 | minimum_length =
      |                 ^ expected literal string

    error: `password_policy.require_symbols`: invalid type: integer `1`
     --> baseline.toml:3:19
      |
    3 | require_symbols = 1
      |                   ^ expected true or false

    error: unclosed table
     --> baseline.toml:5:13
      |
    5 | [default_vpc
      |             ^ expected `]`
    ");
}

#[test]
fn a_value_out_of_range_is_told_where_the_parent_wrote_it() {
    let folder = folder(&[
        ("parent.toml", "# shared\n[password_policy]\nminimum_length = 4"),
        (
            "child.toml",
            "extends = [\"parent.toml\"]\n[password_policy]\nrequire_symbols = true",
        ),
    ]);
    assert_snapshot!(problems_in(&folder, "child.toml"), @"
    error: `password_policy.minimum_length`: 4 is out of range
     --> parent.toml:3:18
      |
    3 | minimum_length = 4
      |                  ^ expected 6 to 128
    ");
}

#[test]
fn a_wrong_type_is_told_in_the_parent_although_the_child_replaces_it() {
    let folder = folder(&[
        ("parent.toml", "[password_policy]\nminimum_length = \"long\""),
        (
            "child.toml",
            "extends = [\"parent.toml\"]\n[password_policy]\nminimum_length = 14",
        ),
    ]);
    assert_snapshot!(problems_in(&folder, "child.toml"), @r#"
    error: `password_policy.minimum_length`: invalid type: string "long"
     --> parent.toml:2:18
      |
    2 | minimum_length = "long"
      |                  ^^^^^^ expected a whole number
    "#);
}

#[test]
fn a_merged_table_is_checked_as_a_whole_for_each_region() {
    assert_snapshot!(problems("\
[default_vpc]
manage = \"report\"

[region.us-east-1.default_vpc]
manage = \"enforce\"

[region.eu-west-1.default_vpc]
manage = \"off\"
"), @r#"
    error: `default_vpc.state` is not written
     --> baseline.toml:1:2
      |
    1 | [default_vpc]
      |  ^^^^^^^^^^^ expected "absent" or "present"
    "#);
}

#[test]
fn what_is_missing_in_an_override_alone_is_told_with_its_region() {
    assert_snapshot!(
        problems("[region.us-east-1.default_vpc]\nmanage = \"report\""),
        @r#"
    error: `default_vpc.state` in us-east-1 is not written
     --> baseline.toml:1:19
      |
    1 | [region.us-east-1.default_vpc]
      |                   ^^^^^^^^^^^ expected "absent" or "present"
    "#
    );
}

#[test]
fn where_something_was_cut_out_nothing_is_said_to_be_missing() {
    assert_snapshot!(problems("[default_vpc]\nstate = \"gone\""), @r#"
    error: `default_vpc.state` cannot be "gone"
     --> baseline.toml:2:9
      |
    2 | state = "gone"
      |         ^^^^^^ expected "present" or "absent"
    "#);
}

#[test]
fn what_exists_once_takes_no_regions_and_no_override() {
    assert_snapshot!(problems("\
[password_policy]
minimum_length = 14
regions = \"home\"

[region.us-east-1.password_policy]
minimum_length = 20

[region.us-east-1.default_vpc]
state = \"absent\"
regions = \"all\"
"), @r#"
    error: `password_policy` exists once in the account and not in each region
     --> baseline.toml:3:1
      |
    3 | regions = "home"
      | ^^^^^^^
      |
      = help: take `regions` out

    error: `password_policy` exists once in the account and not in each region
     --> baseline.toml:5:19
      |
    5 | [region.us-east-1.password_policy]
      |                   ^^^^^^^^^^^^^^^
      |
      = help: write it as [password_policy]

    error: `region.us-east-1.default_vpc` is for us-east-1 alone
      --> baseline.toml:10:1
       |
    10 | regions = "all"
       | ^^^^^^^
       |
       = help: take `regions` out
    "#);
}

#[test]
fn tables_and_regions_of_the_wrong_form_are_told() {
    assert_snapshot!(problems("\
account = \"123456789012\"
extends = \"recommended@1\"
password_policy = true

[default_vpc]
state = \"absent\"
regions = \"every\"

[region.frankfurt.default_vpc]
state = \"present\"

[region.us-east-1.default_vcp]
state = \"present\"
"), @r#"
    error: `account` is not a table but of type string
     --> baseline.toml:1:11
      |
    1 | account = "123456789012"
      |           ^^^^^^^^^^^^^^ expected a table, [account]

    error: `extends` is not a list
     --> baseline.toml:2:11
      |
    2 | extends = "recommended@1"
      |           ^^^^^^^^^^^^^^^ expected a list of names, such as ["recommended@1"]

    error: `password_policy` is not a table but of type boolean
     --> baseline.toml:3:19
      |
    3 | password_policy = true
      |                   ^^^^ expected a table, [password_policy]

    error: `default_vpc.regions`: invalid value: string "every"
     --> baseline.toml:7:11
      |
    7 | regions = "every"
      |           ^^^^^^^ expected "all", "home" or a list of regions, such as ["eu-west-1"]

    error: `frankfurt` is not the name of a region; expected a form like `eu-west-1`
     --> baseline.toml:9:9
      |
    9 | [region.frankfurt.default_vpc]
      |         ^^^^^^^^^

    error: there is no table `default_vcp`
      --> baseline.toml:12:19
       |
    12 | [region.us-east-1.default_vcp]
       |                   ^^^^^^^^^^^
       |
       = help: did you mean `default_vpc`?
    "#);
}

#[test]
fn an_empty_list_of_regions_is_no_way_to_say_nowhere() {
    assert_snapshot!(problems("[default_vpc]\nstate = \"absent\"\nregions = []"), @r#"
    error: `default_vpc.regions`: the list is empty
     --> baseline.toml:3:11
      |
    3 | regions = []
      |           ^^ expected "all", "home" or a list of regions, such as ["eu-west-1"]
    "#);
}

#[test]
fn names_in_extends_that_lead_nowhere_are_told_where_they_stand() {
    let folder = folder(&[(
        "a.toml",
        "extends = [\n  \"recommended\",\n  \"reccomended@1\",\n  \"b.toml\",\n  \"common\",\n  7,\n]",
    )]);
    assert_snapshot!(problems_in(&folder, "a.toml"), @r#"
    error: there is no built-in baseline `recommended`
     --> a.toml:2:3
      |
    2 |   "recommended",
      |   ^^^^^^^^^^^^^ expected minimal@1, recommended@1, checklist@1, checklist@2, or a path
      |
      = help: did you mean `recommended@1`?

    error: there is no built-in baseline `reccomended@1`
     --> a.toml:3:3
      |
    3 |   "reccomended@1",
      |   ^^^^^^^^^^^^^^^ expected minimal@1, recommended@1, checklist@1, checklist@2, or a path
      |
      = help: did you mean `recommended@1`?

    error: cannot read b.toml: No such file or directory (os error 2)
     --> a.toml:4:3
      |
    4 |   "b.toml",
      |   ^^^^^^^^ expected a file, relative to this one

    error: there is no built-in baseline `common`
     --> a.toml:5:3
      |
    5 |   "common",
      |   ^^^^^^^^ expected minimal@1, recommended@1, checklist@1, checklist@2, or a path
      |
      = help: a file is named by its path, such as "./common.toml"

    error: this is not a name
     --> a.toml:6:3
      |
    6 |   7,
      |   ^ expected a list of names, such as ["recommended@1"]
    "#);
}

#[test]
fn a_circle_of_files_is_told_with_its_names() {
    let folder = folder(&[
        ("a.toml", "extends = [\"b.toml\"]"),
        ("b.toml", "extends = [\"a.toml\"]"),
    ]);
    assert_snapshot!(problems_in(&folder, "a.toml"), @r#"
    error: a file cannot extend itself: a.toml → b.toml → a.toml
     --> b.toml:1:12
      |
    1 | extends = ["a.toml"]
      |            ^^^^^^^^
      |
      = help: take one of these names out of `extends`
    "#);
}

#[test]
fn a_missing_file_is_told_with_what_to_do() {
    let folder = folder(&[]);
    assert_snapshot!(problems_in(&folder, "baseline.toml"), @"
    error: cannot read baseline.toml: No such file or directory (os error 2)
     |
     = help: give the baseline's path, or write one with `trueup init`
    ");
}

#[test]
fn regions_that_do_not_exist_are_told_against_the_account() {
    let text = "\
[account]
home_region = \"eu-west-9\"
exclude_regions = [\"us-east-1\", \"us-esat-1\"]

[default_vpc]
state = \"absent\"
regions = [\"ap-south-2\"]

[region.me-south-7.default_vpc]
state = \"present\"
";
    assert_snapshot!(wants_of(text, &Filters::default()).unwrap_err(), @r#"
    error: there is no region `eu-west-9` in this partition
     --> baseline.toml:2:15
      |
    2 | home_region = "eu-west-9"
      |               ^^^^^^^^^^^
      |
      = help: did you mean `eu-west-1`?

    error: there is no region `us-esat-1` in this partition
     --> baseline.toml:3:33
      |
    3 | exclude_regions = ["us-east-1", "us-esat-1"]
      |                                 ^^^^^^^^^^^
      |
      = help: did you mean `us-east-1`?

    error: there is no region `ap-south-2` in this partition
     --> baseline.toml:7:12
      |
    7 | regions = ["ap-south-2"]
      |            ^^^^^^^^^^^^
      |
      = help: did you mean `ap-south-1`?

    error: there is no region `me-south-7` in this partition
     --> baseline.toml:9:9
      |
    9 | [region.me-south-7.default_vpc]
      |         ^^^^^^^^^^
      |
      = help: did you mean `me-south-1`?
    "#);
}

#[test]
fn a_filter_that_chooses_nothing_is_told() {
    let text = "[default_vpc]\nstate = \"absent\"\nregions = \"home\"";
    let wrong = filters(&["password_policy"], &[], &["us-east-1", "eu-west-2"]);
    assert_snapshot!(wants_of(text, &wrong).unwrap_err(), @"
    error: baseline.toml does not manage `password_policy`, which was asked for
     |
     = help: write a table [password_policy]; `trueup controls password_policy` has an example

    error: baseline.toml manages nothing in us-east-1, which was asked for
     |
     = help: `[account] regions` and each table's `regions` say where it does

    error: there is no region `eu-west-2` in this partition
     |
     = help: did you mean `eu-west-1`?
    ");
}

#[test]
fn filters_that_leave_nothing_together_are_told() {
    let text = "[password_policy]\nminimum_length = 14\n[default_vpc]\nstate = \"absent\"";
    let wrong = filters(&["password_policy"], &[], &["us-east-1"]);
    assert_snapshot!(wants_of(text, &wrong).unwrap_err(), @"
    error: nothing that baseline.toml manages is left by what was asked for
     |
     = help: what exists once in the account is in no region, so --region leaves it out
    ");
    let off = "[password_policy]\nmanage = \"off\"";
    assert_snapshot!(wants_of(off, &filters(&["password_policy"], &[], &[])).unwrap_err(), @"
    error: baseline.toml does not manage `password_policy`, which was asked for
     |
     = help: write a table [password_policy]; `trueup controls password_policy` has an example
    ");
}

#[test]
fn an_account_id_that_starts_with_zero_needs_its_quotes() {
    assert_snapshot!(problems("[account]\nid = 012345678901 # prod"), @r#"
    error: unexpected leading zero
     --> baseline.toml:2:6
      |
    2 | id = 012345678901 # prod
      |      ^
      |
      = help: write it in quotes: "012345678901"
    "#);
}

#[test]
fn a_key_that_is_written_twice_is_told() {
    assert_snapshot!(problems("[default_vpc]\nstate = \"absent\"\nstate = \"present\"\n[default_vpc]"), @r#"
    error: duplicate key
     --> baseline.toml:3:1
      |
    3 | state = "present"
      | ^^^^^

    error: duplicate key
     --> baseline.toml:4:2
      |
    4 | [default_vpc]
      |  ^^^^^^^^^^^
    "#);
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    let deep = format!("a = {}", "[".repeat(100_000));
    assert!(load_text("a.toml", &deep).is_err());
    let tables = format!(
        "[default_vpc]\nx = {}1{}",
        "{ a = ".repeat(50_000),
        " }".repeat(50_000)
    );
    assert!(load_text("a.toml", &tables).is_err());
    let dotted = format!("[default_vpc]\n{}a = 1", "a.".repeat(50_000));
    assert!(load_text("a.toml", &dotted).is_err());
}

#[test]
fn a_wrong_combination_is_told_at_the_value_of_the_file_that_completes_it() {
    let folder = folder(&[
        (
            "parent.toml",
            "[guardduty]\nenabled = true\n[guardduty.features]\nruntime_monitoring = true\n\
             runtime_monitoring_ec2_agent = true",
        ),
        (
            "child.toml",
            "extends = [\"parent.toml\"]\n[region.us-east-1.guardduty.features]\nruntime_monitoring = false",
        ),
    ]);
    assert_snapshot!(problems_in(&folder, "child.toml"), @"
    error: `guardduty.features` in us-east-1: runtime_monitoring_ec2_agent is a part of runtime_monitoring
     --> child.toml:2:1
      |
    2 | [region.us-east-1.guardduty.features]
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ expected runtime_monitoring = true beside it
    ");
}

#[test]
fn a_bound_that_a_key_does_not_have_is_told_with_those_it_has() {
    assert_snapshot!(problems("\
[password_policy]
minimum_length = { at_most = 8 }
require_symbols = { exact = true }
max_age_days = { exactly = \"always\" }

[guardduty]
publish_findings_every = { exactly = \"one_day\" }
"), @r#"
    error: `password_policy.minimum_length`: at_most is not possible here
     --> baseline.toml:2:18
      |
    2 | minimum_length = { at_most = 8 }
      |                  ^^^^^^^^^^^^^^^ expected a value or { exactly = value }

    error: `password_policy.require_symbols`: `exact` is not a bound
     --> baseline.toml:3:19
      |
    3 | require_symbols = { exact = true }
      |                   ^^^^^^^^^^^^^^^^ expected a value or { exactly = value }

    error: `password_policy.max_age_days`: invalid value: string "always"
     --> baseline.toml:4:28
      |
    4 | max_age_days = { exactly = "always" }
      |                            ^^^^^^^^ expected a number from 1, or "never"

    error: `guardduty.publish_findings_every` cannot be "one_day"
     --> baseline.toml:7:38
      |
    7 | publish_findings_every = { exactly = "one_day" }
      |                                      ^^^^^^^^^ expected "fifteen_minutes", "one_hour" or "six_hours"
    "#);
    assert_snapshot!(problems("[password_policy]\nreuse_prevention = { exactly = 25 }\n"), @r"
    error: `password_policy.reuse_prevention`: 25 is out of range
     --> baseline.toml:2:20
      |
    2 | reuse_prevention = { exactly = 25 }
      |                    ^^^^^^^^^^^^^^^^ expected 1 to 24
    ");
}

#[test]
fn each_problem_is_data_too() {
    let problems = load_text("prod.toml", "# ü\n[password_policy]\nminimum_length = true").unwrap_err();
    assert_eq!(problems.count(), 1);
    let problem = problems.iter().next().unwrap();
    let at = problem.at.as_ref().unwrap();
    assert_eq!(at.to_string(), "prod.toml:3:18");
    assert_eq!(at.span, 40..44);
    assert_eq!(problem.expected.as_deref(), Some("expected a whole number"));
}

#[test]
fn colours_are_there_only_if_asked_for() {
    let problems = load_text("a.toml", "x = 1").unwrap_err();
    assert!(problems.render(true).contains('\x1b'));
    assert!(!problems.render(false).contains('\x1b'));
}
