"""boto3 against a brand-new sandbox at AWS_ENDPOINT_URL: every operation that the controls use.

Each test has a region of its own, and what an account has once is used by one test, so their order does not matter.
"""

import unittest

from botocore.exceptions import ClientError

from loopback import ACCOUNT, client

FEATURES = {
    "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",
    "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",
    "LAMBDA_NETWORK_LOGS",
    "RUNTIME_MONITORING",
}


def everything(api, operation, key, **sent):
    """All pages."""
    return api.get_paginator(operation).paginate(**sent).build_full_result()[key]


def of_vpc(vpc):
    return [{"Name": "vpc-id", "Values": [vpc]}]


class Case(unittest.TestCase):
    def refused(self, code, call, **sent):
        """The call fails with this code."""
        with self.assertRaises(ClientError) as raised:
            call(**sent)
        self.assertEqual(raised.exception.response["Error"]["Code"], code, raised.exception)
        self.assertTrue(raised.exception.response["Error"]["Message"])
        self.assertTrue(raised.exception.response["ResponseMetadata"]["RequestId"])

    def default_vpc(self, ec2):
        """The id of the only default VPC."""
        found = everything(ec2, "describe_vpcs", "Vpcs", Filters=[{"Name": "is-default", "Values": ["true"]}])
        self.assertEqual(len(found), 1, found)
        return found[0]["VpcId"]

    def gateway(self, ec2, vpc):
        """The id of the only gateway that is attached."""
        at = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
        found = everything(ec2, "describe_internet_gateways", "InternetGateways", Filters=at)
        self.assertEqual(len(found), 1, found)
        return found[0]["InternetGatewayId"]

    def subnets(self, ec2, vpc):
        return everything(ec2, "describe_subnets", "Subnets", Filters=of_vpc(vpc))


class Alarms(Case):
    def test_an_alarm_comes_is_listed_and_goes(self):
        cloudwatch = client("cloudwatch", "eu-west-2")
        alarm = {
            "AlarmName": "root_usage",
            "MetricName": "root_usage",
            "Namespace": "LogMetrics",
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        }
        cloudwatch.put_metric_alarm(**alarm, Tags=[{"Key": "a", "Value": "1"}])
        (made,) = everything(cloudwatch, "describe_alarms", "MetricAlarms")
        self.assertEqual({key: made[key] for key in alarm}, alarm)
        self.assertEqual(made["StateUpdatedTimestamp"].year, made["AlarmConfigurationUpdatedTimestamp"].year)
        arn = made["AlarmArn"]
        cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
        cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["a"])
        tags = cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]
        self.assertEqual(tags, [{"Key": "b", "Value": "2"}])
        self.refused("ValidationError", cloudwatch.put_metric_alarm, **{**alarm, "Period": 45})
        self.refused("ResourceNotFound", cloudwatch.delete_alarms, AlarmNames=["none"])
        cloudwatch.delete_alarms(AlarmNames=["root_usage"])
        self.assertEqual(cloudwatch.describe_alarms()["MetricAlarms"], [])


