//! Which management events a trail records: event selectors of both kinds, with what is not managed left in them.

use aws_sdk_cloudtrail::error::BuildError;
use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType};
use serde::{Deserialize, Serialize};

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

/// What a trail records of management events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Which ones, of every service but those that are left out; nothing if it is none, or only some.
    pub(crate) events: Option<Events>,
    /// Only some: each selector of management events demands more of them.
    pub(crate) is_narrowed: bool,
    /// The services that are left out as a whole.
    pub(crate) left_out: Vec<String>,
}

impl Recorded {
    /// What the answer says. A trail without any selector records all management events (API reference,
    /// `PutEventSelectors`).
    pub(super) fn of(answer: &GetEventSelectorsOutput) -> Self {
        if answer.event_selectors().is_empty() && answer.advanced_event_selectors().is_empty() {
            return Recorded {
                events: Some(Events::All),
                ..Recorded::default()
            };
        }
        let events = recorded(answer);
        let advanced = answer.advanced_event_selectors();
        Recorded {
            events,
            is_narrowed: events.is_none() && advanced.iter().any(is_for_management),
            left_out: left_out(answer),
        }
    }

    /// It records management events, if only some.
    pub(crate) fn is_any(&self) -> bool {
        self.events.is_some() || self.is_narrowed
    }

    /// What AWS KMS does is left out.
    pub(crate) fn lacks_kms(&self) -> bool {
        self.left_out.iter().any(|source| source == KMS)
    }
}

/// What is recorded; nothing if no management event is, or only some are.
fn recorded(answer: &GetEventSelectorsOutput) -> Option<Events> {
    let basic = answer
        .event_selectors()
        .iter()
        .filter(|selector| includes_management(selector))
        .filter_map(|selector| match selector.read_write_type {
            Some(ReadWriteType::ReadOnly) => Some(Events::ReadOnly),
            Some(ReadWriteType::WriteOnly) => Some(Events::WriteOnly),
            None | Some(ReadWriteType::All) => Some(Events::All),
            // What a kind that AWS adds records is unknown, so it counts for nothing.
            Some(_) => None,
        });
    let advanced = answer
        .advanced_event_selectors()
        .iter()
        .filter(|selector| is_for_management(selector))
        .filter(|selector| selector.field_selectors.iter().all(takes_whole_services))
        .map(|selector| match read_only(selector) {
            Some(true) => Events::ReadOnly,
            Some(false) => Events::WriteOnly,
            None => Events::All,
        });
    basic.chain(advanced).reduce(Events::and)
}

/// It is true where it is not said (API reference, `EventSelector`).
fn includes_management(selector: &EventSelector) -> bool {
    selector.include_management_events.unwrap_or(true)
}

/// A field that demands nothing of the events of a service, but at most leaves out services as a whole.
fn takes_whole_services(field: &AdvancedFieldSelector) -> bool {
    match field.field.as_str() {
        "eventCategory" | "readOnly" => true,
        "eventSource" => [
            field.equals(),
            field.starts_with(),
            field.ends_with(),
            field.not_starts_with(),
            field.not_ends_with(),
        ]
        .iter()
        .all(|values| values.is_empty()),
        _ => false,
    }
}

/// AWS KMS as a source of events.
pub(super) const KMS: &str = "kms.amazonaws.com";

/// The services whose management events can be left out as a whole (API reference, `EventSelector`).
const OPTIONAL: [&str; 2] = [KMS, "rdsdata.amazonaws.com"];

/// Those of them that are, although management events are recorded.
fn left_out(answer: &GetEventSelectorsOutput) -> Vec<String> {
    let records = |source: &str| {
        let basic = answer.event_selectors().iter();
        let mut basic = basic.filter(|selector| includes_management(selector));
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

/// What selectors have to say of management events; what is none stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Selection {
    /// Which ones are recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) events: Option<Events>,
    /// What AWS KMS does is recorded too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) kms: bool,
}

/// The basic selectors with the wanted events in them.
pub(super) fn basic(live: &[EventSelector], wanted: Selection) -> Vec<EventSelector> {
    let mut all = live.to_vec();
    if !all.iter().any(includes_management) {
        all.push(EventSelector::builder().include_management_events(true).build());
    }
    for selector in all.iter_mut().filter(|selector| includes_management(selector)) {
        if let Some(events) = wanted.events {
            selector.read_write_type = Some(events.kind());
        }
        if let (true, Some(excluded)) = (wanted.kms, &mut selector.exclude_management_event_sources) {
            excluded.retain(|source| source != KMS);
        }
    }
    all
}

/// The advanced selectors with the wanted events in them.
pub(super) fn advanced(
    live: &[AdvancedEventSelector],
    wanted: Selection,
) -> Result<Vec<AdvancedEventSelector>, BuildError> {
    let field = |name: &str| AdvancedFieldSelector::builder().field(name);
    let narrowed = match wanted.events {
        Some(Events::ReadOnly) => Some(field("readOnly").equals("true").build()?),
        Some(Events::WriteOnly) => Some(field("readOnly").equals("false").build()?),
        Some(Events::All) | None => None,
    };
    let mut all = live.to_vec();
    if !all.iter().any(is_for_management) {
        let new = field("eventCategory").equals("Management").build()?;
        all.push(AdvancedEventSelector::builder().field_selectors(new).build()?);
    }
    for selector in all.iter_mut().filter(|selector| is_for_management(selector)) {
        let fields = &mut selector.field_selectors;
        if wanted.events.is_some() {
            fields.retain(|one| one.field != "readOnly" && takes_whole_services(one));
            fields.extend(narrowed.clone());
        }
        if wanted.kms {
            for one in fields.iter_mut().filter(|one| one.field == "eventSource") {
                one.not_equals
                    .get_or_insert_default()
                    .retain(|source| source != KMS);
            }
            fields.retain(|one| one.field != "eventSource" || !one.not_equals().is_empty());
        }
    }
    Ok(all)
}
