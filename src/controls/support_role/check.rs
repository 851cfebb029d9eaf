//! What is wrong with a table as a whole.

use super::model::Model;
use super::trust;
use crate::role_rights::wrong_boundary;
use crate::roles::{self, wrong_name};

/// See [`Control::check`](trueup_core::control::Control::check).
pub(super) fn check(want: &Model) -> Vec<(&'static str, String)> {
    let mut wrong = vec![];
    if let Some(role) = &want.role {
        wrong.extend(wrong_name(role, 64).map(|what| ("role", what)));
        if role.starts_with("AWSReservedSSO_") {
            wrong.push((
                "role",
                format!(
                    "`{role}` is IAM Identity Center's own; expected a name of your own, or enabled = true alone"
                ),
            ));
        }
    }
    let principals = want.principals.iter().flatten();
    for who in principals.filter(|who| !trust::may_be_written(who)) {
        wrong.push((
            "principals",
            format!("`{who}` is nobody who can be let in; expected an account's 12 digits or the ARN of an IAM user or role"),
        ));
    }
    if want.principals.as_ref().is_some_and(Vec::is_empty) {
        wrong.push((
            "principals",
            "lets nobody in; expected at least one, or enabled = false to remove the role".to_owned(),
        ));
    }
    let description = want
        .role_description
        .as_deref()
        .and_then(roles::wrong_description);
    wrong.extend(description.map(|what| ("role_description", what)));
    let boundary = want.permissions_boundary.as_ref().and_then(wrong_boundary);
    wrong.extend(boundary.map(|what| ("permissions_boundary", what)));
    if want.enabled.is_none() && want.role.is_none() {
        wrong.push((
            "",
            "says nothing about the role; expected at least role = \"support\"".to_owned(),
        ));
    }
    if want.role.is_none() && !want.is_off() {
        for (key, is_written) in [
            ("principals", want.principals.is_some()),
            ("role_description", want.role_description.is_some()),
            ("permissions_boundary", want.permissions_boundary.is_some()),
        ] {
            if is_written {
                wrong.push((
                    key,
                    "says nothing without role; expected role beside it".to_owned(),
                ));
            }
        }
    }
    wrong
}
