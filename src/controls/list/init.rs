//! The first baseline of an account.

use trueup_core::baseline::Filters;
use trueup_core::init;

use super::*;

fn baseline(env: &Env, alias: Option<&str>) -> String {
    init::baseline(&controls(), BUILT_IN, env, alias)
}

fn env() -> Env {
    Env {
        account: "123456789012".to_owned(),
        partition: "aws".to_owned(),
        home: "eu-west-1".parse().unwrap(),
        enabled: vec!["eu-west-1".parse().unwrap()],
        run: Run::default(),
    }
}

#[test]
fn a_first_baseline_loads_as_it_is_and_wants_what_is_recommended() {
    let text = baseline(&env(), Some("acme\nprod"));
    let loaded = load_text("baseline.toml", &text).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(loaded.account_id(), Some("123456789012"));
    assert_eq!(loaded.home_region(), Some(&env().home));
    let wants = loaded.wants(&env(), &env().enabled, &Filters::default()).unwrap();
    let names: Vec<&str> = wants.iter().map(|want| want.control.as_str()).collect();
    let recommended: toml::Table = BUILT_IN[1].text.parse().unwrap();
    let recommended: Vec<&String> = recommended.keys().collect();
    assert_eq!(names, recommended);
}

#[test]
fn every_control_is_named_and_every_hint_can_be_taken_as_it_is() {
    let text = baseline(&env(), None);
    let (head, hints) = text.split_once("# More that").unwrap();
    let head = head.replace("# alias = ", "alias = ");
    let uncommented: String = hints
        .lines()
        .skip(1)
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| !line.contains(". Cost: "))
        .flat_map(|line| [line, "\n"])
        .collect();
    let loaded = load_text("baseline.toml", &format!("{head}\n{uncommented}"))
        .unwrap_or_else(|problems| panic!("{problems}"));
    assert!(loaded.controls().eq(controls().names()));
    for name in controls().names() {
        assert!(text.contains(name.as_str()), "{name}");
    }
}

