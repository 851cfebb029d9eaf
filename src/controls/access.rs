//! Whether AWS services may do what they have to do, by the policy of the resource.

use trueup_policy::Policy;
use trueup_policy::evaluate::{Answer, Decision, Reason, Request, evaluate};

/// What a policy says of a service's requests.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum May {
    /// All of them are allowed.
    Yes,
    /// One is refused, explicitly by these statements; by none if nothing allows it.
    No(Vec<Reason>),
    /// These statements leave it open.
    CannotTell(Vec<Reason>),
}

/// Whether a policy allows all of these requests.
pub(crate) fn may<'a>(policy: &Policy, requests: impl IntoIterator<Item = &'a Request>) -> May {
    May::of(requests.into_iter().map(|request| evaluate(&[policy], request)))
}

impl May {
    /// What the decisions on all requests say together.
    pub(crate) fn of(decisions: impl IntoIterator<Item = Decision>) -> May {
        let mut open = vec![];
        for decision in decisions {
            match decision.answer {
                Answer::Allowed => {}
                Answer::Denied => return May::No(decision.by),
                Answer::NotAllowed => return May::No(vec![]),
                Answer::Unknown => open.extend(decision.by),
            }
        }
        match open.is_empty() {
            true => May::Yes,
            false => May::CannotTell(open),
        }
    }

    /// Whether there is a clear no.
    pub(crate) fn is_no(&self) -> bool {
        matches!(self, May::No(_))
    }
}

/// Statements as a sentence names them: each once.
pub(crate) fn named(reasons: &[Reason]) -> String {
    let mut names: Vec<String> = vec![];
    for reason in reasons {
        let name = match &reason.sid {
            Some(sid) => format!("statement {sid}"),
            None => format!("statement {} (no Sid)", reason.statement + 1),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// Why it cannot be told, one reason a statement.
pub(crate) fn explained(reasons: &[Reason]) -> String {
    let mut all: Vec<String> = vec![];
    for reason in reasons {
        let text = reason.to_string();
        if !all.contains(&text) {
            all.push(text);
        }
    }
    all.join("; ")
}
