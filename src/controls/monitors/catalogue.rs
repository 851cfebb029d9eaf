//! What is watched: one line of data for each monitor.
//!
//! The exact patterns are those that Security Hub's controls demand to the letter (Security Hub user guide, "Security
//! Hub controls for CloudWatch"); the better ones also have what those miss, or leave out what they should not tell.
//! The numbers are of the CIS AWS Foundations Benchmark.

use std::fmt;

use serde::{Deserialize, Serialize};
use trueup_policy::filter_pattern::Pattern;

use super::model::{Alarm, Flaw};
use super::samples::{self, Reach};

/// One monitor as it is by default.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its key in the table.
    pub(crate) key: &'static str,
    /// The name of a new filter, of its metric and of its alarm.
    pub(crate) name: &'static str,
    /// What it tells of, to stand behind "tell of".
    pub(crate) title: &'static str,
    /// What it looks for, unless the exact pattern is asked for.
    pub(crate) better: &'static str,
    /// What Security Hub wants to the letter, or what is asked for at least, where it is another.
    pub(crate) exact: Option<&'static str>,
    /// Further patterns that are common for the same: what they match beyond is not another monitor's alone.
    pub(crate) also: &'static [&'static str],
    /// It is told when so many events are in a period.
    pub(crate) threshold: i64,
    /// The benchmarks that ask for it, each with its number.
    pub(crate) benchmarks: &'static [(&'static str, &'static str)],
}

/// Within how many seconds the events are counted, by default.
pub(super) const PERIOD: i32 = 300;

/// The monitors that count events over time.
const RATES: [&str; 4] = [
    "console_sign_in_failures",
    "switch_role_failures",
    "kms_disabled_key_use",
    "unauthorized_api_calls",
];

/// CIS numbers, which versions 5.0 and 3.0 have alike, and Security Hub's control.
macro_rules! asked_for {
    ($cis:literal, $hub:literal) => {
        &[("CIS 5.0", $cis), ("CIS 3.0", $cis), ("Security Hub", $hub)]
    };
    ($cis:literal) => {
        &[("CIS 5.0", $cis), ("CIS 3.0", $cis)]
    };
}

