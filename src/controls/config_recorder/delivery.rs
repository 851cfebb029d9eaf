//! Whether a region's records arrive: what Config says of its last deliveries to the bucket.

use aws_sdk_config::types::{ConfigExportDeliveryInfo, DeliveryChannelStatus};

use super::model::Failing;

/// So long a failure may be a passing one, in seconds.
const DAY: i64 = 24 * 60 * 60;

/// Why the records do not arrive, if the last that is known is a failure. `started` is when the recorder was started
/// last, in seconds since 1970.
///
/// How old the last delivery is decides nothing: where nothing changes, nothing is delivered.
pub(super) fn failing(status: &DeliveryChannelStatus, started: Option<i64>, now: i64) -> Option<Failing> {
    [
        status.config_history_delivery_info(),
        status.config_snapshot_delivery_info(),
    ]
    .into_iter()
    .flatten()
    .find_map(|info| failure(info, started, now))
}

fn failure(info: &ConfigExportDeliveryInfo, started: Option<i64>, now: i64) -> Option<Failing> {
    // The API writes it otherwise than its own model: `FAILURE`.
    let status = info.last_status()?.as_str();
    let tried = info.last_attempt_time().map(aws_smithy_types::DateTime::secs);
    let succeeded = info.last_successful_time().map(aws_smithy_types::DateTime::secs);
    let is_over = tried.is_some() && succeeded >= tried;
    if !status.eq_ignore_ascii_case("failure") || is_over {
        return None;
    }
    let code = info.last_error_code().unwrap_or_default().to_owned();
    let since = succeeded.or(started).or(tried);
    Some(Failing {
        is_permanent: is_permanent(&code),
        is_lasting: since.is_none_or(|since| now - since >= DAY),
        code,
    })
}

/// Whether a failure with this code lasts until a person changes something.
fn is_permanent(code: &str) -> bool {
    [
        "NoSuchBucket",
        "AccessDenied",
        "AllAccessDisabled",
        "InsufficientDeliveryPolicy",
    ]
    .iter()
    .any(|permanent| code.contains(permanent))
        || code.starts_with("KMS")
}

#[cfg(test)]
mod tests {
    use aws_sdk_config::types::DeliveryStatus;
    use aws_smithy_types::DateTime;

    use super::*;

    const NOW: i64 = 1_800_000_000;
    const HOUR: i64 = 60 * 60;

    /// A status, S3's code, and how many hours ago the last attempt and the last success were.
    fn info(
        status: &str,
        code: &str,
        tried: Option<i64>,
        succeeded: Option<i64>,
    ) -> ConfigExportDeliveryInfo {
        let ago = |hours: i64| DateTime::from_secs(NOW - hours * HOUR);
        ConfigExportDeliveryInfo::builder()
            .last_status(DeliveryStatus::from(status))
            .set_last_error_code((!code.is_empty()).then(|| code.to_owned()))
            .set_last_attempt_time(tried.map(ago))
            .set_last_successful_time(succeeded.map(ago))
            .build()
    }

    fn told(
        history: ConfigExportDeliveryInfo,
        snapshot: Option<ConfigExportDeliveryInfo>,
        started: i64,
    ) -> String {
        let status = DeliveryChannelStatus::builder()
            .config_history_delivery_info(history)
            .set_config_snapshot_delivery_info(snapshot)
            .build();
        match failing(&status, Some(NOW - started * HOUR), NOW) {
            None => "fine".to_owned(),
            Some(failing) => format!(
                "{} permanent {} lasting {}",
                failing.code, failing.is_permanent, failing.is_lasting
            ),
        }
    }

    #[test]
    fn a_failure_counts_until_a_success_follows_whatever_the_case_of_its_name() {
        let long = 1000;
        for status in ["FAILURE", "Failure"] {
            let history = info(status, "InternalError", Some(1), Some(30));
            assert_eq!(
                told(history, None, long),
                "InternalError permanent false lasting true"
            );
            let history = info(status, "InternalError", Some(1), Some(5));
            assert_eq!(
                told(history, None, long),
                "InternalError permanent false lasting false"
            );
            let over = info(status, "InternalError", Some(5), Some(1));
            assert_eq!(told(over, None, long), "fine");
        }
        let history = info("SUCCESS", "", Some(1), Some(1));
        let snapshot = info("FAILURE", "AccessDenied", Some(1), Some(2));
        assert_eq!(
            told(history, Some(snapshot), long),
            "AccessDenied permanent true lasting false"
        );
    }

    #[test]
    fn a_region_in_which_nothing_changes_is_fine_without_deliveries() {
        for history in [
            info("SUCCESS", "", Some(9000), Some(9000)),
            info("Not_Applicable", "", None, None),
        ] {
            assert_eq!(told(history, None, 10_000), "fine");
        }
        let nothing = ConfigExportDeliveryInfo::builder().build();
        assert_eq!(told(nothing, None, 10_000), "fine");
    }

    #[test]
    fn what_never_went_well_counts_from_the_start_of_the_recorder() {
        for (started, lasting) in [(2, false), (25, true)] {
            let history = info("FAILURE", "InternalError", Some(1), None);
            let expected = format!("InternalError permanent false lasting {lasting}");
            assert_eq!(told(history, None, started), expected);
        }
    }

    #[test]
    fn a_bucket_that_is_gone_or_closed_does_not_come_back_by_itself() {
        for code in [
            "NoSuchBucket",
            "AccessDenied",
            "KMS.DisabledException",
            "KMSAccessDenied",
        ] {
            assert!(is_permanent(code), "{code}");
        }
        for code in ["", "InternalError", "SlowDown"] {
            assert!(!is_permanent(code), "{code}");
        }
    }
}
