use std::fs;

use insta::assert_snapshot;
use proptest::prelude::*;
use tempfile::TempDir;
use toml::Table;

use super::*;
use crate::control::Env;
use crate::plan::Want;

fn regions(names: &[&str]) -> Vec<Region> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// An account with three enabled regions.
fn env() -> Env {
    Env {
        account: "123456789012".to_owned(),
        partition: "aws".to_owned(),
        home: "eu-west-1".parse().unwrap(),
        enabled: regions(&["ap-south-1", "eu-west-1", "us-east-1"]),
    }
}

/// Its partition has one more.
fn known() -> Vec<Region> {
    regions(&["ap-south-1", "eu-west-1", "me-south-1", "us-east-1"])
}

fn filters(only: &[&str], exclude: &[&str], of: &[&str]) -> Filters {
    let ids = |names: &[&str]| names.iter().map(|name| name.parse().unwrap()).collect();
    Filters {
        only: ids(only),
        exclude: ids(exclude),
        regions: regions(of),
    }
}

fn wants_of(text: &str, filters: &Filters) -> Result<Vec<Want>, Problems> {
    load_text("baseline.toml", text)?.wants(&env(), &known(), filters)
}

/// The cells that a text wants, one line each.
fn cells(text: &str) -> String {
    lines(&wants_of(text, &Filters::default()).unwrap())
}