class Account(Case):
    def test_the_caller_and_the_alias(self):
        self.assertEqual(client("sts").get_caller_identity()["Account"], ACCOUNT)
        self.assertEqual(client("sts", "eu-west-3").get_caller_identity()["Account"], ACCOUNT)
        self.assertIsInstance(everything(client("iam"), "list_account_aliases", "AccountAliases"), list)

    def test_regions(self):
        ec2 = client("ec2")
        enabled = ec2.describe_regions()["Regions"]
        self.assertEqual(len(enabled), 17)
        self.assertEqual({region["OptInStatus"] for region in enabled}, {"opt-in-not-required"})
        listed = ec2.describe_regions(AllRegions=True)["Regions"]
        closed = [region["RegionName"] for region in listed if region["OptInStatus"] == "not-opted-in"]
        self.assertIn("me-south-1", closed)
        self.assertEqual(len(listed), 17 + len(closed))
        self.refused("AuthFailure", client("ec2", "me-south-1").describe_vpcs)

    def test_the_password_policy(self):
        iam = client("iam", parameter_validation=False)
        self.refused("NoSuchEntity", iam.get_account_password_policy)
        self.refused("NoSuchEntity", iam.delete_account_password_policy)
        iam.update_account_password_policy(
            MinimumPasswordLength=14, RequireSymbols=True, AllowUsersToChangePassword=True, MaxPasswordAge=90
        )
        policy = iam.get_account_password_policy()["PasswordPolicy"]
        self.assertEqual((policy["MinimumPasswordLength"], policy["MaxPasswordAge"]), (14, 90))
        self.assertTrue(policy["RequireSymbols"] and policy["AllowUsersToChangePassword"])
        self.assertTrue(policy["ExpirePasswords"])
        # What an update does not name goes back to its default.
        iam.update_account_password_policy(RequireNumbers=True)
        policy = iam.get_account_password_policy()["PasswordPolicy"]
        self.assertEqual(policy["MinimumPasswordLength"], 6)
        self.assertTrue(policy["RequireNumbers"])
        self.assertFalse(
            policy["RequireSymbols"] or policy["AllowUsersToChangePassword"] or policy["ExpirePasswords"]
        )
        self.assertFalse(policy.get("MaxPasswordAge"))
        for bad in ({"MinimumPasswordLength": 5}, {"MaxPasswordAge": 0}, {"PasswordReusePrevention": 25}):
            self.refused("ValidationError", iam.update_account_password_policy, **bad)
        self.assertTrue(iam.get_account_password_policy()["PasswordPolicy"]["RequireNumbers"])
        iam.delete_account_password_policy()
        self.refused("NoSuchEntity", iam.get_account_password_policy)

    def test_users_with_their_devices_and_keys(self):
        iam = client("iam")
        for name in ("anna", "berta", "clara"):
            iam.create_user(UserName=name, Tags=[{"Key": "team", "Value": "web"}])
        users = everything(iam, "list_users", "Users", PaginationConfig={"PageSize": 1})
        self.assertEqual([user["UserName"] for user in users], ["anna", "berta", "clara"])
        self.assertEqual(iam.list_user_tags(UserName="anna")["Tags"], [{"Key": "team", "Value": "web"}])
        iam.create_group(GroupName="all")
        iam.add_user_to_group(GroupName="all", UserName="anna")
        (group,) = everything(iam, "list_groups_for_user", "Groups", UserName="anna")
        self.assertEqual(group["GroupName"], "all")

        serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="anna")["VirtualMFADevice"]["SerialNumber"]
        iam.enable_mfa_device(
            UserName="anna", SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="234567"
        )
        (device,) = everything(iam, "list_virtual_mfa_devices", "VirtualMFADevices", AssignmentStatus="Assigned")
        self.assertEqual(device["User"]["UserName"], "anna")
        self.refused("DeleteConflict", iam.delete_virtual_mfa_device, SerialNumber=serial)
        key = iam.create_access_key(UserName="anna")["AccessKey"]["AccessKeyId"]
        used = iam.get_access_key_last_used(AccessKeyId=key)
        self.assertEqual((used["UserName"], used["AccessKeyLastUsed"]["ServiceName"]), ("anna", "N/A"))
        iam.create_login_profile(UserName="anna", Password="Correct-horse-9")

        summary = iam.get_account_summary()["SummaryMap"]
        self.assertEqual((summary["Users"], summary["MFADevicesInUse"], summary["GroupsQuota"]), (3, 1, 300))
        iam.generate_credential_report()
        self.refused("ReportInProgress", iam.get_credential_report)
        report = iam.get_credential_report()["Content"].decode().splitlines()
        head = report[0].split(",")
        rows = {line.split(",")[0]: dict(zip(head, line.split(","))) for line in report[1:]}
        self.assertEqual(set(rows), {"<root_account>", "anna", "berta", "clara"})
        self.assertEqual((rows["anna"]["mfa_active"], rows["anna"]["access_key_1_active"]), ("true", "true"))
        self.assertEqual((rows["berta"]["password_enabled"], rows["berta"]["mfa_active"]), ("false", "false"))

        self.refused("DeleteConflict", iam.delete_user, UserName="anna")
        iam.update_access_key(UserName="anna", AccessKeyId=key, Status="Inactive")
        iam.delete_access_key(UserName="anna", AccessKeyId=key)
        iam.delete_login_profile(UserName="anna")
        self.refused("NoSuchEntity", iam.delete_login_profile, UserName="anna")
        iam.deactivate_mfa_device(UserName="anna", SerialNumber=serial)
        iam.delete_virtual_mfa_device(SerialNumber=serial)
        iam.remove_user_from_group(GroupName="all", UserName="anna")
        iam.delete_user(UserName="anna")

    def test_policies_of_ones_own_and_who_has_them(self):
        iam = client("iam")
        document = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}}'
        trust = document.replace('"Resource":"*"', '"Principal":{"AWS":"%s"}' % ACCOUNT)
        arn = iam.create_policy(PolicyName="reader", PolicyDocument=document)["Policy"]["Arn"]
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
        versions = everything(iam, "list_policy_versions", "Versions", PolicyArn=arn)
        self.assertEqual(
            [(version["VersionId"], version["IsDefaultVersion"]) for version in versions], [("v2", True), ("v1", False)]
        )
        held = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
        self.assertEqual(held["Statement"]["Action"], "s3:Get*")
        iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
        self.refused("DeleteConflict", iam.delete_policy_version, PolicyArn=arn, VersionId="v1")
        iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
        iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust, MaxSessionDuration=7200)
        role = iam.update_role_description(RoleName="reader", Description="reads")["Role"]
        self.assertEqual((role["Description"], role["MaxSessionDuration"]), ("reads", 7200))
        self.assertEqual(iam.list_role_tags(RoleName="reader")["Tags"], [])
        iam.attach_role_policy(RoleName="reader", PolicyArn=arn)
        holders = iam.list_entities_for_policy(PolicyArn=arn)
        self.assertEqual([role["RoleName"] for role in holders["PolicyRoles"]], ["reader"])
        (listed,) = everything(iam, "list_policies", "Policies", Scope="Local", OnlyAttached=True)
        self.assertEqual((listed["Arn"], listed["AttachmentCount"]), (arn, 1))
        self.refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
        iam.detach_role_policy(RoleName="reader", PolicyArn=arn)
        iam.delete_policy(PolicyArn=arn)
        self.refused("NoSuchEntity", iam.get_policy, PolicyArn=arn)
        known = {policy["PolicyName"] for policy in everything(iam, "list_policies", "Policies", Scope="AWS")}
        self.assertLessEqual({"AWSSupportAccess", "Billing", "ReadOnlyAccess", "SecurityAudit"}, known)

    def test_the_public_access_block(self):
        s3control = client("s3control")
        absent = "NoSuchPublicAccessBlockConfiguration"
        self.refused(absent, s3control.get_public_access_block, AccountId=ACCOUNT)
        s3control.put_public_access_block(
            AccountId=ACCOUNT,
            PublicAccessBlockConfiguration={"BlockPublicAcls": True, "RestrictPublicBuckets": True},
        )
        # One configuration in the account, whatever region is asked; what a put leaves out is false.
        for region in ("us-east-1", "ap-south-1"):
            read = client("s3control", region).get_public_access_block(AccountId=ACCOUNT)
            self.assertEqual(
                read["PublicAccessBlockConfiguration"],
                {
                    "BlockPublicAcls": True,
                    "IgnorePublicAcls": False,
                    "BlockPublicPolicy": False,
                    "RestrictPublicBuckets": True,
                },
            )
        self.refused("AccessDenied", s3control.get_public_access_block, AccountId="999999999999")

    def test_buckets(self):
        s3 = client("s3")
        self.assertEqual(s3.list_buckets()["Buckets"], [])
        self.refused("NoSuchBucket", s3.get_bucket_policy_status, Bucket="none-of-this-name")
        self.refused("NoSuchBucket", s3.get_bucket_acl, Bucket="none-of-this-name")


