use super::*;

const VPC: &str = "[default_vpc]\nstate = \"absent\"\n";

#[test]
fn a_control_of_the_account_has_one_cell_and_comes_in_the_order_of_the_list() {
    let text = format!("{VPC}[password_policy]\nminimum_length = 14\n[account]\nregions = [\"us-east-1\"]");
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
