//! Snapshots, as far as it matters whether they are public.

use serde_json::Value;

use super::defaults::SnapshotSharing;
use super::input::Input;
use super::kind;
use super::listing::{Listing, Pages};
use super::model::{Ec2, Snapshot, THEN, find, find_mut};
use super::{Answer, AwsError, Cx, done, rows};

/// `DescribeSnapshots`, behind its two parameters that are no ids: whose, and restorable by whom.
static SNAPSHOTS: Listing = Listing {
    operation: "DescribeSnapshots",
    set: "snapshotSet",
    ids: &[("SnapshotId", "snapshotId", &kind::SNAPSHOT)],
    filters: &[
        ("description", "description"),
        ("encrypted", "encrypted"),
        ("owner-id", "ownerId"),
        ("snapshot-id", "snapshotId"),
        ("status", "status"),
        ("tag-key", "tagSet/key"),
        ("volume-id", "volumeId"),
        ("volume-size", "volumeSize"),
    ],
    pages: Pages::UpToWithoutIds(1000),
    also: &["Owner", "RestorableBy"],
};

/// `CreateSnapshot`. There are no volumes: every well-formed id is one.
pub(super) fn create_snapshot(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let snapshot = Snapshot {
        volume_id: input.id("VolumeId", &kind::VOLUME)?.to_owned(),
        snapshot_id: cx.ids.next("snap"),
        owner_id: cx.ec2.account_id.clone(),
        description: input.text("Description").unwrap_or_default().to_owned(),
        status: "completed".to_owned(),
        progress: "100%".to_owned(),
        start_time: THEN.to_owned(),
        volume_size: 8,
        encrypted: cx.ec2.ebs.encryption,
        is_public: false,
        tag_set: input.creation_tags(&kind::SNAPSHOT)?,
    };
    cx.ec2.snapshots.push(snapshot.clone());
    Ok(row(&snapshot))
}

/// `ModifySnapshotAttribute`, for the one group that there is, `all`.
pub(super) fn modify_attribute(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let id = input.id("SnapshotId", &kind::SNAPSHOT)?;
    let snapshot = find(&cx.ec2.snapshots, id)?;
    let mut is_public = snapshot.is_public;
    for (verb, becomes) in [("Remove", false), ("Add", true)] {
        for permission in input.structures_in("CreateVolumePermission", verb) {
            if permission.len() != 1 || permission.get("Group").and_then(Value::as_str) != Some("all") {
                return Err(AwsError::new(
                    "NotInSandbox",
                    "The sandbox knows no other permission on a snapshot than that of the group all.",
                ));
            }
            is_public = becomes;
        }
    }
    if is_public && !snapshot.is_public {
        if snapshot.encrypted {
            return Err(AwsError::new(
                "OperationNotPermitted",
                "Encrypted snapshots can't be shared publicly.",
            ));
        }
        let policy = cx.ec2.defaults.policy.snapshot_block_public_access;
        if policy.unwrap_or(cx.ec2.defaults.snapshots) != SnapshotSharing::Unblocked {
            return Err(AwsError::new(
                "OperationNotPermitted",
                "Public sharing of snapshots is blocked in this Region.",
            ));
        }
    }
    find_mut(&mut cx.ec2.snapshots, id)?.is_public = is_public;
    done()
}

/// `DescribeSnapshots`. A block leaves the permissions as they are, so what it hides is still listed as public to its
/// owner (API Reference, `EnableSnapshotBlockPublicAccess`). Nobody else has snapshots here.
pub(super) fn describe_snapshots(cx: &mut Cx<'_>, input: &Input<'_>) -> Answer {
    let Ec2 {
        snapshots,
        account_id,
        ..
    } = &*cx.ec2;
    let (owners, restorable) = (input.list("Owner"), input.list("RestorableBy"));
    let is_own = |who: &&str| ["self", account_id].contains(who);
    let owned = owners.is_empty() || owners.iter().any(is_own);
    let may_be_restored = |snapshot: &&Snapshot| {
        restorable.is_empty()
            || restorable
                .iter()
                .any(|who| is_own(who) || (*who == "all" && snapshot.is_public))
    };
    let rows = snapshots
        .iter()
        .filter(|_| owned)
        .filter(may_be_restored)
        .map(row);
    SNAPSHOTS.answer(input, rows.collect())
}