class EbsEncryption(Case):
    def test_is_a_switch_with_a_key(self):
        ec2 = client("ec2", "eu-central-1")
        self.assertFalse(ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])
        self.assertEqual(ec2.get_ebs_default_kms_key_id()["KmsKeyId"], "alias/aws/ebs")
        self.assertTrue(ec2.enable_ebs_encryption_by_default()["EbsEncryptionByDefault"])
        self.assertTrue(ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])
        key = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        self.assertEqual(ec2.modify_ebs_default_kms_key_id(KmsKeyId=key)["KmsKeyId"], key)
        self.assertEqual(ec2.get_ebs_default_kms_key_id()["KmsKeyId"], key)
        self.assertIn("alias/aws/ebs", ec2.reset_ebs_default_kms_key_id()["KmsKeyId"])
        self.assertFalse(ec2.disable_ebs_encryption_by_default()["EbsEncryptionByDefault"])

    def test_of_one_region_is_not_anothers(self):
        client("ec2", "eu-west-2").enable_ebs_encryption_by_default()
        self.assertFalse(client("ec2", "eu-west-1").get_ebs_encryption_by_default()["EbsEncryptionByDefault"])

    def test_can_be_tried_dry(self):
        ec2 = client("ec2", "eu-west-1")
        self.refused("DryRunOperation", ec2.enable_ebs_encryption_by_default, DryRun=True)
        self.assertFalse(ec2.get_ebs_encryption_by_default()["EbsEncryptionByDefault"])


