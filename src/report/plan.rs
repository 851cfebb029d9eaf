//! A plan as a person reads it: differences and steps, the matrix, what needs attention, what it costs,
//! one line at the end.

use trueup_aws::{Address, Caller};
use trueup_core::control::Controls;
use trueup_core::plan_file::Document;

use super::{Style, costs, differences, matrix, remarks, summary, visible};

pub use super::summary::line as summary_line;

/// How the account was reached.
#[derive(Clone, Copy, Debug)]
pub struct Reached<'a> {
    /// The caller.
    pub caller: &'a Caller,
    /// The addresses of services, where they are not AWS's own.
    pub addresses: &'a [Address],
}

/// The whole plan. `reached` is known to the run that made it: a saved plan does not say.
pub fn text(controls: &Controls, doc: &Document, reached: Option<Reached<'_>>, style: &Style) -> String {
    let doc = &visible::document(doc);
    let mut sections = vec![head(doc, reached, style)];
    sections.extend(differences::text(controls, doc, style));
    if !doc.cells.is_empty() {
        sections.push(matrix::text(doc, style));
    }
    sections.extend(remarks::text(doc, style));
    sections.extend(costs::text(doc, style));
    sections.push(format!("{}\n", style.bold(&summary_line(doc))));
    sections.join("\n")
}

