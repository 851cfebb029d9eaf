use jiff::civil::{Date, date};
use trueup_core::env::Run;
use trueup_core::values::Required;

use trueup_core::fault::{Fault, FaultKind};

use super::live::{self, Read, Summary};
use super::*;
use crate::credential_report::Use;
use crate::testing;

const TODAY: Date = date(2026, 11, 25);

/// A root user as it should be: a password with MFA, and nothing else.
const SEALED: Summary = Summary {
    access_keys: false,
    mfa: true,
    password: true,
    signing_certificates: false,
};

fn model(text: &str) -> Model {
    toml::from_str(text).unwrap()
}

fn example() -> Model {
    let table: toml::Table = RootUser::DOC.example.parse().unwrap();
    table[RootUser::NAME].clone().try_into().unwrap()
}

fn used(last: Option<Date>, created: Date) -> Option<Use> {
    Some(Use {
        last,
        created: Some(created),
    })
}

fn read(
    summary: Summary,
    virtual_devices: i32,
    used: Option<Use>,
    days: Option<i32>,
    today: Date,
) -> Observed<Model, Ids> {
    let found = Read {
        summary,
        virtual_devices: summary.mfa.then_some(Ok(virtual_devices)),
        used: used.map(Ok),
    };
    live::read(found, days, today)
}

fn refused(call: &str) -> Failure {
    Failure(Fault {
        kind: FaultKind::Denied,
        call: call.to_owned(),
        code: Some("AccessDenied".to_owned()),
        message: "not authorized".to_owned(),
        request_id: Some("changes".to_owned()),
    })
}

/// A reading of an account of many years whose root user nobody needed for long.
fn seen(want: &Model, summary: Summary, virtual_devices: i32) -> Observed<Model, Ids> {
    let unused = used(Some(date(2025, 1, 1)), date(2020, 1, 1));
    read(summary, virtual_devices, unused, want.unused_for_days, TODAY)
}

fn plan(want: &Model, seen: &Observed<Model, Ids>) -> String {
    testing::told(&testing::found::<RootUser>(want, seen))
}

fn whole() -> Summary {
    Summary {
        access_keys: true,
        mfa: false,
        password: true,
        signing_certificates: true,
    }
}

#[test]
fn a_sealed_root_user_needs_nothing() {
    let want = example();
    assert_eq!(plan(&want, &seen(&want, SEALED, 2)), "");
}

#[test]
fn everything_that_is_open_is_a_persons_work_with_steps_and_page() {
    let want = example();
    insta::assert_snapshot!(plan(&want, &seen(&want, whole(), 0)), @r"
    person: delete the root user's access keys: sign in as the root user, open Security credentials, deactivate each key, and delete it once nothing fails without it; in an organization with centralised root access the management account can do it too. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user_manage_delete-key.html
    person: delete the root user's X.509 signing certificates: sign in as the root user, open Security credentials and delete them there. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user.html
    person: protect the root user with MFA: sign in as the root user, open Security credentials and choose Assign MFA device, until there are 2, so that a lost one locks nobody out (passkeys, hardware keys or authenticator apps). https://docs.aws.amazon.com/IAM/latest/UserGuide/enable-mfa-for-root.html
    ");
}

#[test]
fn a_key_that_is_not_written_is_not_looked_at() {
    let open = seen(&example(), whole(), 1);
    assert_eq!(plan(&model("access_keys = \"present\""), &open), "");
    assert_eq!(plan(&Model::default(), &open), "");
    for (written, asks) in [
        ("access_keys = \"absent\"", "access keys"),
        ("signing_certificates = \"absent\"", "certificates"),
        ("mfa = \"required\"", "MFA"),
        ("mfa_devices = 2", "until there are 2"),
        ("hardware_mfa = \"required\"", "no authenticator app"),
    ] {
        let told = plan(&model(written), &open);
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.starts_with("person: ") && told.contains(asks), "{told}");
    }
}