/// All of them: the checklist's 17, then what CIS asks for beyond, then what no list asks for yet.
pub(super) static CATALOGUE: &[Entry] = &[
    Entry {
        key: "root_usage",
        name: "RootUsage",
        title: "what the root user does",
        better: r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#,
        exact: None,
        also: &[],
        threshold: 1,
        benchmarks: asked_for!("4.3", "CloudWatch.1"),
    },
    Entry {
        key: "console_sign_in_failures",
        name: "ConsoleSignInFailures",
        title: "failed sign-ins to the console",
        better: r#"{(($.eventName = "ConsoleLogin") && ($.responseElements.ConsoleLogin = "Failure")) || (($.eventName = "CredentialVerification") && ($.serviceEventDetails.CredentialVerification = "Failure"))}"#,
        exact: Some(r#"{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}"#),
        also: &[],
        threshold: 1,
        benchmarks: asked_for!("4.6", "CloudWatch.6"),
    },
    Entry {
        key: "console_sign_in_without_mfa",
        name: "ConsoleSignInWithoutMfa",
        title: "sign-ins to the console without MFA",
        better: r#"{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }"#,
        exact: None,
        also: &[r#"{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }"#],
        threshold: 1,
        benchmarks: asked_for!("4.2", "CloudWatch.3"),
    },
    Entry {
        key: "network_acl_changes",
        name: "NetworkAclChanges",
        title: "changes of network ACLs",
        better: "{($.eventName=CreateNetworkAcl) || ($.eventName=CreateNetworkAclEntry) || ($.eventName=DeleteNetworkAcl) || ($.eventName=DeleteNetworkAclEntry) || ($.eventName=ReplaceNetworkAclEntry) || ($.eventName=ReplaceNetworkAclAssociation)}",
        exact: None,
        also: &[],
        threshold: 1,
        benchmarks: asked_for!("4.11", "CloudWatch.11"),
    },
    Entry {
        key: "vpc_changes",
        name: "VpcChanges",
        title: "changes of VPCs",
        better: "{($.eventName=CreateVpc) || ($.eventName=CreateDefaultVpc) || ($.eventName=DeleteVpc) || ($.eventName=ModifyVpcAttribute) || ($.eventName=AcceptVpcPeeringConnection) || ($.eventName=CreateVpcPeeringConnection) || ($.eventName=DeleteVpcPeeringConnection) || ($.eventName=RejectVpcPeeringConnection) || ($.eventName=AttachClassicLinkVpc) || ($.eventName=DetachClassicLinkVpc) || ($.eventName=DisableVpcClassicLink) || ($.eventName=EnableVpcClassicLink)}",
        exact: Some(
            "{($.eventName=CreateVpc) || ($.eventName=DeleteVpc) || ($.eventName=ModifyVpcAttribute) || ($.eventName=AcceptVpcPeeringConnection) || ($.eventName=CreateVpcPeeringConnection) || ($.eventName=DeleteVpcPeeringConnection) || ($.eventName=RejectVpcPeeringConnection) || ($.eventName=AttachClassicLinkVpc) || ($.eventName=DetachClassicLinkVpc) || ($.eventName=DisableVpcClassicLink) || ($.eventName=EnableVpcClassicLink)}",
        ),
        also: &[],
        threshold: 1,
        benchmarks: asked_for!("4.14", "CloudWatch.14"),
    },
    Entry {
        key: "network_gateway_changes",
        name: "NetworkGatewayChanges",
        title: "changes of network gateways",
        better: "{($.eventName=CreateCustomerGateway) || ($.eventName=DeleteCustomerGateway) || ($.eventName=AttachInternetGateway) || ($.eventName=CreateInternetGateway) || ($.eventName=DeleteInternetGateway) || ($.eventName=DetachInternetGateway) || ($.eventName=CreateEgressOnlyInternetGateway) || ($.eventName=DeleteEgressOnlyInternetGateway) || ($.eventName=CreateNatGateway) || ($.eventName=DeleteNatGateway) || ($.eventName=CreateTransitGateway) || ($.eventName=DeleteTransitGateway) || ($.eventName=CreateVpnGateway) || ($.eventName=DeleteVpnGateway) || ($.eventName=AttachVpnGateway) || ($.eventName=DetachVpnGateway)}",
        exact: Some(
            "{($.eventName=CreateCustomerGateway) || ($.eventName=DeleteCustomerGateway) || ($.eventName=AttachInternetGateway) || ($.eventName=CreateInternetGateway) || ($.eventName=DeleteInternetGateway) || ($.eventName=DetachInternetGateway)}",
        ),
        also: &[],
        threshold: 1,
        benchmarks: asked_for!("4.12", "CloudWatch.12"),
    },
    Entry {
        key: "security_group_changes",
        name: "SecurityGroupChanges",
        title: "changes of security groups",
        better: "{($.eventName=AuthorizeSecurityGroupIngress) || ($.eventName=AuthorizeSecurityGroupEgress) || ($.eventName=RevokeSecurityGroupIngress) || ($.eventName=RevokeSecurityGroupEgress) || ($.eventName=CreateSecurityGroup) || ($.eventName=DeleteSecurityGroup) || ($.eventName=ModifySecurityGroupRules)}",
        exact: Some(
            "{($.eventName=AuthorizeSecurityGroupIngress) || ($.eventName=AuthorizeSecurityGroupEgress) || ($.eventName=RevokeSecurityGroupIngress) || ($.eventName=RevokeSecurityGroupEgress) || ($.eventName=CreateSecurityGroup) || ($.eventName=DeleteSecurityGroup)}",
        ),
        also: &[],
        threshold: 1,
        benchmarks: asked_for!("4.10", "CloudWatch.10"),
    },
    Entry {
        key: "iam_policy_changes",
        name: "IamPolicyChanges",
        title: "changes of IAM policies",
        better: "{($.eventSource=iam.amazonaws.com) && (($.eventName=DeleteGroupPolicy) || ($.eventName=DeleteRolePolicy) || ($.eventName=DeleteUserPolicy) || ($.eventName=PutGroupPolicy) || ($.eventName=PutRolePolicy) || ($.eventName=PutUserPolicy) || ($.eventName=CreatePolicy) || ($.eventName=DeletePolicy) || ($.eventName=CreatePolicyVersion) || ($.eventName=DeletePolicyVersion) || ($.eventName=SetDefaultPolicyVersion) || ($.eventName=AttachRolePolicy) || ($.eventName=DetachRolePolicy) || ($.eventName=AttachUserPolicy) || ($.eventName=DetachUserPolicy) || ($.eventName=AttachGroupPolicy) || ($.eventName=DetachGroupPolicy) || ($.eventName=AddUserToGroup))}",
        exact: Some(
            "{($.eventSource=iam.amazonaws.com) && (($.eventName=DeleteGroupPolicy) || ($.eventName=DeleteRolePolicy) || ($.eventName=DeleteUserPolicy) || ($.eventName=PutGroupPolicy) || ($.eventName=PutRolePolicy) || ($.eventName=PutUserPolicy) || ($.eventName=CreatePolicy) || ($.eventName=DeletePolicy) || ($.eventName=CreatePolicyVersion) || ($.eventName=DeletePolicyVersion) || ($.eventName=AttachRolePolicy) || ($.eventName=DetachRolePolicy) || ($.eventName=AttachUserPolicy) || ($.eventName=DetachUserPolicy) || ($.eventName=AttachGroupPolicy) || ($.eventName=DetachGroupPolicy))}",
        ),
        also: &[],
        threshold: 1,
        benchmarks: asked_for!("4.4", "CloudWatch.4"),
    },
    Entry {
        key: "iam_role_changes",
        name: "IamRoleChanges",
        title: "changes of IAM roles",
        better: r#"{($.eventSource = "iam.amazonaws.com") && (($.eventName = "CreateRole") || ($.eventName = "DeleteRole") || ($.eventName = "UpdateRole") || ($.eventName = "UpdateRoleDescription") || ($.eventName = "UpdateAssumeRolePolicy") || ($.eventName = "PutRolePermissionsBoundary") || ($.eventName = "DeleteRolePermissionsBoundary") || ($.eventName = "CreateServiceLinkedRole") || ($.eventName = "DeleteServiceLinkedRole") || ($.eventName = "AddRoleToInstanceProfile") || ($.eventName = "RemoveRoleFromInstanceProfile"))}"#,
        exact: None,
        also: &[],
        threshold: 1,
        benchmarks: &[],
    },
    Entry {
        key: "iam_user_creation",
        name: "IamUserCreation",
        title: "new IAM users and new ways for them to sign in",
        better: r#"{($.eventSource = "iam.amazonaws.com") && (($.eventName = "CreateUser") || ($.eventName = "CreateLoginProfile") || ($.eventName = "DeactivateMFADevice"))}"#,
        exact: Some(r#"{($.eventSource = "iam.amazonaws.com") && ($.eventName = "CreateUser")}"#),
        also: &[],
        threshold: 1,
        benchmarks: &[],
    },
    Entry {
        key: "access_key_creation",
        name: "AccessKeyCreation",
        title: "new access keys and other credentials",
        better: r#"{($.eventSource = "iam.amazonaws.com") && (($.eventName = "CreateAccessKey") || ($.eventName = "UpdateAccessKey") || ($.eventName = "CreateServiceSpecificCredential") || ($.eventName = "UploadSigningCertificate"))}"#,
        exact: Some(r#"{($.eventSource = "iam.amazonaws.com") && ($.eventName = "CreateAccessKey")}"#),
        also: &[],
        threshold: 1,
        benchmarks: &[],
    },
    Entry {
        key: "cloudtrail_changes",
        name: "CloudTrailChanges",
        title: "changes of trails",
        better: "{($.eventName=CreateTrail) || ($.eventName=UpdateTrail) || ($.eventName=DeleteTrail) || ($.eventName=StartLogging) || ($.eventName=StopLogging) || ($.eventName=PutEventSelectors) || ($.eventName=PutInsightSelectors) || ($.eventName=UpdateEventDataStore) || ($.eventName=DeleteEventDataStore) || ($.eventName=StopEventDataStoreIngestion)}",
        exact: Some(
            "{($.eventName=CreateTrail) || ($.eventName=UpdateTrail) || ($.eventName=DeleteTrail) || ($.eventName=StartLogging) || ($.eventName=StopLogging)}",
        ),
        also: &[],
        threshold: 1,
        benchmarks: asked_for!("4.5", "CloudWatch.5"),
    },
    Entry {
        key: "switch_role_failures",
        name: "SwitchRoleFailures",
        title: "repeated errors of switching roles",
        better: r#"{($.eventSource = "signin.amazonaws.com") && ($.eventName = "SwitchRole") && ($.responseElements.SwitchRole = "Failure")}"#,
        exact: None,
        also: &[],
        threshold: 3,
        benchmarks: &[],
    },
    Entry {
        key: "s3_bucket_policy_changes",
        name: "S3BucketPolicyChanges",
        title: "changes of S3 bucket policies",
        better: "{($.eventSource=s3.amazonaws.com) && (($.eventName=PutBucketAcl) || ($.eventName=PutBucketPolicy) || ($.eventName=PutBucketCors) || ($.eventName=PutBucketLifecycle) || ($.eventName=PutBucketReplication) || ($.eventName=DeleteBucketPolicy) || ($.eventName=DeleteBucketCors) || ($.eventName=DeleteBucketLifecycle) || ($.eventName=DeleteBucketReplication) || ($.eventName=PutBucketPublicAccessBlock) || ($.eventName=DeleteBucketPublicAccessBlock) || ($.eventName=PutAccountPublicAccessBlock) || ($.eventName=DeleteAccountPublicAccessBlock))}",
        exact: Some(
            "{($.eventSource=s3.amazonaws.com) && (($.eventName=PutBucketAcl) || ($.eventName=PutBucketPolicy) || ($.eventName=PutBucketCors) || ($.eventName=PutBucketLifecycle) || ($.eventName=PutBucketReplication) || ($.eventName=DeleteBucketPolicy) || ($.eventName=DeleteBucketCors) || ($.eventName=DeleteBucketLifecycle) || ($.eventName=DeleteBucketReplication))}",
        ),
        also: &[],
        threshold: 1,
        benchmarks: asked_for!("4.8", "CloudWatch.8"),
    },
    Entry {
        key: "kms_key_disabled_or_deletion",
        name: "KmsKeyDisabledOrDeletion",
        title: "KMS keys disabled or to be deleted",
        better: "{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey) || ($.eventName=ScheduleKeyDeletion))}",
        exact: None,
        also: &[],
        threshold: 1,
        benchmarks: asked_for!("4.7", "CloudWatch.7"),
    },
    Entry {
        key: "kms_disabled_key_use",
        name: "KmsDisabledKeyUse",
        title: "errors on use of disabled KMS keys",
        better: r#"{($.eventSource = "kms.amazonaws.com") && (($.errorCode = "DisabledException") || ($.errorCode = "KMSInvalidStateException") || ($.errorMessage = "* is disabled.") || ($.errorMessage = "* is pending deletion."))}"#,
        exact: None,
        also: &[r#"{ $.eventSource = kms* && $.errorMessage = "* is pending deletion."}"#],
        threshold: 1,
        benchmarks: &[],
    },
    Entry {
        key: "unauthorized_api_calls",
        name: "UnauthorizedApiCalls",
        title: "API calls that were not allowed",
        better: r#"{(($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*")) && ($.sourceIPAddress != "delivery.logs.amazonaws.com") && ($.eventName != "HeadBucket")}"#,
        exact: Some(r#"{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}"#),
        also: &[
            r#"{($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") && ($.sourceIPAddress!="delivery.logs.amazonaws.com") && ($.eventName!="HeadBucket")}"#,
        ],
        threshold: 1,
        benchmarks: asked_for!("4.1", "CloudWatch.2"),
    },
    Entry {
        key: "config_changes",
        name: "ConfigChanges",
        title: "changes of AWS Config",
        better: "{($.eventSource=config.amazonaws.com) && (($.eventName=StopConfigurationRecorder) || ($.eventName=DeleteDeliveryChannel) || ($.eventName=PutDeliveryChannel) || ($.eventName=PutConfigurationRecorder) || ($.eventName=DeleteConfigurationRecorder))}",
        exact: Some(
            "{($.eventSource=config.amazonaws.com) && (($.eventName=StopConfigurationRecorder) || ($.eventName=DeleteDeliveryChannel) || ($.eventName=PutDeliveryChannel) || ($.eventName=PutConfigurationRecorder))}",
        ),
        also: &[],
        threshold: 1,
        benchmarks: asked_for!("4.9", "CloudWatch.9"),
    },
    Entry {
        key: "route_table_changes",
        name: "RouteTableChanges",
        title: "changes of route tables",
        better: "{($.eventSource=ec2.amazonaws.com) && (($.eventName=CreateRoute) || ($.eventName=CreateRouteTable) || ($.eventName=ReplaceRoute) || ($.eventName=ReplaceRouteTableAssociation) || ($.eventName=DeleteRouteTable) || ($.eventName=DeleteRoute) || ($.eventName=DisassociateRouteTable))}",
        exact: None,
        also: &[],
        threshold: 1,
        benchmarks: asked_for!("4.13", "CloudWatch.13"),
    },
    Entry {
        key: "organizations_changes",
        name: "OrganizationsChanges",
        title: "changes of the organization",
        better: r#"{($.eventSource = "organizations.amazonaws.com") && (($.eventName = "AcceptHandshake") || ($.eventName = "AttachPolicy") || ($.eventName = "CreateAccount") || ($.eventName = "CreateOrganizationalUnit") || ($.eventName = "CreatePolicy") || ($.eventName = "DeclineHandshake") || ($.eventName = "DeleteOrganization") || ($.eventName = "DeleteOrganizationalUnit") || ($.eventName = "DeletePolicy") || ($.eventName = "DetachPolicy") || ($.eventName = "DisablePolicyType") || ($.eventName = "EnablePolicyType") || ($.eventName = "InviteAccountToOrganization") || ($.eventName = "LeaveOrganization") || ($.eventName = "MoveAccount") || ($.eventName = "RemoveAccountFromOrganization") || ($.eventName = "UpdatePolicy") || ($.eventName = "UpdateOrganizationalUnit") || ($.eventName = "RegisterDelegatedAdministrator"))}"#,
        exact: Some(
            r#"{($.eventSource = "organizations.amazonaws.com") && (($.eventName = "AcceptHandshake") || ($.eventName = "AttachPolicy") || ($.eventName = "CreateAccount") || ($.eventName = "CreateOrganizationalUnit") || ($.eventName = "CreatePolicy") || ($.eventName = "DeclineHandshake") || ($.eventName = "DeleteOrganization") || ($.eventName = "DeleteOrganizationalUnit") || ($.eventName = "DeletePolicy") || ($.eventName = "DetachPolicy") || ($.eventName = "DisablePolicyType") || ($.eventName = "EnablePolicyType") || ($.eventName = "InviteAccountToOrganization") || ($.eventName = "LeaveOrganization") || ($.eventName = "MoveAccount") || ($.eventName = "RemoveAccountFromOrganization") || ($.eventName = "UpdatePolicy") || ($.eventName = "UpdateOrganizationalUnit"))}"#,
        ),
        also: &[],
        threshold: 1,
        benchmarks: asked_for!("4.15"),
    },
    Entry {
        key: "security_tooling_changes",
        name: "SecurityToolingChanges",
        title: "security tools and the alarms themselves switched off or changed",
        better: r#"{(($.eventSource = "guardduty.amazonaws.com") && (($.eventName = "DeleteDetector") || ($.eventName = "UpdateDetector") || ($.eventName = "Disassociate*"))) || (($.eventSource = "securityhub.amazonaws.com") && (($.eventName = "Disable*") || ($.eventName = "BatchDisableStandards"))) || (($.eventSource = "access-analyzer.amazonaws.com") && ($.eventName = "DeleteAnalyzer"))}"#,
        exact: None,
        also: &[],
        threshold: 1,
        benchmarks: &[],
    },
    Entry {
        key: "identity_provider_changes",
        name: "IdentityProviderChanges",
        title: "changes of SAML and OpenID Connect providers",
        better: r#"{($.eventSource = "iam.amazonaws.com") && (($.eventName = "*SAMLProvider") || ($.eventName = "*OpenIDConnectProvider") || ($.eventName = "UpdateOpenIDConnectProviderThumbprint")) && ($.eventName != "Get*") && ($.eventName != "Tag*") && ($.eventName != "Untag*")}"#,
        exact: None,
        also: &[],
        threshold: 1,
        benchmarks: &[],
    },
];

/// The monitor that has more than one filter: what would blind trueup's own chain is scoped to the names in it.
pub(super) const TOOLING: &str = "security_tooling_changes";

impl Entry {
    /// What Security Hub wants to the letter, or the only pattern there is.
    pub(crate) fn exact(&self) -> &'static str {
        self.exact.unwrap_or(self.better)
    }

    /// True if it counts events over time, where one alone may be a slip: how many are too many is the file's choice, or
    /// the owner's.
    pub(crate) fn is_rate(&self) -> bool {
        RATES.contains(&self.key)
    }

    /// True if it watches what only reads.
    pub(crate) fn needs_reads(&self) -> bool {
        self.key == "unauthorized_api_calls"
    }

    /// True if it watches what AWS KMS does, which trails can leave out.
    pub(crate) fn needs_kms(&self) -> bool {
        ["kms_key_disabled_or_deletion", "kms_disabled_key_use"].contains(&self.key)
    }

    /// The events at which its alarm has to go off, at the latest: what the file says, or one where each event counts.
    pub(crate) fn at_most(&self, written: Option<i64>) -> Option<i64> {
        written.or((!self.is_rate()).then_some(self.threshold))
    }

    /// True if an alarm does not go off as the monitor needs it. Where events are counted over time, several periods are
    /// the owner's choice.
    pub(crate) fn is_flawed(&self, alarm: &Alarm) -> bool {
        let mut flaws = alarm.flaws.iter();
        flaws.any(|flaw| *flaw != Flaw::Datapoints || !self.is_rate())
    }

    /// Whether a filter of this pattern is this monitor, in whatever form it is written.
    pub(crate) fn knows(&self, pattern: &str) -> bool {
        self.reach(pattern) > Reach::Other
    }

    /// How far a pattern goes for this monitor.
    pub(crate) fn reach(&self, pattern: &str) -> Reach {
        samples::reach(self, pattern)
    }

    /// The patterns that are common for it.
    pub(super) fn known(&self) -> Vec<Pattern> {
        let texts = [self.better, self.exact()]
            .into_iter()
            .chain(self.also.iter().copied());
        texts.filter_map(|text| Pattern::parse(text).ok()).collect()
    }
}

/// A monitor of the catalogue. Ordered as that is; written as its key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub(crate) struct Monitor(usize);

impl Monitor {
    /// All of them, in order.
    pub(crate) fn all() -> impl Iterator<Item = Monitor> {
        (0..CATALOGUE.len()).map(Monitor)
    }

    /// What it is.
    pub(crate) fn entry(self) -> &'static Entry {
        &CATALOGUE[self.0]
    }

    /// The one of this key.
    pub(crate) fn of(key: &str) -> Option<Self> {
        CATALOGUE.iter().position(|entry| entry.key == key).map(Monitor)
    }
}

impl TryFrom<String> for Monitor {
    type Error = String;

    fn try_from(key: String) -> Result<Self, String> {
        Monitor::of(&key).ok_or_else(|| format!("there is no monitor `{key}`"))
    }
}

impl From<Monitor> for &'static str {
    fn from(monitor: Monitor) -> Self {
        monitor.entry().key
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry().key)
    }
}