/// `Snapshot`, which does not say whether it is public.
fn row(snapshot: &Snapshot) -> Value {
    let mut row = rows::plain(snapshot);
    if let Some(row) = row.as_object_mut() {
        row.remove("isPublic");
    }
    row
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{Cloud, text};

    const VOLUME: &str = "vol-1a2b3c4d";

    fn create(cloud: &mut Cloud) -> String {
        let made = cloud.ok("CreateSnapshot", json!({ "VolumeId": VOLUME }));
        text(&made, "snapshotId")
    }

    fn share(id: &str, verb: &str) -> Value {
        json!({ "SnapshotId": id, "CreateVolumePermission": { verb: [{ "Group": "all" }] } })
    }

    fn public(cloud: &mut Cloud) -> Vec<String> {
        let input = json!({ "Owner": ["self"], "RestorableBy": ["all"] });
        cloud.texts("DescribeSnapshots", "snapshotId", input)
    }

    #[test]
    fn a_snapshot_becomes_public_and_private_again() {
        let mut cloud = Cloud::new();
        let (one, two) = (create(&mut cloud), create(&mut cloud));
        assert_eq!(
            cloud.texts("DescribeSnapshots", "volumeId", json!({})),
            [VOLUME, VOLUME]
        );
        assert_eq!(public(&mut cloud), [""; 0]);
        cloud.ok("ModifySnapshotAttribute", share(&one, "Add"));
        assert_eq!(public(&mut cloud), [one.as_str()]);
        let others = json!({ "Owner": ["amazon"] });
        assert_eq!(cloud.texts("DescribeSnapshots", "snapshotId", others), [""; 0]);
        let mine = json!({ "RestorableBy": ["self"], "SnapshotId": [two] });
        assert_eq!(cloud.texts("DescribeSnapshots", "snapshotId", mine), [two]);
        cloud.ok("ModifySnapshotAttribute", share(&one, "Remove"));
        assert_eq!(public(&mut cloud), [""; 0]);
    }

    #[test]
    fn a_block_refuses_new_public_snapshots_and_lists_those_that_it_hides() {
        let mut cloud = Cloud::new();
        let (old, new) = (create(&mut cloud), create(&mut cloud));
        cloud.ok("ModifySnapshotAttribute", share(&old, "Add"));
        for state in ["block-new-sharing", "block-all-sharing"] {
            cloud.ok("EnableSnapshotBlockPublicAccess", json!({ "State": state }));
            let (code, message) = cloud.refused("ModifySnapshotAttribute", share(&new, "Add"));
            assert_eq!(code, "OperationNotPermitted", "{message}");
            assert_eq!(public(&mut cloud), [old.as_str()]);
        }
        cloud.ok("DisableSnapshotBlockPublicAccess", json!({}));
        cloud.ok("ModifySnapshotAttribute", share(&new, "Add"));
        assert_eq!(public(&mut cloud), [old, new]);
    }

    #[test]
    fn what_cannot_be_shared_or_is_not_there_is_refused() {
        let mut cloud = Cloud::new();
        cloud.ok("EnableEbsEncryptionByDefault", json!({}));
        let encrypted = create(&mut cloud);
        let (code, _) = cloud.refused("ModifySnapshotAttribute", share(&encrypted, "Add"));
        assert_eq!(code, "OperationNotPermitted");
        let (code, _) = cloud.refused("ModifySnapshotAttribute", share("snap-1a2b3c4d", "Add"));
        assert_eq!(code, "InvalidSnapshot.NotFound");
        let (code, _) = cloud.refused("CreateSnapshot", json!({ "VolumeId": "disk" }));
        assert_eq!(code, "InvalidVolumeID.Malformed");
        let user =
            json!({ "SnapshotId": encrypted, "CreateVolumePermission": { "Add": [{ "UserId": "1" }] } });
        assert_eq!(cloud.refused("ModifySnapshotAttribute", user).0, "NotInSandbox");
    }
}
