//! Schedules: `rate(5 minutes)` and `cron(0 12 * * ? *)` (EventBridge user guide, "Creating rules that run on a
//! schedule").

/// Whether it is a schedule.
pub(super) fn is_one(text: &str) -> bool {
    let inside = |kind: &str| text.strip_prefix(kind)?.strip_suffix(')');
    match (inside("rate("), inside("cron(")) {
        (Some(rate), _) => is_rate(rate),
        (_, Some(cron)) => is_cron(cron),
        _ => false,
    }
}

/// A number, and a unit that is in the plural unless the number is 1.
fn is_rate(rate: &str) -> bool {
    let Some((number, unit)) = rate.split_once(' ') else {
        return false;
    };
    let units = ["minute", "hour", "day"];
    match number.parse::<u32>() {
        Ok(0) | Err(_) => false,
        Ok(1) => units.contains(&unit),
        Ok(_) => unit.strip_suffix('s').is_some_and(|unit| units.contains(&unit)),
    }
}

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Six fields, and exactly one of the two kinds of days is left open.
fn is_cron(cron: &str) -> bool {
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let [minute, hour, day, month, weekday, year] = fields[..] else {
        return false;
    };
    (day == "?") != (weekday == "?")
        && is_field(minute, 0, 59, &[])
        && is_field(hour, 0, 23, &[])
        && (day == "?" || day == "L" || day.strip_suffix('W').is_some() || is_field(day, 1, 31, &[]))
        && is_field(month, 1, 12, &MONTHS)
        && (weekday == "?"
            || weekday.ends_with('L')
            || weekday.contains('#')
            || is_field(weekday, 1, 7, &DAYS))
        && is_field(year, 1970, 2199, &[])
}

/// Values, ranges and steps; `names` are the values' names in their order.
fn is_field(field: &str, least: u32, most: u32, names: &[&str]) -> bool {
    let is_value = |text: &str| {
        names.iter().any(|name| name.eq_ignore_ascii_case(text))
            || text
                .parse()
                .is_ok_and(|number: u32| (least..=most).contains(&number))
    };
    field.split(',').all(|part| {
        let (range, step) = part
            .split_once('/')
            .map_or((part, None), |(range, step)| (range, Some(step)));
        let has_values = match range.split_once('-') {
            Some((from, to)) => is_value(from) && is_value(to),
            None => range == "*" || is_value(range),
        };
        has_values && step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_told_from_what_is_none() {
        for good in [
            "rate(1 minute)",
            "rate(5 hours)",
            "cron(0 12 * * ? *)",
            "cron(15 12 ? * MON-FRI *)",
            "cron(0/10 * ? * MON,WED *)",
            "cron(0 2 L * ? 2030)",
            "cron(15 10 ? * 6L 2002-2005)",
            "cron(0/5 5 ? JAN 1-5 2022)",
        ] {
            assert!(is_one(good), "{good}");
        }
        for wrong in [
            "",
            "rate(1 minutes)",
            "rate(5 minute)",
            "rate(0 minutes)",
            "rate(minutes)",
            "cron(INVALID)",
            "cron(0 dummy ? * MON-FRI *)",
            "cron(7 20 * * NOT *)",
            "cron(71 8 1 * ? *)",
            "cron(0 1 * * * *)",
            "at(2030-01-01)",
        ] {
            assert!(!is_one(wrong), "{wrong}");
        }
    }
}
