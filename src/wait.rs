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
    match is_so().await? {
        true => Ok(()),
        false => Err(Fault::answer(call, not_yet)),
    }
}
