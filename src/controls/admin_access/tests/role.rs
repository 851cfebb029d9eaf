//! Who gets into the administrators' role, and what it may do.

use super::*;

#[test]
fn a_trust_that_lets_users_in_without_mfa_gets_the_demand_alone() {
    let seen = with(|seen| {
        seen.ids.role.as_mut().unwrap().trust = policy(
            r#"{"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"},
                {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#,
        );
    });
    insta::assert_snapshot!(told(&want(), &seen), @"
    set who may assume the role administrator, with MFA (Bool) [disruptive]
      ! no longer let in: users without MFA, the roles of account 111122223333 (a role session carries no MFA)
    note: the role administrator lets others in without MFA, which stays as it is: ec2.amazonaws.com
    ");
}

#[test]
fn the_weaker_condition_is_only_what_was_written_and_warned_of() {
    let weak = Model {
        mfa_condition: Some(MfaCondition::BoolIfExists),
        ..want()
    };
    let seen = with(|seen| {
        seen.ids.role.as_mut().unwrap().trust = trust(MfaCondition::BoolIfExists);
    });
    insta::assert_snapshot!(told(&weak, &seen), @r#"
    note: the role administrator lets others in without MFA, which stays as it is: the roles of account 111122223333
    note: mfa_condition = "BoolIfExists" lets access keys assume the role without MFA; "Bool" does not
    "#);
    insta::assert_snapshot!(told(&want(), &seen), @"
    set who may assume the role administrator, with MFA (Bool) [disruptive]
      ! no longer let in: users without MFA, the roles of account 111122223333 (a role session carries no MFA)
    ");
    insta::assert_snapshot!(told(&weak, &live()), @r#"
    note: the trust of the role administrator demands MFA of access keys too, which stays
    note: mfa_condition = "BoolIfExists" lets access keys assume the role without MFA; "Bool" does not
    "#);
}

#[test]
fn a_trust_that_shuts_the_administrators_out_lets_them_in_again() {
    let with_trust = |text: &str| with(|seen| seen.ids.role.as_mut().unwrap().trust = policy(text));
    let turned = with_trust(
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
            "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}}"#,
    );
    insta::assert_snapshot!(told(&want(), &turned), @"
    set who may assume the role administrator, with MFA (Bool) [disruptive]
      ! users of account 111122223333 who have signed in with MFA can assume it from then on
    ");
    let limited = with_trust(
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "111122223333"},
            "Action": "sts:AssumeRole", "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/ci"}}}}"#,
    );
    insta::assert_snapshot!(told(&want(), &limited), @"
    set who may assume the role administrator, with MFA (Bool) [disruptive]
      ! users of account 111122223333 who have signed in with MFA can assume it from then on
    note: the role administrator lets others in without MFA, which stays as it is: arn:aws:iam::111122223333:role/ci
    ");
    // One of two.
    let alone = with_trust(
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:user/alice"},
            "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}}"#,
    );
    insta::assert_snapshot!(told(&want(), &alone), @"
    set who may assume the role administrator, with MFA (Bool) [disruptive]
      ! users of account 111122223333 who have signed in with MFA can assume it from then on
    ");
    let both = with_trust(
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS":
            ["arn:aws:iam::111122223333:user/alice", "arn:aws:iam::111122223333:user/bob"]},
            "Action": "sts:AssumeRole", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}}"#,
    );
    assert_eq!(told(&want(), &both), "");
}

#[test]
fn a_deny_of_somebodys_own_blocks_and_lets_no_one_become_an_administrator() {
    let seen = with(|seen| {
        let role = seen.ids.role.as_mut().unwrap();
        role.lacks_administrator_access = true;
        role.trust = policy(
            r#"{"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"},
                {"Sid": "Lock", "Effect": "Deny", "Principal": "*", "Action": "*"}]}"#,
        );
    });
    insta::assert_snapshot!(told(&want(), &seen), @"refused for role: the trust of the role administrator is left as it is: statement Lock of it denies the account's users also with MFA: take it out first");
}

