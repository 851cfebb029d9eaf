//! What has to be done, and what is told.

use trueup_core::change::{Changes, LocalId};
use trueup_core::control::{Here, Observed};
use trueup_core::env::Env;
use trueup_core::tags;
use trueup_policy::Policy;

use super::documents;
use super::model::{Action, Ids, MfaCondition, Model, Role, User};
use super::{SELF_SERVICE, SWITCH_ROLE, role_arn, wanted_users};
use crate::access::{May, explained, named};
use crate::role_rights::{Boundary, NARROWS};
use crate::role_trust::{self, Demand, Entry, Own, Probe, Rewritten};

/// Who runs trueup, as far as it matters here.
enum Caller<'a> {
    User(&'a str),
    Role(&'a str),
    Other,
}

impl<'a> Caller<'a> {
    /// From the ARN that `sts:GetCallerIdentity` answers with.
    fn of(arn: &'a str) -> Self {
        let resource = arn.rsplit(':').next().unwrap_or_default();
        match resource.split_once('/') {
            Some(("user", path)) => Caller::User(path.rsplit('/').next().unwrap_or(path)),
            Some(("assumed-role", session)) => Caller::Role(session.split('/').next().unwrap_or(session)),
            _ => Caller::Other,
        }
    }

    fn is_user(&self, name: &str) -> bool {
        matches!(self, Caller::User(user) if user.eq_ignore_ascii_case(name))
    }

    fn is_role(&self, name: &str) -> bool {
        matches!(self, Caller::Role(role) if role.eq_ignore_ascii_case(name))
    }

    fn is_one_of(&self, users: Option<&Vec<String>>) -> bool {
        users.into_iter().flatten().any(|user| self.is_user(user))
    }
}

/// Everything that a step is decided from.
struct Case<'a> {
    want: &'a Model,
    live: &'a Model,
    ids: &'a Ids,
    env: &'a Env,
    caller: Caller<'a>,
}

impl Case<'_> {
    fn own(&self) -> Own<'_> {
        Own::of(self.env)
    }

    /// What the role's trust demands of the account's users.
    fn demand(&self) -> Demand {
        Demand {
            mfa: self.want.mfa(),
            max_age: self.want.mfa_max_age_seconds.and_then(|age| age.number),
        }
    }

    /// True if a step would cost the caller access and nobody consented to that; a person is told.
    fn spares_caller(&self, loses: bool, what: &str, out: &mut Changes<Action>) -> bool {
        let spares = loses && self.want.caller_may_lose_access != Some(true);
        if spares {
            out.person(format!(
                "{what} would take access from the one who runs trueup, {}: let another administrator apply it, or \
                 write caller_may_lose_access = true",
                self.env.run.caller
            ));
        }
        spares
    }

    /// The name as IAM has it, or as the file has it where it does not exist yet.
    fn group_name<'b>(&'b self, written: &'b str) -> &'b str {
        self.ids.group.as_ref().map_or(written, |group| &group.name)
    }

    /// An inline policy of the group.
    fn inline(&self, name: &str) -> Option<&Policy> {
        self.ids.group.as_ref()?.inline.get(name)
    }

    /// All policies of the group.
    fn group_policies(&self) -> impl Iterator<Item = &Policy> {
        let group = self.ids.group.iter();
        group.flat_map(|group| group.inline.values().chain(group.attached.values()))
    }

    fn role_arn(&self, written: &str) -> String {
        match &self.ids.role {
            Some(role) => role.arn.clone(),
            None => role_arn(self.env, written),
        }
    }
}

/// See [`Control::diff`](trueup_core::control::Control::diff).
pub(super) fn diff(want: &Model, seen: &Observed<Model, Ids>, here: &Here<'_>, out: &mut Changes<Action>) {
    let case = Case {
        want,
        live: &seen.model,
        ids: &seen.ids,
        env: here.env,
        caller: Caller::of(&here.env.run.caller),
    };
    if want.is_off() {
        remove(&case, out);
        return;
    }
    match (want.satisfied_by, seen.model.satisfied_by, &seen.ids.identity_center) {
        (Some(_), Some(_), _) => return,
        (Some(_), None, _) if want.group.is_none() && want.role.is_none() => {
            out.person(
                "no IAM Identity Center role with AdministratorAccess is in this account: assign a permission set with \
                 the policy AdministratorAccess to it in IAM Identity Center",
            );
            return;
        }
        (None, _, Some(name)) => out.notice(format!(
            "IAM Identity Center has made administrators here already ({name}); satisfied_by = \"identity_center\" \
             makes them stand for this table"
        )),
        _ => {}
    }
    let made = role(&case, out);
    let group = group(&case, made, out);
    users(&case, group.or(made), out);
    if let Some(role) = &want.role {
        told(&case, role, out);
    }
}