#[test]
fn a_first_baseline_reads_well() {
    insta::assert_snapshot!(baseline(&env(), Some("acme-prod")), @r#"
    # What the AWS account 123456789012 (acme-prod) must look like.
    #
    #   trueup plan    shows what differs          trueup apply    makes it true

    # Built in: what is free and wanted in nearly every account. `extends` takes paths too, and what is written below
    # wins over what they say.
    extends = ["recommended@1"]

    [account]
    id = "123456789012"               # any other account is refused
    home_region = "eu-west-1"
    # alias = "acme-prod"             # the name in the sign-in address, unique among all accounts of AWS
    regions = "enabled"               # or a list, such as ["eu-west-1"]; exclude_regions takes some out

    # recommended@1 manages root_user, password_policy, ebs_encryption, s3_public_access_block and access_analyzer. A table of the same name
    # changes single keys of it, and `manage = "off"` in it takes it back.

    # More that trueup keeps true. Take away the leading `# ` of a table to have it; `trueup controls NAME` says more.

    # Alternate contacts. Cost: free.
    # [alternate_contacts.billing]
    # name = "Accounting"
    # title = "Accountant"
    # email = "billing@example.com"
    # phone = "+81 3-1234-5678"
    #
    # [alternate_contacts.operations]
    # name = "Operations"
    # title = "Operations manager"
    # email = "operations@example.com"
    # phone = "+81 3-1234-5678"
    #
    # [alternate_contacts.security]
    # name = "Security"
    # title = "Security officer"
    # email = "security@example.com"
    # phone = "+81 3-1234-5678"

    # Contact information. Cost: free.
    # [contact_information]
    # phone = "+81 3-1234-5678"    # only the written keys are managed
    # phone_tested = "required"    # verified by AWS, or called by a person who writes [attestations.contact_phone]

    # Amazon SNS topic. Cost: 1,000 e-mails a month are free, then 2 USD for 100,000.
    # [alerts]
    # topic = "account-alerts"          # made in the home region; or topic_arn of one that exists
    # emails = ["security@example.com"] # each has to confirm once, by a link in a mail from AWS
    # # https = ["https://alerts.example.com/aws"]

    # AWS Budgets. Cost: free.
    # [budgets.monthly]
    # amount = "100"
    # unit = "USD"
    # period = "monthly"
    # include_credits = false      # AWS's default hides what is spent behind credits
    # include_refunds = false
    # notifications = [
    #   { on = "actual", above_percent = 80, to = ["billing@example.com"] },
    #   { on = "forecasted", above_percent = 100, to = ["billing@example.com"] },
    # ]

    # AWS Cost Anomaly Detection. Cost: free.
    # [cost_anomaly_detection]
    # frequency = "daily"
    # impact_absolute = "50"       # in US dollars
    # impact_percent = "none"      # what AWS itself subscribes asks for 40 percent too
    # to = ["billing@example.com"]

    # S3 bucket for logs. Cost: 0.023 USD a month for each GB and 0.005 USD for 1,000 files; roughly 0.05 to 1 USD a month for the logs of a small account.
    # [log_bucket]
    # name = "audit-logs-{account_id}-{home_region}"
    # block_public_access = true
    # ownership = "bucket_owner_enforced"
    # encryption = "AES256"             # or "aws:kms" with kms_key
    # versioning = true
    # tls_only = true
    # expire_after_days = 2557          # or "never"
    # old_versions_expire_after_days = 30
    # # archive_after_days = 90
    # # archive_class = "glacier"

    # AWS CloudTrail. Cost: the first trail is free but for storage; CloudWatch Logs 0.50 USD a GB, roughly 0.50 to 5 USD a month; a second trail 2 USD for 100,000 events.
    # [cloudtrail]
    # name = "management-events"
    # # bucket = "central-logs"         # that of [log_bucket] unless it is written
    # multi_region = true
    # log_file_validation = true
    # log_group = "/aws/cloudtrail/management-events"
    # log_retention_days = 365          # or "never"
    # # kms_key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

    # Metric filters and alarms on the trail. Cost: 10 metrics and 10 alarms are free; each further monitor 0.40 USD a month, all 17 of the checklist 2.80 to 6.80 USD.
    # [monitors]
    # # patterns = "exact"          # to the letter what Security Hub's controls of CIS 1.4 demand
    # root_usage = true
    # console_sign_in_failures = true
    # console_sign_in_without_mfa = true
    # network_acl_changes = true
    # vpc_changes = true
    # network_gateway_changes = true
    # security_group_changes = true
    # iam_policy_changes = true
    # iam_role_changes = true
    # iam_user_creation = true
    # access_key_creation = true
    # cloudtrail_changes = true
    # switch_role_failures = { threshold = 3 }
    # s3_bucket_policy_changes = true
    # kms_key_disabled_or_deletion = true
    # kms_disabled_key_use = true
    # unauthorized_api_calls = { threshold = 5, period = 300 }
    # # config_changes, route_table_changes, organizations_changes: asked for by CIS beyond

    # AWS Health events through EventBridge. Cost: free; forwarding costs 1 USD for a million events.
    # [health_events]
    # coverage = "minimal"      # what us-east-1 and us-west-2 hear; "full": public events of all regions
    # message = [
    #   "<type>: <service> in <region>",
    #   "<eventTypeCode> since <startTime>",
    #   "<eventDescription>",
    #   "https://health.aws.amazon.com/health/home",
    # ]

    # Administrators: IAM group, users and role. Cost: free.
    # [admin_access]
    # group = "administrators"      # may switch to the role; its members manage their own password and MFA
    # users = ["alice"]             # exactly these; made without password and keys
    # role = "administrator"        # has AdministratorAccess, and only with MFA
    # mfa_condition = "Bool"        # "BoolIfExists" lets access keys in without MFA
    # # mfa_max_age_seconds = 3600
    # # max_session_seconds = 3600
    # # access_key_max_age_days = 90
    # # satisfied_by = "identity_center"      # where IAM Identity Center has administrators, they are enough

    # Role for AWS Support. Cost: free.
    # [support_role]
    # role = "support"              # has AWSSupportAccess; another role that has it is enough
    # # principals = ["arn:aws:iam::123456789012:user/alice"]     # exactly these; a new role lets the account in, with MFA
    # # role_description = "Opens and follows cases of AWS Support"

    # Default VPC. Cost: free.
    # [default_vpc]
    # state = "absent"           # refused where anything uses it; "present" restores it

    # Amazon GuardDuty. Cost: roughly 1 to 5 USD a month in an idle account, each feature up to 1.50 USD more in a small one; 30 days free.
    # [guardduty]
    # enabled = true
    # publish_findings_every = "fifteen_minutes"
    #
    # [guardduty.features]       # a new detector has only what is true here; an existing one keeps what is not written
    # s3_data_events = true

    # AWS Config recorder. Cost: 0.003 USD a recorded change, 0.012 USD a daily record; roughly 2 to 10 USD a month in a small account, much more where much changes.
    # [config_recorder]
    # enabled = true
    # frequency = "continuous"
    # exclude = []                     # everything is recorded
    # global_resource_types = true     # IAM's, in one region: the home region if it can
    # # bucket = "central-logs"         # that of [log_bucket] unless it is written or the region delivers already
    # # daily = ["AWS::EC2::NetworkInterface"]   cheaper only for what changes often; later detection

    # AWS Security Hub CSPM. Cost: 0.001 USD a check; two standards in 17 regions are roughly 20 to 60 USD a month in a small account; 30 days free.
    # [security_hub]             # its checks need [config_recorder], or another recorder that runs
    # enabled = true
    # aggregate_in_home_region = true
    #
    # [security_hub.standards]   # a new hub has only what is true here; an existing one keeps what is not written
    # "aws-foundational-security-best-practices/1.0.0" = true
    # "cis-aws-foundations-benchmark/5.0.0" = true

    # EC2 settings of the account. Cost: free.
    # [ec2_defaults]
    # snapshot_public_access = "block_all_sharing"     # "block_new_sharing" spares those that are public; "unblocked"
    # image_public_access = "block_new_sharing"        # "unblocked"; AWS shows a change within 10 minutes
    # serial_console = false
    #
    # [ec2_defaults.instance_metadata]                 # of new instances; what a launch says itself goes before
    # http_tokens = "required"                         # IMDSv2 alone; "optional", "no_preference"
    # http_put_response_hop_limit = 2                  # 1 to 64; containers need 2; "no_preference"
    # # http_endpoint = "enabled"                      # each of these: "enabled", "disabled", "no_preference"
    # # instance_metadata_tags = "disabled"
    # # http_tokens_enforced = "enabled"               # what could be launched with IMDSv1 no longer starts
    "#);
}