#[test]
fn a_trust_that_demands_more_than_the_file_stays_and_is_told_of() {
    let aged = with(|seen| {
        seen.ids.role.as_mut().unwrap().trust = role_trust::trust(
            OWN,
            Demand {
                mfa: MfaCondition::Bool,
                max_age: Some(900),
            },
        );
    });
    assert_eq!(told(&want(), &aged), "");
    let older = model("role = \"administrator\"\nmfa_max_age_seconds = 3600");
    insta::assert_snapshot!(told(&older, &aged), @"note: the trust of the role administrator accepts a sign-in with MFA for 900 seconds, less than the file asks for, which stays");
    let any = model("role = \"administrator\"\nmfa_max_age_seconds = \"none\"");
    insta::assert_snapshot!(told(&any, &aged), @"note: the trust of the role administrator accepts a sign-in with MFA for 900 seconds, less than the file asks for, which stays");
}

#[test]
fn deleted_principals_are_named_and_left_out_of_what_is_sent() {
    let seen = |condition: &str| {
        with(|seen| {
            seen.ids.role.as_mut().unwrap().trust = policy(&format!(
                r#"{{"Version": "2012-10-17", "Statement": [
                    {{"Sid": "Old", "Effect": "Allow", "Principal": {{"AWS": "AROAEXAMPLEEXAMPLE123"}}, "Action": "sts:AssumeRole"}},
                    {{"Effect": "Allow", "Principal": {{"AWS": "111122223333"}}, "Action": "sts:AssumeRole"{condition}}}]}}"#
            ));
        })
    };
    insta::assert_snapshot!(told(&want(), &seen("")), @"
    set who may assume the role administrator, with MFA (Bool) [disruptive]
      ! no longer let in: users without MFA, the roles of account 111122223333 (a role session carries no MFA)
    note: the trust of the role administrator names deleted principals, which let no one in: AROAEXAMPLEEXAMPLE123 (statement Old); they are left out of the document that is sent
    ");
    let strict = seen(r#", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}"#);
    insta::assert_snapshot!(told(&want(), &strict), @"note: the trust of the role administrator names deleted principals, which let no one in: AROAEXAMPLEEXAMPLE123 (statement Old); IAM takes no document that names them: they have to be left out once it is changed");
}

#[test]
fn a_policy_that_denies_everything_is_taken_away_with_consent() {
    let seen = with(|seen| {
        let all = policy(
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}"#,
        );
        let others = &mut seen.ids.role.as_mut().unwrap().others;
        others.attached = [("arn:aws:iam::aws:policy/AWSDenyAll".to_owned(), all.clone())].into();
        others.inline = [("quarantine".to_owned(), all)].into();
    });
    insta::assert_snapshot!(told(&want(), &seen), @"
    detach arn:aws:iam::aws:policy/AWSDenyAll from the role administrator [safe]
      weakens: arn:aws:iam::aws:policy/AWSDenyAll denies the role everything; without it the role has every permission
    delete the inline policy quarantine of the role administrator [destructive]
      weakens: quarantine denies the role everything; without it the role has every permission
    ");
}

#[test]
fn a_boundary_is_put_where_the_file_names_it_and_never_taken_away() {
    let ours = "arn:aws:iam::111122223333:policy/ours";
    let bounded = Model {
        permissions_boundary: Some(ours.to_owned().into()),
        ..want()
    };
    let live_with =
        |boundary: &str| with(|seen| seen.ids.role.as_mut().unwrap().boundary = Some(boundary.to_owned()));
    assert_eq!(told(&bounded, &live_with(ours)), "");
    insta::assert_snapshot!(told(&bounded, &live()), @"
    limit the role administrator by the permissions boundary arn:aws:iam::111122223333:policy/ours [disruptive]
      ! sessions of the role can no longer do what the boundary does not allow
    ");
    insta::assert_snapshot!(told(&bounded, &live_with("arn:aws:iam::111122223333:policy/theirs")), @r#"refused for permissions_boundary: the role administrator has the permissions boundary arn:aws:iam::111122223333:policy/theirs, which the file does not name: write permissions_boundary = "arn:aws:iam::111122223333:policy/theirs", or take it from the role"#);
    insta::assert_snapshot!(told(&want(), &live_with(ours)), @r#"refused for permissions_boundary: the role administrator has the permissions boundary arn:aws:iam::111122223333:policy/ours, which the file does not name: write permissions_boundary = "arn:aws:iam::111122223333:policy/ours", or take it from the role"#);
}
