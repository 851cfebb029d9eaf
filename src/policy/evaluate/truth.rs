//! Three-valued logic: yes, no, and cannot tell with the reason.
//!
//! A no decides a conjunction whatever is unknown beside it, and a yes a disjunction. So a statement about other
//! principals never makes a decision unknown.

use std::fmt;

/// Why a statement takes part in a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// The statement applies to the request.
    Applies,
    /// The statement applies, because it names the account of the principal. An Allow of this kind delegates to the
    /// account: the principal also needs an identity-based policy. Source: IAM User Guide, "AWS JSON policy elements:
    /// Principal", section "AWS account principals".
    AppliesToAccount,
    /// Cannot tell: `NotPrincipal` names a part of what identifies the principal (the account without the user, or
    /// the user without the account). Source: IAM User Guide, "AWS JSON policy elements: NotPrincipal".
    NotPrincipal,
    /// Cannot tell: the statement depends on this condition key, whose value is unknown.
    UnknownKey(String),
    /// Cannot tell: a negated comparison contains this policy variable, and the request has no value for it. Source:
    /// IAM User Guide, "Variables and tags": it "might cause the entire statement to be invalid".
    UnresolvedVariable(String),
    /// Cannot tell whether this principal of the statement is the one of the request: a canonical user, another
    /// Region's form of the same service principal, or one session of the role.
    Principal(String),
    /// Cannot tell: this key has several values, and the operator has no `ForAllValues:` or `ForAnyValue:`. Source:
    /// IAM User Guide, "Single-valued vs. multivalued context keys": such keys require a set operator.
    SeveralValues(String),
    /// Cannot tell: this part of the statement is not valid.
    Malformed(String),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Applies => write!(f, "applies"),
            Why::AppliesToAccount => write!(f, "applies to the principal's account"),
            Why::NotPrincipal => write!(f, "cannot tell: NotPrincipal names only a part of the principal"),
            Why::UnknownKey(key) => write!(f, "cannot tell: the value of {key} is unknown"),
            Why::UnresolvedVariable(key) => write!(f, "cannot tell: the request has no value for ${{{key}}}"),
            Why::Principal(named) => write!(f, "cannot tell: {named} may be this principal"),
            Why::SeveralValues(key) => write!(
                f,
                "cannot tell: {key} holds a list, and the operator has no ForAllValues or ForAnyValue"
            ),
            Why::Malformed(part) => write!(f, "cannot tell: invalid {part}"),
        }
    }
}

/// Whether something holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Truth {
    No,
    Unknown(Why),
    Yes,
}

impl Truth {
    pub(super) fn malformed(part: impl Into<String>) -> Truth {
        Truth::Unknown(Why::Malformed(part.into()))
    }

    pub(super) fn negated(self) -> Truth {
        match self {
            Truth::No => Truth::Yes,
            Truth::Yes => Truth::No,
            unknown => unknown,
        }
    }

    /// Yes if all are; no if one is a no, whatever else is unknown.
    pub(super) fn all(parts: impl IntoIterator<Item = Truth>) -> Truth {
        let mut result = Truth::Yes;
        for part in parts {
            match part {
                Truth::No => return Truth::No,
                Truth::Unknown(_) if result == Truth::Yes => result = part,
                _ => {}
            }
        }
        result
    }

    /// No if all are; yes if one is a yes, whatever else is unknown.
    pub(super) fn any(parts: impl IntoIterator<Item = Truth>) -> Truth {
        Truth::all(parts.into_iter().map(Truth::negated)).negated()
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Truth {
        if holds { Truth::Yes } else { Truth::No }
    }
}