/// The role; the step that makes it, if one does.
fn role(case: &Case<'_>, out: &mut Changes<Action>) -> Option<LocalId> {
    let written = case.want.role.as_ref()?;
    if case.live.role.is_none() {
        return Some(create(case, written, out));
    }
    let live = case.ids.role.as_ref()?;
    let users = wanted_users(case.want, case.ids, case.own());
    let probe = Probe::new(&live.trust, case.own(), users);
    let change = probe.rewritten(&live.trust, case.demand(), |trust| {
        probe.users(trust) != Entry::No
    });
    let trust = trust(case, live, change, out);
    let standing = trust.as_ref().map_or(&live.trust, |trust| &trust.stands);
    let others = probe.others(standing);
    if live.lacks_administrator_access && !trust.as_ref().is_some_and(|trust| trust.is_left) {
        let role = live.name.clone();
        let step = out
            .add(Action::AttachAdministratorAccess { role })
            .after_all(trust.as_ref().and_then(|trust| trust.step));
        if !others.is_empty() {
            step.disruptive(format!("it makes administrators of {} too", others.join(", ")));
        }
    }
    stricter(case, &probe, live, out);
    rights(case, live, out);
    settings(case, out);
    let missing = tags::differing(&case.env.run.tags, &live.tags);
    if !missing.is_empty() {
        out.change(Action::TagRole {
            role: live.name.clone(),
            tags: missing,
        });
    }
    let role = &live.name;
    if !others.is_empty() {
        out.notice(format!(
            "the role {role} lets others in without MFA, which stays as it is: {}",
            others.join(", ")
        ));
    }
    for why in probe.unclear(standing) {
        out.notice(format!("the trust of the role {role}: {why}"));
    }
    role_trust::tell_deleted(role, &live.trust, standing, out);
    None
}

fn create(case: &Case<'_>, name: &str, out: &mut Changes<Action>) -> LocalId {
    let want = case.want;
    let made = out
        .add(Action::CreateRole {
            role: name.to_owned(),
            trust: role_trust::trust(case.own(), case.demand()),
            description: want.role_description.clone().filter(|text| !text.is_empty()),
            max_session: want.max_session_seconds,
            boundary: want.permissions_boundary.clone(),
            tags: case.env.run.tags.clone(),
        })
        .id();
    let role = name.to_owned();
    out.add(Action::AttachAdministratorAccess { role }).after(made);
    made
}

/// What becomes of a trust that has to change.
struct Trust {
    /// The document that will stand.
    stands: Policy,
    /// The step that sends it.
    step: Option<LocalId>,
    /// True if nothing is sent although it has to change: the role must not become more powerful before.
    is_left: bool,
}

impl Trust {
    fn left(live: &Role) -> Self {
        Trust {
            stands: live.trust.clone(),
            step: None,
            is_left: true,
        }
    }
}

fn trust(
    case: &Case<'_>,
    live: &Role,
    change: Result<Option<Rewritten>, String>,
    out: &mut Changes<Action>,
) -> Option<Trust> {
    let role = &live.name;
    let next = match change {
        Ok(next) => next?,
        Err(why) => {
            out.refuse_entry(
                "role",
                format!("the trust of the role {role} is left as it is: {why}"),
            );
            return Some(Trust::left(live));
        }
    };
    let without_mfa = |(name, user): (&String, &User)| case.caller.is_user(name) && !user.has_mfa;
    let loses = !next.out.is_empty() && (case.caller.is_role(role) || case.ids.users.iter().any(without_mfa));
    let what = format!("demanding more of who assumes the role {role}");
    if case.spares_caller(loses, &what, out) {
        return Some(Trust::left(live));
    }
    let step = out.change(Action::UpdateTrust {
        role: role.clone(),
        trust: next.trust.clone(),
        mfa: case.want.mfa(),
    });
    let why = role_trust::consequence(&next, case.own());
    Some(Trust {
        stands: next.trust,
        step: Some(step.disruptive(why).id()),
        is_left: false,
    })
}

