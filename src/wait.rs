//! Waiting for what AWS sees late: the same call again, with a bound, and only for the codes that say so.

use std::time::Duration;

use crate::fault::Fault;

/// Pauses of 20 seconds in all.
pub(crate) const HALF_A_MINUTE: &[Duration] = &[
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(6),
    Duration::from_secs(10),
];

/// Pauses of two minutes in all, for a new role that other services do not know yet.
pub(crate) const TWO_MINUTES: &[Duration] = &[
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
    Duration::from_secs(15),
];

/// Makes a call again after each of the pauses, as long as its error says that something is not seen yet.
pub(crate) async fn while_passing<T, F>(
    pauses: &[Duration],
    is_passing: impl Fn(&Fault) -> bool + Send,
    call: impl Fn() -> F + Send,
) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>> + Send,
{
    for pause in pauses {
        match call().await {
            Err(fault) if is_passing(&fault) => {
                tracing::info!(
                    call = fault.call,
                    code = fault.code,
                    "waits until AWS sees an earlier change"
                );
                tokio::time::sleep(*pause).await;
            }
            answer => return answer,
        }
    }
    call().await.map_err(|fault| match is_passing(&fault) {
        true => Fault {
            message: format!("{} (tried {} times)", fault.message, pauses.len() + 1),
            ..fault
        },
        false => fault,
    })
}

/// The same for these codes.
pub(crate) async fn patiently<T, F>(
    pauses: &[Duration],
    passing: &[&str],
    call: impl Fn() -> F + Send,
) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>> + Send,
{
    while_passing(pauses, |fault| fault.is_one_of(passing), call).await
}

/// Asks again, after each of the pauses, until the answer is yes.
pub(crate) async fn until<F>(
    pauses: &[Duration],
    call: &str,
    not_yet: &str,
    is_so: impl Fn() -> F + Send,
) -> Result<(), Fault>
where
    F: Future<Output = Result<bool, Fault>> + Send,
{
    for pause in pauses {
        if is_so().await? {
            return Ok(());
        }
        tokio::time::sleep(*pause).await;
    }
    if is_so().await? {
        return Ok(());
    }
    let waited: Duration = pauses.iter().sum();
    Err(Fault::answer(
        call,
        format!("{not_yet} after {} seconds; plan again later", waited.as_secs()),
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::fault::FaultKind;

    const AT_ONCE: &[Duration] = &[Duration::ZERO; 4];

    fn fault(code: &str) -> Fault {
        Fault {
            kind: FaultKind::Service,
            code: Some(code.to_owned()),
            ..Fault::answer("ec2:DeleteVpc", "the vpc has dependencies")
        }
    }

    /// Calls patiently something that answers with these codes in turn, then well; how often was it called?
    async fn tried(codes: &[&str]) -> (Result<(), Fault>, usize) {
        let calls = AtomicUsize::new(0);
        let answer = patiently(AT_ONCE, &["DependencyViolation"], || async {
            match codes.get(calls.fetch_add(1, Ordering::Relaxed)) {
                Some(code) => Err(fault(code)),
                None => Ok(()),
            }
        })
        .await;
        (answer, calls.into_inner())
    }

    #[tokio::test]
    async fn what_passes_is_tried_again_until_it_has_passed() {
        assert_eq!(tried(&[]).await, (Ok(()), 1));
        assert_eq!(
            tried(&["DependencyViolation", "DependencyViolation"]).await,
            (Ok(()), 3)
        );
    }

    #[tokio::test]
    async fn after_the_last_try_the_fault_says_how_often_it_was_tried() {
        let (answer, calls) = tried(&["DependencyViolation"; 9]).await;
        assert_eq!(calls, 5);
        assert_eq!(
            answer.unwrap_err().to_string(),
            "ec2:DeleteVpc: DependencyViolation: the vpc has dependencies (tried 5 times)"
        );
    }

    #[tokio::test]
    async fn another_fault_ends_the_tries_at_once() {
        let (answer, calls) = tried(&["DependencyViolation", "UnauthorizedOperation"]).await;
        assert_eq!((answer.unwrap_err(), calls), (fault("UnauthorizedOperation"), 2));
    }

    #[tokio::test]
    async fn waiting_ends_with_a_fault_that_says_what_did_not_come() {
        let fault = until(AT_ONCE, "ec2:DescribeVpcs", "still lists it", || async {
            Ok(false)
        })
        .await
        .unwrap_err();
        assert_eq!(
            fault.to_string(),
            "ec2:DescribeVpcs: still lists it after 0 seconds; plan again later"
        );
    }
}
