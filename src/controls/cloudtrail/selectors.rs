//! Which management events a trail records: event selectors of both kinds, with what is not managed left in them.

use aws_sdk_cloudtrail::error::BuildError;
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType};

use super::model::Events;

impl Events {
    fn kind(self) -> ReadWriteType {
        match self {
            Events::All => ReadWriteType::All,
            Events::ReadOnly => ReadWriteType::ReadOnly,
            Events::WriteOnly => ReadWriteType::WriteOnly,
        }
    }

    fn and(self, other: Events) -> Events {
        if self == other { self } else { Events::All }
    }
}

/// What is recorded; nothing if no management event is.
pub(super) fn recorded(answer: &GetEventSelectorsOutput) -> Option<Events> {
    let basic = answer
        .event_selectors()
        .iter()
        // It is true where it is not said (API reference, `EventSelector`).
        .filter(|selector| selector.include_management_events.unwrap_or(true))
        .map(|selector| match selector.read_write_type {
            Some(ReadWriteType::ReadOnly) => Events::ReadOnly,
            Some(ReadWriteType::WriteOnly) => Events::WriteOnly,
            _ => Events::All,
        });
    let advanced = answer
        .advanced_event_selectors()
        .iter()
        .filter(|selector| is_for_management(selector))
        .map(|selector| match read_only(selector) {
            Some(true) => Events::ReadOnly,
            Some(false) => Events::WriteOnly,
            None => Events::All,
        });
    basic.chain(advanced).reduce(Events::and)
}

/// The services whose management events can be left out as a whole (API reference, `EventSelector`).
const OPTIONAL: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

/// Those of them that are, although management events are recorded.
pub(super) fn left_out(answer: &GetEventSelectorsOutput) -> Vec<String> {
    let records = |source: &str| {
        let basic = answer.event_selectors().iter();
        let mut basic = basic.filter(|selector| selector.include_management_events.unwrap_or(true));
        let advanced = answer.advanced_event_selectors().iter();
        let mut advanced = advanced.filter(|selector| is_for_management(selector));
        let excludes = |selector: &EventSelector| {
            let excluded = selector.exclude_management_event_sources().iter();
            excluded.into_iter().any(|one| one == source)
        };
        basic.any(|selector| !excludes(selector)) || advanced.any(|selector| takes(selector, source))
    };
    let left_out = OPTIONAL.into_iter().filter(|source| !records(source));
    match recorded(answer) {
        Some(_) => left_out.map(str::to_owned).collect(),
        None => vec![],
    }
}

/// Whether an advanced selector takes events of a service.
fn takes(selector: &AdvancedEventSelector, source: &str) -> bool {
    let mut fields = selector.field_selectors.iter();
    fields.all(|field| {
        let among = |values: &[String], is_it: &dyn Fn(&str) -> bool| values.iter().any(|value| is_it(value));
        let allows =
            |values: &[String], is_it: &dyn Fn(&str) -> bool| values.is_empty() || among(values, is_it);
        let (is, starts, ends) = (
            |value: &str| source == value,
            |value: &str| source.starts_with(value),
            |value: &str| source.ends_with(value),
        );
        field.field != "eventSource"
            || allows(field.equals(), &is)
                && allows(field.starts_with(), &starts)
                && allows(field.ends_with(), &ends)
                && !among(field.not_equals(), &is)
                && !among(field.not_starts_with(), &starts)
                && !among(field.not_ends_with(), &ends)
    })
}

fn is_for_management(selector: &AdvancedEventSelector) -> bool {
    let is_it = |field: &AdvancedFieldSelector| {
        field.field == "eventCategory" && field.equals().iter().any(|value| value == "Management")
    };
    selector.field_selectors.iter().any(is_it)
}

fn read_only(selector: &AdvancedEventSelector) -> Option<bool> {
    let field = selector
        .field_selectors
        .iter()
        .find(|field| field.field == "readOnly")?;
    match field.equals() {
        [one] => Some(one == "true"),
        _ => None,
    }
}

/// The basic selectors with the wanted events in them.
pub(super) fn basic(live: &[EventSelector], events: Events) -> Vec<EventSelector> {
    let mut all = live.to_vec();
    let mut found = false;
    for selector in &mut all {
        if selector.include_management_events.unwrap_or(true) {
            selector.read_write_type = Some(events.kind());
            found = true;
        }
    }
    if !found {
        let new = EventSelector::builder().include_management_events(true);
        all.push(new.read_write_type(events.kind()).build());
    }
    all
}

/// The advanced selectors with the wanted events in them.
pub(super) fn advanced(
    live: &[AdvancedEventSelector],
    events: Events,
) -> Result<Vec<AdvancedEventSelector>, BuildError> {
    let field = |name: &str, value: &str| AdvancedFieldSelector::builder().field(name).equals(value).build();
    let narrowed = match events {
        Events::All => None,
        Events::ReadOnly => Some(field("readOnly", "true")?),
        Events::WriteOnly => Some(field("readOnly", "false")?),
    };
    let mut all = live.to_vec();
    if !all.iter().any(is_for_management) {
        let new = AdvancedEventSelector::builder().field_selectors(field("eventCategory", "Management")?);
        all.push(new.build()?);
    }
    for selector in all.iter_mut().filter(|selector| is_for_management(selector)) {
        selector.field_selectors.retain(|field| field.field != "readOnly");
        selector.field_selectors.extend(narrowed.clone());
    }
    Ok(all)
}