fn lines(wants: &[Want]) -> String {
    let line = |want: &Want| {
        let table = toml::to_string(&want.table).unwrap().trim().replace('\n', ", ");
        let manage = want
            .manage
            .map(|manage| format!(" {manage:?}"))
            .unwrap_or_default();
        format!("{} {}{manage}: {table}", want.control, want.place)
    };
    wants.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What is said of a text that has something wrong.
fn problems(text: &str) -> String {
    load_text("baseline.toml", text).unwrap_err().to_string()
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn load_in(folder: &TempDir, name: &str) -> Result<Baseline, Problems> {
    load(&folder.path().join(name))
}

fn cells_in(folder: &TempDir, name: &str) -> String {
    let baseline = load_in(folder, name).unwrap();
    lines(&baseline.wants(&env(), &known(), &Filters::default()).unwrap())
}

/// What is said of files that have something wrong, with the folder's path left out.
fn problems_in(folder: &TempDir, name: &str) -> String {
    let folder_path = format!("{}/", folder.path().display());
    load_in(folder, name)
        .unwrap_err()
        .to_string()
        .replace(&folder_path, "")
}

mod merging {
    use super::*;

    #[test]
    fn the_file_itself_wins_over_what_it_extends_and_later_parents_over_earlier_ones() {
        let folder = folder(&[
            (
                "a.toml",
                "[password_policy]\nminimum_length = 8\nrequire_symbols = true\nrequire_numbers = true",
            ),
            (
                "b.toml",
                "[password_policy]\nminimum_length = 10\nrequire_symbols = false",
            ),
            (
                "c.toml",
                "extends = [\"./a.toml\", \"b.toml\"]\n[password_policy]\nminimum_length = 14",
            ),
        ]);
        assert_snapshot!(cells_in(&folder, "c.toml"), @"password_policy account: minimum_length = 14, require_symbols = false, require_numbers = true");
    }

    #[test]
    fn paths_are_relative_to_the_file_that_names_them() {
        let folder = folder(&[
            ("shared/base.toml", "[password_policy]\nminimum_length = 8"),
            ("shared/team.toml", "extends = [\"base.toml\"]"),
            ("accounts/prod.toml", "extends = [\"../shared/team.toml\"]"),
        ]);
        assert_snapshot!(cells_in(&folder, "accounts/prod.toml"), @"password_policy account: minimum_length = 8");
    }

    #[test]
    fn a_file_that_two_parents_extend_applies_once_before_both() {
        let folder = folder(&[
            ("base.toml", "[password_policy]\nminimum_length = 8"),
            (
                "left.toml",
                "extends = [\"base.toml\"]\n[password_policy]\nminimum_length = 10",
            ),
            (
                "right.toml",
                "extends = [\"./base.toml\"]\n[password_policy]\nhard_expiry = false",
            ),
            ("top.toml", "extends = [\"left.toml\", \"right.toml\"]"),
        ]);
        assert_snapshot!(cells_in(&folder, "top.toml"), @"password_policy account: minimum_length = 10, hard_expiry = false");
    }

    #[test]
    fn an_override_of_a_parent_holds_over_a_plain_table_of_the_child() {
        let folder = folder(&[
            (
                "parent.toml",
                "[region.us-east-1.default_vpc]\nstate = \"present\"",
            ),
            (
                "child.toml",
                "extends = [\"parent.toml\"]\n[default_vpc]\nstate = \"absent\"",
            ),
        ]);
        assert_snapshot!(cells_in(&folder, "child.toml"), @r#"
        default_vpc ap-south-1: state = "absent"
        default_vpc eu-west-1: state = "absent"
        default_vpc us-east-1: state = "present"
        "#);
    }

    #[test]
    fn the_child_overrides_a_region_that_a_parent_overrides() {
        let folder = folder(&[
            (
                "parent.toml",
                "[default_vpc]\nstate = \"absent\"\n[region.us-east-1.default_vpc]\nstate = \"present\"",
            ),
            (
                "child.toml",
                "extends = [\"parent.toml\"]\n[region.us-east-1.default_vpc]\nstate = \"absent\"",
            ),
        ]);
        assert_snapshot!(cells_in(&folder, "child.toml"), @r#"
        default_vpc ap-south-1: state = "absent"
        default_vpc eu-west-1: state = "absent"
        default_vpc us-east-1: state = "absent"
        "#);
    }

    #[test]
    fn absent_in_a_child_discards_the_settings_of_the_parent() {
        let folder = folder(&[
            ("parent.toml", "[password_policy]\nminimum_length = 14"),
            (
                "child.toml",
                "extends = [\"parent.toml\"]\n[password_policy]\nstate = \"absent\"",
            ),
        ]);
        assert_snapshot!(cells_in(&folder, "child.toml"), @r#"password_policy account: state = "absent""#);
    }

    #[test]
    fn settings_in_a_child_make_present_again_what_a_parent_wants_absent() {
        let folder = folder(&[
            (
                "parent.toml",
                "[password_policy]\nstate = \"absent\"\nrequire_symbols = true",
            ),
            (
                "child.toml",
                "extends = [\"parent.toml\"]\n[password_policy]\nminimum_length = 14",
            ),
        ]);
        assert_snapshot!(cells_in(&folder, "child.toml"), @"password_policy account: minimum_length = 14");
    }

    #[test]
    fn a_child_that_only_says_who_writes_leaves_the_settings_as_they_were() {
        let folder = folder(&[
            ("parent.toml", "[password_policy]\nstate = \"absent\""),
            (
                "child.toml",
                "extends = [\"parent.toml\"]\n[password_policy]\nmanage = \"report\"",
            ),
        ]);
        assert_snapshot!(cells_in(&folder, "child.toml"), @r#"password_policy account Report: state = "absent""#);
    }

    #[test]
    fn a_child_takes_back_what_a_parent_manages_and_a_grandchild_manages_it_again() {
        let folder = folder(&[
            ("a.toml", "[password_policy]\nminimum_length = 14"),
            (
                "b.toml",
                "extends = [\"a.toml\"]\n[password_policy]\nmanage = \"off\"",
            ),
            (
                "c.toml",
                "extends = [\"b.toml\"]\n[password_policy]\nmanage = \"enforce\"",
            ),
        ]);
        assert_snapshot!(cells_in(&folder, "b.toml"), @"");
        assert_snapshot!(cells_in(&folder, "c.toml"), @"password_policy account Enforce: minimum_length = 14");
    }

    #[test]
    fn the_account_table_merges_key_by_key() {
        let folder = folder(&[
            (
                "parent.toml",
                "[account]\nid = \"111122223333\"\nhome_region = \"eu-west-1\"",
            ),
            (
                "child.toml",
                "extends = [\"parent.toml\"]\n[account]\nid = \"123456789012\"",
            ),
        ]);
        let baseline = load_in(&folder, "child.toml").unwrap();
        assert_eq!(baseline.account_id(), Some("123456789012"));
        assert_eq!(baseline.home_region().map(Region::as_str), Some("eu-west-1"));
    }

    #[test]
    fn a_baseline_that_comes_with_trueup_is_named_without_a_path() {
        let text = "extends = [\"minimal@1\"]\n[password_policy]\nminimum_length = 20";
        let baseline = load_text("baseline.toml", text).unwrap();
        let wants = baseline
            .wants(&env(), &known(), &filters(&["password_policy"], &[], &[]))
            .unwrap();
        assert_snapshot!(lines(&wants), @"password_policy account: minimum_length = 20");
    }
}

mod places {
    use super::*;

    const VPC: &str = "[default_vpc]\nstate = \"absent\"\n";

    #[test]
    fn a_control_of_the_account_has_one_cell_and_comes_in_the_order_of_the_list() {
        let text =
            format!("{VPC}[password_policy]\nminimum_length = 14\n[account]\nregions = [\"us-east-1\"]");
        assert_snapshot!(cells(&text), @r#"
        password_policy account: minimum_length = 14
        default_vpc us-east-1: state = "absent"
        "#);
    }

    #[test]
    fn without_a_word_on_regions_every_enabled_one_has_a_cell() {
        assert_eq!(
            cells(VPC),
            cells(&format!("{VPC}[account]\nregions = \"enabled\""))
        );
        assert_eq!(cells(VPC), cells(&format!("{VPC}regions = \"all\"")));
        assert_eq!(cells(VPC).lines().count(), 3);
    }

    #[test]
    fn a_listed_region_has_a_cell_although_it_is_not_enabled() {
        let text = format!("{VPC}[account]\nregions = [\"me-south-1\", \"eu-west-1\"]");
        assert_snapshot!(cells(&text), @r#"
        default_vpc eu-west-1: state = "absent"
        default_vpc me-south-1: state = "absent"
        "#);
        let text = format!("{VPC}regions = [\"me-south-1\"]");
        assert_snapshot!(cells(&text), @r#"default_vpc me-south-1: state = "absent""#);
    }

    #[test]
    fn excluded_regions_have_no_cell_whoever_names_them() {
        let text = format!(
            "{VPC}[account]\nexclude_regions = [\"us-east-1\"]\n[region.us-east-1.default_vpc]\nstate = \"present\""
        );
        assert_snapshot!(cells(&text), @r#"
        default_vpc ap-south-1: state = "absent"
        default_vpc eu-west-1: state = "absent"
        "#);
    }

    #[test]
    fn a_table_may_name_more_regions_than_the_account_uses() {
        let text =
            format!("{VPC}regions = [\"us-east-1\", \"ap-south-1\"]\n[account]\nregions = [\"us-east-1\"]");
        assert_snapshot!(cells(&text), @r#"default_vpc us-east-1: state = "absent""#);
    }

    #[test]
    fn home_is_the_home_region_of_the_account_at_hand() {
        assert_snapshot!(cells(&format!("{VPC}regions = \"home\"")), @r#"default_vpc eu-west-1: state = "absent""#);
    }

    #[test]
    fn an_override_adds_its_region_to_the_choice_of_its_table() {
        let text = format!("{VPC}regions = \"home\"\n[region.us-east-1.default_vpc]\nstate = \"present\"");
        assert_snapshot!(cells(&text), @r#"
        default_vpc eu-west-1: state = "absent"
        default_vpc us-east-1: state = "present"
        "#);
        assert_snapshot!(cells("[region.us-east-1.default_vpc]\nstate = \"present\""), @r#"default_vpc us-east-1: state = "present""#);
    }

    #[test]
    fn who_writes_is_said_by_the_override_before_the_table() {
        let text = format!(
            "{VPC}manage = \"report\"\n[region.us-east-1.default_vpc]\nmanage = \"enforce\"\n\
             [region.eu-west-1.default_vpc]\nmanage = \"off\""
        );
        assert_snapshot!(cells(&text), @r#"
        default_vpc ap-south-1 Report: state = "absent"
        default_vpc us-east-1 Enforce: state = "absent"
        "#);
    }

    #[test]
    fn filters_choose_controls_and_regions_and_a_region_has_nothing_of_the_account() {
        let text = format!("{VPC}[password_policy]\nminimum_length = 14");
        let chosen = |only: &[&str], exclude: &[&str], of: &[&str]| {
            lines(&wants_of(&text, &filters(only, exclude, of)).unwrap())
        };
        assert_snapshot!(chosen(&["password_policy"], &[], &[]), @"password_policy account: minimum_length = 14");
        assert_snapshot!(chosen(&[], &["default_vpc"], &[]), @"password_policy account: minimum_length = 14");
        assert_snapshot!(chosen(&[], &[], &["us-east-1"]), @r#"default_vpc us-east-1: state = "absent""#);
    }
}

mod messages {
    use super::*;

    #[test]
    fn all_errors_come_at_once() {
        assert_snapshot!(problems("\
[account]
id = 123456789012
home_region = \"Frankfurt\"
regions = [\"eu-west-1\", \"eu-west-1\"]
alias = \"prod\"

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

        error: there is no key `alias` in `account`
         --> baseline.toml:5:1
          |
        5 | alias = "prod"
          | ^^^^^ expected `id`, `home_region`, `regions` or `exclude_regions`

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
          |         ^^^^^^ expected "present", "absent" or "incomplete"
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
          |   ^^^^^^^^^^^^^ expected minimal@1, recommended@1, checklist@1, or a path
          |
          = help: did you mean `recommended@1`?

        error: there is no built-in baseline `reccomended@1`
         --> a.toml:3:3
          |
        3 |   "reccomended@1",
          |   ^^^^^^^^^^^^^^^ expected minimal@1, recommended@1, checklist@1, or a path
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
          |   ^^^^^^^^ expected minimal@1, recommended@1, checklist@1, or a path
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
    fn a_file_that_is_no_text_is_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.toml"), b"a = \"\xff\"").unwrap();
        assert_snapshot!(problems_in(&folder, "a.toml"), @"error: cannot read a.toml: not UTF-8 text at byte 5");
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
        error: baseline.toml says nothing about `password_policy`, which was asked for
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
}

mod built_in {
    use super::*;

    #[test]
    fn each_loads_alone_and_carries_nothing_of_an_account() {
        for (name, text) in BUILT_IN {
            let baseline = load_text(name, text).unwrap_or_else(|problems| panic!("{problems}"));
            assert_eq!(baseline.account_id(), None, "{name}");
            assert_eq!(baseline.home_region(), None, "{name}");
            baseline.wants(&env(), &known(), &Filters::default()).unwrap();
        }
    }

    #[test]
    fn the_checklist_has_every_control_in_the_order_of_the_list() {
        let (_, text) = BUILT_IN.iter().find(|(name, _)| *name == "checklist@1").unwrap();
        let table: Table = text.parse().unwrap();
        let names: Vec<&str> = table.keys().map(String::as_str).collect();
        let all: Vec<&str> = Id::all().map(Id::name).collect();
        assert_eq!(names, all);
    }
}

/// Text near to a baseline, with everything that can be wrong with one.
fn mutated() -> impl Strategy<Value = String> {
    const TEXT: &str = "extends = [\"minimal@1\", \"x\"]\n[account]\nid = \"123456789012\"\nregions = [\"eu-west-1\"]\n\
        home_region = \"eu-west-1\"\n[password_policy]\nminimum_length = 14\nmax_age_days = \"never\"\n\
        manage = \"report\"\n[default_vpc]\nstate = \"absent\"\nregions = \"all\"\n\
        [region.us-east-1.default_vpc]\nstate = \"present\"\n# é\n";
    const PIECES: &[&str] = &[
        "",
        "\"",
        "'",
        "[",
        "]",
        "[[",
        "{",
        "}",
        ".",
        "=",
        ",",
        "\n",
        "\r\n",
        "#",
        "é",
        "0",
        "-1",
        "1e999",
        "true",
        "99999999999999999999",
        "1979-05-27",
        "\"\"\"",
        "\\u0000",
        "\t",
        "state = \"absent\"",
        "extends",
        "region",
        "[region]",
        "x = {a.b = 1, c = [1, {}]}",
        "\u{feff}",
    ];
    let edit = (
        any::<prop::sample::Index>(),
        0..12usize,
        prop::sample::select(PIECES),
    );
    prop::collection::vec(edit, 1..6).prop_map(|edits| {
        let mut text: Vec<char> = TEXT.chars().collect();
        for (at, gone, piece) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + gone).min(text.len());
            text.splice(at..end, piece.chars());
        }
        text.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bad_input_never_panics_and_every_problem_lies_in_its_file(text in mutated()) {
        match load_text("baseline.toml", &text) {
            Ok(baseline) => {
                let _ = baseline.wants(&env(), &known(), &Filters::default());
            }
            Err(problems) => {
                prop_assert!(problems.count() > 0);
                for problem in problems.iter() {
                    if let Some(at) = problem.at.as_ref().filter(|at| at.file == "baseline.toml") {
                        prop_assert!(text.get(at.span.clone()).is_some(), "{at}: {:?}", at.span);
                    }
                }
                problems.render(true);
            }
        }
    }
}