#[test]
fn in_govcloud_where_root_cannot_sign_in_its_keys_are_all_there_is_to_remove() {
    let want = example();
    let plan = |want: &Model, summary: Summary| {
        let seen = seen(want, summary.in_partition("aws-us-gov"), 0);
        testing::told(&testing::found_at::<RootUser>("us-gov-west-1", want, &seen))
    };
    let new = Summary {
        access_keys: false,
        mfa: false,
        password: true,
        signing_certificates: false,
    };
    assert_eq!(plan(&want, new), "");
    let with_keys = Summary {
        access_keys: true,
        ..new
    };
    let told = plan(&want, with_keys);
    insta::assert_snapshot!(told, @"person: delete the root user's access keys: in AWS GovCloud (US) the root user cannot sign in to the console, so MFA cannot protect them. With one of the keys as credentials, run `aws iam list-access-keys`, deactivate each key with `aws iam update-access-key`, check that nothing fails without it, and delete it with `aws iam delete-access-key`; delete the key that you are using last. https://docs.aws.amazon.com/govcloud-us/latest/UserGuide/govcloud-account-root-user.html");
    // MFA alone asks for the same.
    assert_eq!(plan(&model("mfa = \"required\""), with_keys), told);
    assert_eq!(plan(&model("unused_for_days = 30"), with_keys), "");
}

#[test]
fn a_root_user_without_credentials_needs_no_mfa() {
    let none = Summary {
        access_keys: false,
        mfa: false,
        password: false,
        signing_certificates: false,
    };
    let want =
        model("mfa = \"required\"\nmfa_devices = 3\nhardware_mfa = \"required\"\nunused_for_days = 30");
    let seen = seen(&want, none, 0);
    assert_eq!(plan(&want, &seen), "");
    assert_eq!(seen.model.mfa, Some(Required::Required));
    // With keys alone there is something to protect.
    let keys = Summary {
        access_keys: true,
        ..none
    };
    assert!(!read(keys, 0, None, None, TODAY).ids.without_credentials);
}

#[test]
fn devices_beyond_those_that_can_be_seen_are_attested() {
    let want = example();
    for (visible, sure) in [(0, 1), (1, 1)] {
        let told = plan(&want, &seen(&want, SEALED, visible));
        assert!(
            told.starts_with("person, unless root_mfa is attested: see that the root user has 2 MFA devices"),
            "{told}"
        );
        assert!(told.contains(&format!("trueup is sure of {sure},")), "{told}");
        assert_eq!(told.lines().count(), 1);
    }
    assert_eq!(plan(&want, &seen(&want, SEALED, 3)), "");
}

#[test]
fn an_attestation_cannot_stand_for_mfa_that_is_off() {
    let want = example();
    let off = Summary { mfa: false, ..SEALED };
    let out = testing::found::<RootUser>(&want, &seen(&want, off, 0));
    assert_eq!(out.people.len(), 1);
    assert_eq!(out.people[0].attestation, None);
}

#[test]
fn a_virtual_device_is_no_hardware() {
    let want = model("hardware_mfa = \"required\"");
    assert_eq!(plan(&want, &seen(&want, SEALED, 0)), "");
    let told = plan(&want, &seen(&want, SEALED, 1));
    assert!(
        told.starts_with("person: replace the root user's virtual MFA device"),
        "{told}"
    );
}

#[test]
fn recent_use_is_to_be_looked_into() {
    let want = model("unused_for_days = 30");
    let at = |last| read(SEALED, 0, used(Some(last), date(2020, 1, 1)), Some(30), TODAY);
    insta::assert_snapshot!(plan(&want, &at(date(2026, 10, 27))), @"person: find out who used the root user on 2026-10-27 and what for: CloudTrail has it under the user name root. What another user or role can do is theirs from now on. trueup asks for 30 days without use. https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-tasks.html");
    assert_eq!(plan(&want, &at(date(2026, 10, 26))), "");
    assert_eq!(at(date(2026, 10, 26)).ids, Ids::default());
}

#[test]
fn a_new_account_is_let_off_until_it_is_old_enough() {
    let want = model("unused_for_days = 30");
    let made = |created| read(SEALED, 0, used(Some(TODAY), created), Some(30), TODAY);
    insta::assert_snapshot!(plan(&want, &made(date(2026, 10, 27))), @"note: the account was made on 2026-10-27: use of the root user counts once it is 30 days old");
    assert!(plan(&want, &made(date(2026, 10, 26))).starts_with("person: find out who used"));
}