class Ec2Defaults(Case):
    def test_public_snapshots_are_blocked_and_those_that_are_public_listed(self):
        ec2 = client("ec2", "sa-east-1")
        held = ec2.get_snapshot_block_public_access_state()
        self.assertEqual((held["State"], held["ManagedBy"]), ("unblocked", "account"))
        snapshot = ec2.create_snapshot(VolumeId="vol-1a2b3c4d", Description="old")["SnapshotId"]
        everybody = {"CreateVolumePermission": {"Add": [{"Group": "all"}]}}
        ec2.modify_snapshot_attribute(SnapshotId=snapshot, **everybody)
        public = {"OwnerIds": ["self"], "RestorableByUserIds": ["all"]}
        (listed,) = everything(ec2, "describe_snapshots", "Snapshots", **public)
        self.assertEqual((listed["SnapshotId"], listed["Description"]), (snapshot, "old"))
        for state in ("block-all-sharing", "block-new-sharing"):
            self.assertEqual(ec2.enable_snapshot_block_public_access(State=state)["State"], state)
            self.assertEqual(ec2.get_snapshot_block_public_access_state()["State"], state)
        another = ec2.create_snapshot(VolumeId="vol-1a2b3c4d")["SnapshotId"]
        self.refused("OperationNotPermitted", ec2.modify_snapshot_attribute, SnapshotId=another, **everybody)
        self.refused("InvalidParameterValue", ec2.enable_snapshot_block_public_access, State="unblocked")
        self.assertEqual(ec2.disable_snapshot_block_public_access()["State"], "unblocked")

    def test_public_images_are_blocked_in_a_new_account(self):
        ec2 = client("ec2", "sa-east-1")
        state = "ImageBlockPublicAccessState"
        held = ec2.get_image_block_public_access_state()
        self.assertEqual((held[state], held["ManagedBy"]), ("block-new-sharing", "account"))
        self.assertEqual(ec2.disable_image_block_public_access()[state], "unblocked")
        self.assertEqual(ec2.get_image_block_public_access_state()[state], "unblocked")
        for _ in range(2):
            answer = ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
            self.assertEqual(answer[state], "block-new-sharing")
        self.refused("DryRunOperation", ec2.disable_image_block_public_access, DryRun=True)
        self.assertEqual(ec2.get_image_block_public_access_state()[state], "block-new-sharing")

    def test_the_serial_console(self):
        ec2 = client("ec2", "sa-east-1")
        self.assertFalse(ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"])
        self.assertTrue(ec2.enable_serial_console_access()["SerialConsoleAccessEnabled"])
        self.assertTrue(ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"])
        self.assertFalse(ec2.disable_serial_console_access()["SerialConsoleAccessEnabled"])

    def test_the_metadata_options_of_new_instances(self):
        ec2 = client("ec2", "sa-east-1")
        self.assertEqual(ec2.get_instance_metadata_defaults()["AccountLevel"], {"ManagedBy": "account"})
        self.assertTrue(ec2.modify_instance_metadata_defaults(HttpTokens="required", HttpPutResponseHopLimit=2)["Return"])
        ec2.modify_instance_metadata_defaults(HttpEndpoint="enabled", InstanceMetadataTags="disabled")
        level = ec2.get_instance_metadata_defaults()["AccountLevel"]
        self.assertEqual((level["HttpTokens"], level["HttpPutResponseHopLimit"]), ("required", 2))
        self.assertEqual((level["HttpEndpoint"], level["InstanceMetadataTags"]), ("enabled", "disabled"))
        for hops in (0, 65):
            self.refused(
                "InvalidParameterValue", ec2.modify_instance_metadata_defaults, HttpPutResponseHopLimit=hops
            )
        ec2.modify_instance_metadata_defaults(
            HttpTokens="no-preference",
            HttpPutResponseHopLimit=-1,
            HttpEndpoint="no-preference",
            InstanceMetadataTags="no-preference",
            HttpTokensEnforced="no-preference",
        )
        self.assertEqual(ec2.get_instance_metadata_defaults()["AccountLevel"], {"ManagedBy": "account"})


class DefaultVpc(Case):
    def test_is_there_with_everything_that_belongs_to_it(self):
        ec2 = client("ec2", "us-east-1")
        vpc = self.default_vpc(ec2)
        ec2.get_waiter("vpc_available").wait(VpcIds=[vpc])
        zones = {zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]}
        subnets = self.subnets(ec2, vpc)
        self.assertEqual({subnet["AvailabilityZone"] for subnet in subnets}, zones)
        self.assertTrue(all(subnet["DefaultForAz"] and subnet["MapPublicIpOnLaunch"] for subnet in subnets))
        gateway = self.gateway(ec2, vpc)
        tables = everything(ec2, "describe_route_tables", "RouteTables", Filters=of_vpc(vpc))
        self.assertEqual([[a["Main"] for a in table["Associations"]] for table in tables], [[True]])
        self.assertIn(
            ("0.0.0.0/0", gateway), [(r["DestinationCidrBlock"], r["GatewayId"]) for r in tables[0]["Routes"]]
        )
        groups = everything(ec2, "describe_security_groups", "SecurityGroups", Filters=of_vpc(vpc))
        self.assertEqual([group["GroupName"] for group in groups], ["default"])
        itself = groups[0]["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"]
        self.assertEqual(itself, groups[0]["GroupId"])
        acls = everything(ec2, "describe_network_acls", "NetworkAcls", Filters=of_vpc(vpc))
        self.assertEqual([acl["IsDefault"] for acl in acls], [True])
        self.assertEqual(
            {a["SubnetId"] for a in acls[0]["Associations"]}, {subnet["SubnetId"] for subnet in subnets}
        )

    def test_holds_nothing_that_would_be_in_use(self):
        ec2 = client("ec2", "us-west-1")
        here = of_vpc(vpc := self.default_vpc(ec2))
        group = everything(ec2, "describe_security_groups", "SecurityGroups", Filters=here)[0]["GroupId"]
        for operation, key, filters in (
            ("describe_network_interfaces", "NetworkInterfaces", {"Filters": here}),
            ("describe_instances", "Reservations", {"Filters": here}),
            ("describe_nat_gateways", "NatGateways", {"Filter": here}),
            ("describe_vpc_endpoints", "VpcEndpoints", {"Filters": here}),
            ("describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments", {"Filters": here}),
            ("describe_egress_only_internet_gateways", "EgressOnlyInternetGateways", {}),
            (
                "describe_vpc_peering_connections",
                "VpcPeeringConnections",
                {"Filters": [{"Name": "requester-vpc-info.vpc-id", "Values": [vpc]}]},
            ),
            ("describe_flow_logs", "FlowLogs", {"Filters": [{"Name": "resource-id", "Values": [vpc]}]}),
        ):
            with self.subTest(operation):
                self.assertEqual(everything(ec2, operation, key, **filters), [])
        at = [{"Name": "attachment.vpc-id", "Values": [vpc]}]
        self.assertEqual(ec2.describe_vpn_gateways(Filters=at)["VpnGateways"], [])
        rules = everything(
            ec2,
            "describe_security_group_rules",
            "SecurityGroupRules",
            Filters=[{"Name": "group-id", "Values": [group]}],
        )
        self.assertEqual(sorted(rule["IsEgress"] for rule in rules), [False, True])
        self.assertEqual(
            ec2.describe_security_group_references(GroupId=[group])["SecurityGroupReferenceSet"], []
        )

    def test_comes_in_pages_of_the_size_that_is_asked_for(self):
        ec2 = client("ec2", "us-west-2")
        subnets = self.subnets(ec2, self.default_vpc(ec2))
        pages = list(ec2.get_paginator("describe_subnets").paginate(PaginationConfig={"PageSize": 5}))
        self.assertTrue(all(len(page["Subnets"]) <= 5 for page in pages))
        self.assertEqual(sum(len(page["Subnets"]) for page in pages), len(subnets))

    def test_goes_in_the_order_of_its_dependencies_alone(self):
        ec2 = client("ec2", "sa-east-1")
        vpc = self.default_vpc(ec2)
        gateway = self.gateway(ec2, vpc)
        self.refused("DependencyViolation", ec2.delete_vpc, VpcId=vpc)
        self.refused("DependencyViolation", ec2.delete_internet_gateway, InternetGatewayId=gateway)
        subnets = [subnet["SubnetId"] for subnet in self.subnets(ec2, vpc)]
        self.refused("DryRunOperation", ec2.delete_subnet, SubnetId=subnets[0], DryRun=True)
        for subnet in subnets:
            ec2.delete_subnet(SubnetId=subnet)
            self.refused("InvalidSubnetID.NotFound", ec2.delete_subnet, SubnetId=subnet)
        self.refused("DependencyViolation", ec2.delete_vpc, VpcId=vpc)
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        self.refused("Gateway.NotAttached", ec2.detach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc)
        ec2.delete_internet_gateway(InternetGatewayId=gateway)
        self.refused(
            "InvalidInternetGatewayID.NotFound", ec2.delete_internet_gateway, InternetGatewayId=gateway
        )
        ec2.delete_vpc(VpcId=vpc)
        self.refused("InvalidVpcID.NotFound", ec2.delete_vpc, VpcId=vpc)
        self.refused("InvalidVpcID.NotFound", ec2.describe_vpcs, VpcIds=[vpc])
        for operation, key in (
            ("describe_vpcs", "Vpcs"),
            ("describe_subnets", "Subnets"),
            ("describe_internet_gateways", "InternetGateways"),
            ("describe_route_tables", "RouteTables"),
            ("describe_network_acls", "NetworkAcls"),
            ("describe_security_groups", "SecurityGroups"),
        ):
            with self.subTest(operation):
                self.assertEqual(everything(ec2, operation, key), [])

    def test_is_restored_whole_and_once(self):
        ec2 = client("ec2", "ca-central-1")
        self.refused("DefaultVpcAlreadyExists", ec2.create_default_vpc)
        vpc = self.default_vpc(ec2)
        gateway = self.gateway(ec2, vpc)
        for subnet in self.subnets(ec2, vpc):
            ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        ec2.delete_internet_gateway(InternetGatewayId=gateway)
        ec2.delete_vpc(VpcId=vpc)
        made = ec2.create_default_vpc()["Vpc"]
        self.assertTrue(made["IsDefault"])
        self.assertEqual(made["CidrBlock"], "172.31.0.0/16")
        ec2.get_waiter("vpc_exists").wait(VpcIds=[made["VpcId"]])
        self.assertEqual(self.default_vpc(ec2), made["VpcId"])
        self.gateway(ec2, made["VpcId"])
        zones = ec2.describe_availability_zones()["AvailabilityZones"]
        self.assertEqual(len(self.subnets(ec2, made["VpcId"])), len(zones))
        self.refused("DefaultVpcAlreadyExists", ec2.create_default_vpc)

    def test_is_repaired_from_its_half(self):
        ec2 = client("ec2", "eu-north-1")
        vpc = self.default_vpc(ec2)
        lost = self.subnets(ec2, vpc)[0]
        gone = self.gateway(ec2, vpc)
        ec2.delete_subnet(SubnetId=lost["SubnetId"])
        ec2.detach_internet_gateway(InternetGatewayId=gone, VpcId=vpc)
        ec2.delete_internet_gateway(InternetGatewayId=gone)
        table = everything(ec2, "describe_route_tables", "RouteTables", Filters=of_vpc(vpc))[0]
        # The route to a gateway that is gone stays, and leads nowhere.
        self.assertIn("blackhole", [route["State"] for route in table["Routes"]])

        made = ec2.create_default_subnet(AvailabilityZone=lost["AvailabilityZone"])["Subnet"]
        self.assertTrue(made["DefaultForAz"])
        ec2.get_waiter("subnet_available").wait(SubnetIds=[made["SubnetId"]])
        again = {"AvailabilityZone": lost["AvailabilityZone"]}
        self.refused("DefaultSubnetAlreadyExistsInAvailabilityZone", ec2.create_default_subnet, **again)

        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        self.refused(
            "Resource.AlreadyAssociated", ec2.attach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc
        )
        route = {
            "RouteTableId": table["RouteTableId"],
            "DestinationCidrBlock": "0.0.0.0/0",
            "GatewayId": gateway,
        }
        ec2.replace_route(**route)
        after = ec2.describe_route_tables(RouteTableIds=[table["RouteTableId"]])["RouteTables"][0]
        self.assertIn(
            (gateway, "active"), [(route["GatewayId"], route["State"]) for route in after["Routes"]]
        )

    def test_is_asked_for_with_any_text(self):
        """Texts that a form must escape come through as they are."""
        ec2 = client("ec2", "eu-west-3")
        for text in ("100 % + x&y=z", "東京", "a/b?c#d"):
            with self.subTest(text):
                filters = [{"Name": "tag:Name", "Values": [text]}]
                self.assertEqual(everything(ec2, "describe_vpcs", "Vpcs", Filters=filters), [])


class GuardDuty(Case):
    def test_has_one_detector_a_region(self):
        guardduty = client("guardduty", "ap-northeast-1")
        self.assertEqual(everything(guardduty, "list_detectors", "DetectorIds"), [])
        detector = guardduty.create_detector(Enable=True)["DetectorId"]
        self.refused("BadRequestException", guardduty.create_detector, Enable=True)
        self.assertEqual(everything(guardduty, "list_detectors", "DetectorIds"), [detector])
        self.assertEqual(client("guardduty", "ap-northeast-2").list_detectors()["DetectorIds"], [])

    def test_enables_every_feature_but_one_that_is_not_named(self):
        guardduty = client("guardduty", "ap-northeast-3")
        off = [{"Name": "RDS_LOGIN_EVENTS", "Status": "DISABLED"}]
        detector = guardduty.create_detector(Enable=True, Features=off)["DetectorId"]
        read = guardduty.get_detector(DetectorId=detector)
        self.assertEqual((read["Status"], read["FindingPublishingFrequency"]), ("ENABLED", "SIX_HOURS"))
        status = {feature["Name"]: feature["Status"] for feature in read["Features"]}
        self.assertLessEqual(FEATURES, status.keys())
        self.assertEqual(
            {name for name in FEATURES if status[name] == "DISABLED"},
            {"RDS_LOGIN_EVENTS", "RUNTIME_MONITORING"},
        )

    def test_updates_only_what_is_named(self):
        guardduty = client("guardduty", "ap-southeast-1")
        detector = guardduty.create_detector(Enable=True, FindingPublishingFrequency="ONE_HOUR")["DetectorId"]
        guardduty.update_detector(
            DetectorId=detector, Features=[{"Name": "S3_DATA_EVENTS", "Status": "DISABLED"}]
        )
        guardduty.update_detector(DetectorId=detector, Enable=False)
        read = guardduty.get_detector(DetectorId=detector)
        self.assertEqual((read["Status"], read["FindingPublishingFrequency"]), ("DISABLED", "ONE_HOUR"))
        status = {feature["Name"]: feature["Status"] for feature in read["Features"]}
        self.assertEqual((status["S3_DATA_EVENTS"], status["EKS_AUDIT_LOGS"]), ("DISABLED", "ENABLED"))

    def test_knows_no_detector_of_others(self):
        guardduty = client("guardduty", "ap-southeast-2")
        for call in (guardduty.get_detector, guardduty.get_administrator_account):
            self.refused("BadRequestException", call, DetectorId="0123456789abcdef0123456789abcdef")

    def test_of_a_standalone_account_has_no_administrator(self):
        guardduty = client("guardduty", "eu-west-1")
        detector = guardduty.create_detector(Enable=True)["DetectorId"]
        self.assertFalse(guardduty.get_administrator_account(DetectorId=detector).get("Administrator"))


if __name__ == "__main__":
    unittest.main()