/// What the trust demands beyond the file, which stays.
fn stricter(case: &Case<'_>, probe: &Probe<'_>, live: &Role, out: &mut Changes<Action>) {
    let Some(asked) = probe.asks(&live.trust) else {
        return;
    };
    if case.want.mfa_condition.is_some() && asked.mfa > Some(case.demand().mfa) {
        out.keep(
            &["mfa_condition"],
            format!(
                "the trust of the role {} demands MFA of access keys too, which stays",
                live.name
            ),
        );
    }
    let wanted = case.want.mfa_max_age_seconds;
    if let (Some(wanted), Some(has)) = (wanted, asked.max_age)
        && wanted.number.is_none_or(|wanted| has < wanted)
    {
        out.keep(
            &["mfa_max_age_seconds"],
            format!(
                "the trust of the role {} accepts a sign-in with MFA for {has} seconds, less than the file asks for, \
                 which stays",
                live.name
            ),
        );
    }
}

/// Actions that no two policies have in common unless they are about everything.
const PROBED: [&str; 4] = [
    "ec2:RunInstances",
    "s3:CreateBucket",
    "kms:CreateKey",
    "cloudtrail:LookupEvents",
];

/// What keeps the role from doing what AdministratorAccess allows.
fn rights(case: &Case<'_>, live: &Role, out: &mut Changes<Action>) {
    let role = &live.name;
    match Boundary::of(
        role,
        live.boundary.as_deref(),
        case.want.permissions_boundary.as_ref(),
    ) {
        Boundary::Right => {}
        Boundary::Another(why) => out.refuse_entry("permissions_boundary", why),
        Boundary::Missing(boundary) => {
            let (role, boundary) = (role.clone(), boundary.to_owned());
            out.change(Action::PutBoundary { role, boundary })
                .disruptive(NARROWS);
        }
    }
    let denying = live.others.denying(&live.arn, &PROBED, case.env);
    let risk = |policy: &str| {
        format!("{policy} denies the role everything; without it the role has every permission")
    };
    for policy in denying.attached {
        let (role, why) = (role.clone(), risk(&policy));
        out.change(Action::DetachPolicy { role, policy }).weakening(why);
    }
    for policy in denying.inline {
        let (role, why) = (role.clone(), risk(&policy));
        out.destroy(Action::DeletePolicy { role, policy }).weakening(why);
    }
    for why in denying.unclear {
        out.notice(format!(
            "a policy of the role {role} may deny it everything: {why}"
        ));
    }
}

/// The role's description and session length, which go together: what is not managed is sent as it was read.
fn settings(case: &Case<'_>, out: &mut Changes<Action>) {
    let Some(live) = &case.ids.role else {
        return;
    };
    let has = live.description.as_deref().unwrap_or_default();
    let description = case.want.role_description.as_ref().filter(|text| *text != has);
    let max_session = case
        .want
        .max_session_seconds
        .filter(|max| *max != live.max_session);
    if description.is_none() && max_session.is_none() {
        return;
    }
    let step = out.change(Action::UpdateRole {
        role: live.name.clone(),
        description: description.or(live.description.as_ref()).cloned(),
        max_session: max_session.unwrap_or(live.max_session),
    });
    if max_session.is_some_and(|max| max < live.max_session) {
        step.disruptive(format!(
            "whoever asks for a session of {} seconds is refused",
            live.max_session
        ));
    }
}

/// The group with its policies; the step that makes it, if one does. What is made for a role that does not exist yet
/// waits for it: where the role cannot be made, it would serve nothing.
fn group(case: &Case<'_>, new_role: Option<LocalId>, out: &mut Changes<Action>) -> Option<LocalId> {
    let written = case.want.group.as_ref()?;
    let made = case.live.group.is_none().then(|| {
        let group = written.clone();
        out.add(Action::CreateGroup { group }).after_all(new_role).id()
    });
    if made.is_none() && case.ids.group.is_none() {
        return None;
    }
    if let Some(role) = &case.want.role {
        let arn = case.role_arn(role);
        let switching = Part {
            name: SWITCH_ROLE,
            document: documents::switch_role(&arn),
            needs: vec![("sts:AssumeRole", arn)],
            what: "switch to the role",
        };
        switching.plan(case, written, made.or(new_role), out);
    }
    let self_service = Part {
        name: SELF_SERVICE,
        document: documents::self_service(case.own()),
        needs: documents::self_service_at_least(case.own()),
        what: "manage their own password and MFA devices",
    };
    self_service.plan(case, written, made, out);
    if let Some(group) = &case.ids.group
        && documents::allow_everything(case.group_policies())
    {
        out.notice(format!(
            "the group {} has every permission itself: its members need neither the role nor MFA",
            group.name
        ));
    }
    made
}

