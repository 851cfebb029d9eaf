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

#[test]
fn tags_unite_over_the_files_and_the_later_value_wins() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base.toml");
    fs::write(&base, "[tags]\na = \"1\"\nb = \"2\"\n").unwrap();
    let child = folder.path().join("child.toml");
    fs::write(&child, "extends = [\"./base.toml\"]\n[tags]\nb = \"3\"\n").unwrap();
    let tags = load(&child).unwrap().tags();
    let expected = [("a", "1"), ("b", "3")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(tags, expected.into());
}

#[test]
fn tags_that_aws_refuses_are_told_with_their_line() {
    let problems = load_text(
        "b.toml",
        "[tags]\n\"aws:x\" = \"1\"\nnumber = 1\n\"a*\" = \"b\"\n",
    )
    .unwrap_err();
    let told: Vec<String> = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.at.as_ref().unwrap(), problem.message))
        .collect();
    assert_eq!(
        told,
        [
            "b.toml:2:1: `tags.aws:x`: keys that start with `aws:` are AWS's own",
            "b.toml:3:10: `tags.number` is not a text",
            "b.toml:4:1: `tags.a*`: only letters, digits, spaces and _ . : / = + - @ are allowed",
        ]
    );
}

#[test]
fn an_overlay_replaces_a_bound_as_a_whole() {
    let of = |parent: &str, child: &str| {
        let folder = folder(&[
            (
                "parent.toml",
                &format!("[password_policy]\nminimum_length = {parent}"),
            ),
            (
                "child.toml",
                &format!("extends = [\"parent.toml\"]\n[password_policy]\nminimum_length = {child}"),
            ),
        ]);
        cells_in(&folder, "child.toml")
    };
    assert_snapshot!(of("{ exactly = 8 }", "14"), @"password_policy account: minimum_length = 14");
    assert_snapshot!(of("14", "{ exactly = 8 }"), @"password_policy account: [minimum_length], exactly = 8");
    assert_snapshot!(of("{ exactly = 8 }", "{ exactly = 10 }"), @"password_policy account: [minimum_length], exactly = 10");
}