fn head(doc: &Document, reached: Option<Reached<'_>>, style: &Style) -> String {
    let env = &doc.account;
    let alias = reached
        .and_then(|reached| reached.caller.alias.as_deref())
        .map(|alias| format!(" ({})", visible::line(alias)))
        .unwrap_or_default();
    let mut rows = vec![
        ("baseline", summary::scope(doc)),
        ("account", style.bold(&format!("{}{alias}", env.account))),
    ];
    if let Some(Reached { caller, addresses }) = reached {
        let root = if caller.is_root { " (the root user)" } else { "" };
        rows.push(("caller", format!("{}{root}", visible::line(&caller.arn))));
        rows.extend(addresses.iter().map(|address| {
            let whose = address.service.map(|service| format!(" ({service})"));
            (
                "endpoint",
                format!("{}{}", address.url, whose.unwrap_or_default()),
            )
        }));
    }
    rows.push(("home region", env.home.to_string()));
    rows.push((
        "regions",
        format!("{} enabled in partition {}", env.enabled.len(), env.partition),
    ));
    rows.into_iter()
        .map(|(label, value)| format!("{} {value}\n", style.dim(&format!("{label:11}"))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixtures;
    use super::*;

    #[test]
    fn a_plan_of_a_new_account_shows_every_step_in_few_lines() {
        let doc = fixtures::fresh();
        insta::assert_snapshot!(text(&fixtures::controls(), &doc, Some(fixtures::reached()), &Style::PLAIN), @r#"
        baseline    baseline.toml
        account     123456789012 (acme-prod)
        caller      arn:aws:sts::123456789012:assumed-role/administrator/alice
        home region ap-northeast-1
        regions     17 enabled in partition aws

        password_policy (IAM password policy)
              [password_policy]
            - state = "absent"
            + minimum_length = 14
            + require_symbols = true
            + require_numbers = true
            + reuse_prevention = 24
            + max_age_days = 180

          + 1  set the IAM password policy  (disruptive)
               ! passwords older than 180 days expire at once

        ebs_encryption (EBS encryption by default)
          in all 17 regions
              [ebs_encryption]
            - enabled = false
            + enabled = true

          ~ 2–18  encrypt new EBS volumes by default  (one in each)

        s3_public_access_block (S3 Block Public Access of the account)
              [s3_public_access_block]
            - state = "absent"
            + block_public_acls = true
            + ignore_public_acls = true
            + block_public_policy = true
            + restrict_public_buckets = true

          + 19  set the account's S3 public access block: all four on  (disruptive)
                ! bucket `www.example.com` has a public policy

        default_vpc (Default VPC)
          in all 17 regions
              [default_vpc]
            - state = "present"
            + state = "absent"

          - a  delete subnet subnet-… (…)  (destructive, one after the other)
          - b  detach internet gateway igw-… from vpc-…  (destructive, after a)
          - c  delete internet gateway igw-…  (destructive, after b)
          - d  delete the default VPC vpc-…  (destructive, after c)
               ! not looked for: DB, cache and other subnet groups, Auto Scaling groups,
                 launch templates, idle Lambda functions, route servers, local gateways
                 of Outposts, Route 53 private hosted zones, Resolver and DNS Firewall
                 rules

                            a         b    c    d
            ap-northeast-1  20–22     23   24   25  vpc-00000a1b2c3d4e5f6
            ap-northeast-2  26–29     30   31   32  vpc-00100a1b2c3d4e5f6
            ap-northeast-3  33–35     36   37   38  vpc-00200a1b2c3d4e5f6
            ap-south-1      39–41     42   43   44  vpc-00300a1b2c3d4e5f6
            ap-southeast-1  45–47     48   49   50  vpc-00400a1b2c3d4e5f6
            ap-southeast-2  51–53     54   55   56  vpc-00500a1b2c3d4e5f6
            ca-central-1    57–59     60   61   62  vpc-00600a1b2c3d4e5f6
            eu-central-1    63–65     66   67   68  vpc-00700a1b2c3d4e5f6
            eu-north-1      69–71     72   73   74  vpc-00800a1b2c3d4e5f6
            eu-west-1       75–77     78   79   80  vpc-00900a1b2c3d4e5f6
            eu-west-2       81–83     84   85   86  vpc-00a00a1b2c3d4e5f6
            eu-west-3       87–89     90   91   92  vpc-00b00a1b2c3d4e5f6
            sa-east-1       93–95     96   97   98  vpc-00c00a1b2c3d4e5f6
            us-east-1       99–104    105  106  107 vpc-00d00a1b2c3d4e5f6
            us-east-2       108–110   111  112  113 vpc-00e00a1b2c3d4e5f6
            us-west-1       114, 115  116  117  118 vpc-00f00a1b2c3d4e5f6
            us-west-2       119–122   123  124  125 vpc-01000a1b2c3d4e5f6

        guardduty (Amazon GuardDuty)
          in 16 regions (all but us-east-1)
              [guardduty]
            - enabled = false
            + enabled = true
            + publish_findings_every = "fifteen_minutes"
            +
            + [guardduty.features]
            + s3_data_events = true

          + 126–138, 140–142  enable GuardDuty: findings every 15 minutes,
                  s3_data_events on  (one in each)

          in us-east-1
              [guardduty]
              enabled = true
            - publish_findings_every = "six_hours"
            + publish_findings_every = "fifteen_minutes"

              [guardduty.features]

          ~ 139  change GuardDuty: findings every 15 minutes

        A letter is a step that each region of its table has, under those numbers.
        `--region` with one region, or `--json`, shows every step in full.

                                         ap           ca  eu         sa  us
                                         n n n s s s  c   c n w w w  e   e e w w
                                         e e e   e e
                                account  1 2 3 1 1 2  1   1 1 1 2 3  1   1 2 1 2
        password_policy         +
        ebs_encryption                   ~ ~ ~ ~ ~ ~  ~   ~ ~ ~ ~ ~  ~   ~ ~ ~ ~
        s3_public_access_block  +
        default_vpc                      - - - - - -  -   - - - - -  -   - - - -
        guardduty                        + + + + + +  +   + + + + +  +   ~ + + +

        + adds   ~ changes   - destroys

        It would cost 1 to 6.40 USD a month
          guardduty  1 to 6.40 USD  16 regions
          → estimated for a small account by list prices of us-east-1, without free
            trials; `trueup controls NAME` says what each is metered by

        Plan: 18 to add, 18 to change, 106 to destroy.
        "#);
    }

    #[test]
    fn a_plan_of_a_busy_account_says_what_is_in_the_way() {
        let doc = fixtures::busy();
        insta::assert_snapshot!(text(&fixtures::controls(), &doc, None, &Style::PLAIN), @r#"
        baseline    baseline.toml
        account     123456789012
        home region ap-northeast-1
        regions     17 enabled in partition aws

        password_policy (IAM password policy)
              [password_policy]
            - state = "absent"
            + minimum_length = 14
            + require_symbols = true
            + require_numbers = true
            + reuse_prevention = 24
            + max_age_days = 180

          + 1  set the IAM password policy  (disruptive)
               ! passwords older than 180 days expire at once

        default_vpc (Default VPC)
          in 11 regions
              [default_vpc]
            - state = "present"
            + state = "absent"

          - a  delete subnet subnet-… (…)  (destructive, one after the other)
          - b  detach internet gateway igw-… from vpc-…  (destructive, after a)
          - c  delete internet gateway igw-…  (destructive, after b)
          - d  delete the default VPC vpc-…  (destructive, after c)
               ! not looked for: DB, cache and other subnet groups, Auto Scaling groups,
                 launch templates, idle Lambda functions, route servers, local gateways
                 of Outposts, Route 53 private hosted zones, Resolver and DNS Firewall
                 rules

                            a      b   c   d
            ap-northeast-1  2–4    5   6   7  vpc-00000a1b2c3d4e5f6
            ap-northeast-2  8–11   12  13  14 vpc-00100a1b2c3d4e5f6
            ap-northeast-3  15–17  18  19  20 vpc-00200a1b2c3d4e5f6
            ap-south-1      21–23  24  25  26 vpc-00300a1b2c3d4e5f6
            ap-southeast-1  27–29  30  31  32 vpc-00400a1b2c3d4e5f6
            ap-southeast-2  33–35  36  37  38 vpc-00500a1b2c3d4e5f6
            ca-central-1    39–41  42  43  44 vpc-00600a1b2c3d4e5f6
            eu-central-1    45–47  48  49  50 vpc-00700a1b2c3d4e5f6
            eu-north-1      51–53  54  55  56 vpc-00800a1b2c3d4e5f6
            us-east-2       57–59  60  61  62 vpc-00e00a1b2c3d4e5f6
            us-west-2       63–66  67  68  69 vpc-01000a1b2c3d4e5f6

          in us-east-1
              [default_vpc]
            - state = "present"
            + state = "absent"
          blocked, see below

          in us-west-1
              [default_vpc]
            - state = "present"
            + state = "absent"
          reported only: nothing is changed

        A letter is a step that each region of its table has, under those numbers.
        `--region` with one region, or `--json`, shows every step in full.

                                  ap           ca  eu         me  sa  us
                                  n n n s s s  c   c n w w w  s   e   e e w w
                                  e e e   e e
                         account  1 2 3 1 1 2  1   1 1 1 2 3  1   1   1 2 1 2
        password_policy  +
        default_vpc               - - - - - -  -   - - d ? ?  o   m   ! - r -

        + adds   - destroys   r reported (differs, not enforced)   ! blocked
        o region not enabled   d denied by the organization   m managed elsewhere
        ? could not be read

        Worth knowing
          default_vpc in us-east-1:
            the VPC has the tag Name = legacy

        Region not enabled
          default_vpc in me-south-1
          → enable the region in the account, or take it out of the file

        Denied by the organization
          default_vpc in eu-west-1:
            ec2:DescribeVpcs: UnauthorizedOperation: You are not authorized to perform
              this operation. User:
              arn:aws:sts::123456789012:assumed-role/administrator/alice is not
              authorized to perform: ec2:DescribeVpcs with an explicit deny in a service
              control policy
          → the organization's policy forbids it; leave the region or control out, or
            ask its owner

        Managed elsewhere
          default_vpc in sa-east-1:
            the stack `network` (tag aws:cloudformation:stack-name)

        Could not be read
          default_vpc in eu-west-2 and eu-west-3:
            ec2:DescribeSubnets: UnauthorizedOperation: not authorized on
              arn:aws:ec2:…:123456789012:subnet/*
          → grant the action to the caller; `trueup controls default_vpc` lists what a
            control needs

        Blocked
          default_vpc in us-east-1:
            instance i-0abc1234def567890 (running) in subnet-0d00a1b2c3d4e5f6
            network interface eni-0abc1234def567890, in use by instance
              i-0abc1234def567890

        Needs a person
          password_policy:
            tell the three IAM users without MFA that their passwords expire after 180
              days

        Plan: 1 to add, 68 to destroy. 1 needs a person, 1 blocked, 2 could not be read, 1 reported, 1 managed elsewhere, 1 region denied by the organization, 1 region not enabled.
        "#);
    }

    #[test]
    fn addresses_that_are_not_the_services_own_are_shown() {
        let addresses = [
            Address {
                service: None,
                url: "http://localhost:4566".to_owned(),
            },
            Address {
                service: Some("s3"),
                url: "http://minio:9000".to_owned(),
            },
        ];
        let reached = Reached {
            addresses: &addresses,
            ..fixtures::reached()
        };
        insta::assert_snapshot!(head(&fixtures::busy(), Some(reached), &Style::PLAIN), @r"
        baseline    baseline.toml
        account     123456789012 (acme-prod)
        caller      arn:aws:sts::123456789012:assumed-role/administrator/alice
        endpoint    http://localhost:4566
        endpoint    http://minio:9000 (s3)
        home region ap-northeast-1
        regions     17 enabled in partition aws
        ");
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        for doc in [fixtures::fresh(), fixtures::busy()] {
            let colored = Style {
                color: true,
                ..Style::PLAIN
            };
            let painted = text(&fixtures::controls(), &doc, Some(fixtures::reached()), &colored);
            assert!(painted.contains("\u{1b}[31m-"), "{painted}");
            let stripped = anstream::adapter::strip_str(&painted).to_string();
            assert_eq!(
                stripped,
                text(
                    &fixtures::controls(),
                    &doc,
                    Some(fixtures::reached()),
                    &Style::PLAIN
                )
            );
        }
    }

    #[test]
    fn nothing_but_the_last_line_and_long_names_is_wider_than_the_terminal() {
        for doc in [fixtures::fresh(), fixtures::busy()] {
            let text = text(
                &fixtures::controls(),
                &doc,
                Some(fixtures::reached()),
                &Style::PLAIN,
            );
            let last = text.lines().count() - 1;
            for line in text.lines().take(last) {
                assert!(line.chars().count() <= 80, "{line}");
            }
        }
    }

    #[test]
    fn a_filtered_plan_without_cells_is_short() {
        let doc = fixtures::of_cells(&[]);
        insta::assert_snapshot!(text(&fixtures::controls(), &doc, None, &Style::PLAIN), @r"
        baseline    baseline.toml
        account     123456789012
        home region ap-northeast-1
        regions     17 enabled in partition aws

        No changes. baseline.toml manages nothing here.
        ");
    }
}