/// One of the group's two policies. By trueup's name it says exactly what it should, or lets members switch in other
/// words; where policies by other names let members do what they need, it is not added.
struct Part {
    name: &'static str,
    document: Policy,
    needs: Vec<(&'static str, String)>,
    what: &'static str,
}

impl Part {
    fn plan(self, case: &Case<'_>, written: &str, made: Option<LocalId>, out: &mut Changes<Action>) {
        let may = documents::members_may(case.group_policies(), &self.needs, case.own());
        let Some(before) = case.inline(self.name) else {
            let with_it = case.group_policies().chain([&self.document]);
            let helps = documents::members_may(with_it, &self.needs, case.own()) == May::Yes;
            if may == May::No(vec![]) || may != May::Yes && helps {
                out.add(self.put(case, written)).after_all(made);
            } else {
                self.tell(case, &may, out);
            }
            return;
        };
        if *before == self.document {
            return self.tell(case, &may, out);
        }
        if self.name == SWITCH_ROLE && may == May::Yes && documents::only_switches(before) {
            return out.notice(format!(
                "the policy {SWITCH_ROLE} of the group {} says more than trueup's, or the same in other words",
                case.group_name(written)
            ));
        }
        self.replace(case, written, before, out);
        let replaced = |policy: &&Policy| !std::ptr::eq(*policy, before);
        let then = case.group_policies().filter(replaced).chain([&self.document]);
        let may = documents::members_may(then, &self.needs, case.own());
        self.tell(case, &may, out);
    }

    /// What denies members switching is in the way of the group's purpose; the rest is noted.
    fn tell(&self, case: &Case<'_>, may: &May, out: &mut Changes<Action>) {
        let group = case.ids.group.as_ref().map_or("", |group| &group.name);
        let what = self.what;
        match may {
            May::No(by) if !by.is_empty() => {
                let denied = format!(
                    "{} of a policy of the group {group} denies its members to {what}",
                    named(by)
                );
                match self.name {
                    SWITCH_ROLE => out.refuse_entry(
                        "group",
                        format!("{denied}, and trueup removes no policy of others; change or remove it"),
                    ),
                    _ => out.notice(denied),
                }
            }
            May::CannotTell(by) => out.notice(format!(
                "cannot tell whether the group {group} lets its members {what} ({})",
                explained(by)
            )),
            May::Yes | May::No(_) => {}
        }
    }

    fn put(&self, case: &Case<'_>, written: &str) -> Action {
        Action::PutGroupPolicy {
            group: case.group_name(written).to_owned(),
            policy: self.name.to_owned(),
            document: self.document.clone(),
        }
    }

    fn replace(&self, case: &Case<'_>, written: &str, before: &Policy, out: &mut Changes<Action>) {
        let narrows = !documents::is_within(before, &self.document);
        let loses = narrows && case.caller.is_one_of(case.live.users.as_ref());
        if case.spares_caller(loses, &format!("replacing the group's policy {}", self.name), out) {
            return;
        }
        let step = out.change(self.put(case, written));
        if narrows {
            step.disruptive("members lose what the policy allows beyond this");
        }
    }
}

fn users(case: &Case<'_>, made: Option<LocalId>, out: &mut Changes<Action>) {
    let Some(written) = &case.want.group else {
        return;
    };
    let tags = &case.env.run.tags;
    let group = case.group_name(written).to_owned();
    let members = case.live.users.clone().unwrap_or_default();
    if case.want.users.as_ref().unwrap_or(&members).is_empty() {
        out.person(format!(
            "name at least one administrator: the group {group} has no members; write users = [\"…\"] in [admin_access]"
        ));
    }
    let Some(users) = &case.want.users else {
        return;
    };
    let has = |list: &[String], name: &str| list.iter().any(|one| one.eq_ignore_ascii_case(name));
    for user in users {
        let live = case.ids.users.get(user);
        let is_member = has(&members, user);
        let name = live.map_or(user, |live| &live.name).clone();
        let created = (live.is_none() && !is_member).then(|| {
            out.add(Action::CreateUser {
                user: name.clone(),
                tags: tags.clone(),
            })
            .after_all(made)
            .id()
        });
        if !is_member {
            let group = group.clone();
            let user = name.clone();
            out.add(Action::AddUser { group, user })
                .after_all(made)
                .after_all(created);
        }
        let missing = live
            .map(|live| tags::differing(tags, &live.tags))
            .unwrap_or_default();
        if !missing.is_empty() {
            out.change(Action::TagUser {
                user: name,
                tags: missing,
            });
        }
        if live.is_some() || created.is_some() {
            report(case, user, live.cloned().unwrap_or_default(), out);
        }
    }
    for user in members.iter().filter(|member| !has(users, member)) {
        let what = format!("removing {user} from the group {group}");
        if !case.spares_caller(case.caller.is_user(user), &what, out) {
            out.destroy(Action::RemoveUser {
                group: group.clone(),
                user: user.clone(),
            })
            .disruptive(format!("{user} is no longer an administrator"));
        }
    }
}

/// What only a person can do for a user.
fn report(case: &Case<'_>, name: &str, user: User, out: &mut Changes<Action>) {
    let account = &case.env.account;
    if !user.has_password && user.keys.is_empty() {
        out.person(format!(
            "give {name} a first console password, to be changed at once: `aws iam create-login-profile --user-name \
             {name} --password-reset-required --password …`, for https://{account}.{}/console",
            sign_in_host(&case.env.partition)
        ));
    }
    if !user.has_mfa {
        let has = if user.has_password {
            "has a console password but no MFA device"
        } else {
            "has no MFA device"
        };
        out.person(format!(
            "{name} {has}: let {name} sign in and add one under Security credentials, then sign in again with it"
        ));
    }
    let Some(days) = case.want.access_key_max_age_days.and_then(|age| age.number) else {
        return;
    };
    for (key, day) in &user.keys {
        let Ok(made) = day.parse::<jiff::civil::Date>() else {
            continue;
        };
        let age = made.until(case.env.run.today).map_or(0, |span| span.get_days());
        if age > days {
            out.person(format!(
                "replace or delete the access key {key} of {name}: it is of {day}, {age} days old, older than {days}"
            ));
        }
    }
}

/// The host of sign-in addresses (IAM User Guide, "How IAM users sign in to the AWS Management Console").
fn sign_in_host(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "signin.amazonaws.cn",
        "aws-us-gov" => "signin.amazonaws-us-gov.com",
        "aws-eusc" => "signin.amazonaws-eusc.eu",
        _ => "signin.aws.amazon.com",
    }
}