#[test]
fn a_root_user_that_was_never_used_is_unused() {
    let want = model("unused_for_days = 30");
    let never = read(SEALED, 0, used(None, date(2020, 1, 1)), Some(30), TODAY);
    assert_eq!(plan(&want, &never), "");
}

#[test]
fn what_trueup_found_does_not_move_from_day_to_day() {
    let tomorrow = date(2026, 11, 26);
    for last in [Some(date(2025, 1, 1)), Some(date(2026, 11, 1)), None] {
        let on = |day| read(SEALED, 1, used(last, date(2020, 1, 1)), Some(30), day);
        assert_eq!(on(TODAY), on(tomorrow));
    }
}

#[test]
fn a_report_that_is_refused_leaves_the_rest_judged_and_only_the_last_use_unread() {
    let want = example();
    let found = |summary: Summary, devices| Read {
        summary,
        virtual_devices: Some(devices),
        used: Some(Err(refused("iam:GenerateCredentialReport"))),
    };
    let open = live::read(found(whole(), Ok(0)), want.unused_for_days, TODAY);
    let told = plan(&want, &open);
    assert_eq!(
        told.lines().filter(|line| line.starts_with("person: ")).count(),
        3,
        "{told}"
    );
    let last = told.lines().last().unwrap();
    assert_eq!(
        last,
        "unread: the root user's last use is not known: iam:GenerateCredentialReport: AccessDenied"
    );
    let sealed = live::read(found(SEALED, Ok(2)), want.unused_for_days, TODAY);
    assert_eq!(plan(&want, &sealed), last);
}

#[test]
fn devices_that_cannot_be_listed_are_unread_and_never_taken_for_hardware() {
    let found = Read {
        summary: SEALED,
        virtual_devices: Some(Err(refused("iam:ListVirtualMFADevices"))),
        used: None,
    };
    let seen = live::read(found, None, TODAY);
    assert_eq!(seen.model.hardware_mfa, None);
    insta::assert_snapshot!(
        plan(&model("mfa = \"required\"\nhardware_mfa = \"required\""), &seen),
        @"unread: the root user's virtual MFA devices are not known: iam:ListVirtualMFADevices: AccessDenied"
    );
}

#[test]
fn trueup_says_when_it_is_the_root_user_itself() {
    let run = Run {
        is_root: true,
        ..Run::default()
    };
    let want = model("unused_for_days = 30");
    let seen = read(SEALED, 0, used(Some(TODAY), date(2020, 1, 1)), Some(30), TODAY);
    let told = testing::told(&testing::found_in::<RootUser>(&want, &seen, run));
    assert!(told.contains("(trueup runs as it now)"), "{told}");
    assert!(
        told.contains("note: trueup itself runs as the root user"),
        "{told}"
    );
}

#[test]
fn billing_access_is_for_a_person_to_vouch_for() {
    let want = model("billing_access = \"required\"");
    let told = plan(&want, &seen(&want, SEALED, 0));
    assert!(
        told.starts_with("person, unless billing_access is attested: activate IAM access to billing"),
        "{told}"
    );
}

#[test]
fn what_is_exported_holds_then_and_later() {
    for (summary, devices, last) in [
        (SEALED, 2, Some(date(2026, 1, 1))),
        (whole(), 0, Some(TODAY)),
        (SEALED, 0, None),
    ] {
        let last = used(last, date(2020, 1, 1));
        let exported = read(summary, devices, last, None, TODAY).model;
        assert_eq!(RootUser::check(&exported), [], "{exported:?}");
        let table = toml::Table::try_from(&exported).unwrap();
        assert_eq!(table.try_into::<Model>().unwrap(), exported);
        for day in [TODAY, date(2027, 11, 25)] {
            let seen = read(summary, devices, last, exported.unused_for_days, day);
            assert_eq!(plan(&exported, &seen), "");
        }
    }
}

#[test]
fn numbers_out_of_range_and_a_silent_table_are_mistakes() {
    assert_eq!(
        RootUser::check(&model("mfa_devices = 9\nunused_for_days = 0")),
        [
            ("mfa_devices", "9 is out of range; expected 1 to 8".to_owned()),
            (
                "unused_for_days",
                "0 is out of range; expected 1 to 3650".to_owned()
            ),
        ]
    );
    assert_eq!(RootUser::check(&Model::default()).len(), 1);
    assert_eq!(RootUser::check(&example()), []);
}