fn told(case: &Case<'_>, role: &str, out: &mut Changes<Action>) {
    if case.want.mfa() == MfaCondition::BoolIfExists {
        out.notice(
            "mfa_condition = \"BoolIfExists\" lets access keys assume the role without MFA; \"Bool\" does not",
        );
    }
    // With a path, the address has that too (IAM User Guide, "Switch to an IAM role (console)").
    let arn = case.role_arn(role);
    let name = arn.split_once(":role/").map_or(role, |(_, name)| name);
    out.notice(format!(
        "switch to the role {name} at https://{}/switchrole?roleName={name}&account={}",
        sign_in_host(&case.env.partition),
        case.env.account
    ));
}

fn remove(case: &Case<'_>, out: &mut Changes<Action>) {
    let mut before = vec![];
    if let Some(group) = case.ids.group.as_ref().filter(|_| case.want.group.is_some()) {
        let own = |name: &&String| *name == SWITCH_ROLE || *name == SELF_SERVICE;
        let inline = group.inline.keys().filter(|name| !own(name));
        let foreign: Vec<&str> = inline.chain(group.attached.keys()).map(String::as_str).collect();
        if !foreign.is_empty() {
            out.refuse(format!(
                "the group {} has policies of others: {}; take them away first",
                group.name,
                foreign.join(", ")
            ));
        }
        let loses = case.caller.is_one_of(case.live.users.as_ref());
        if !case.spares_caller(loses, &format!("deleting the group {}", group.name), out) {
            for user in case.live.members() {
                let step = out.destroy(Action::RemoveUser {
                    group: group.name.clone(),
                    user: user.clone(),
                });
                before.push(step.id());
            }
            for policy in group.inline.keys().filter(own) {
                let step = out.destroy(Action::DeleteGroupPolicy {
                    group: group.name.clone(),
                    policy: policy.clone(),
                });
                before.push(step.id());
            }
            let group = group.name.clone();
            let gone = out.destroy(Action::DeleteGroup { group }).after_all(before).id();
            before = vec![gone];
        }
        if !case.live.members().is_empty() {
            out.notice(format!("the users stay: {}", case.live.members().join(", ")));
        }
    }
    if let Some(role) = case.ids.role.as_ref().filter(|_| case.want.role.is_some()) {
        if !role.foreign.is_empty() {
            out.refuse(format!(
                "the role {} has policies or instance profiles of others: {}; take them away first",
                role.name,
                role.foreign.join(", ")
            ));
        }
        let loses = case.caller.is_role(&role.name);
        if !case.spares_caller(loses, &format!("deleting the role {}", role.name), out) {
            let role = role.name.clone();
            out.destroy(Action::DeleteRole { role }).after_all(before);
        }
    }
}
