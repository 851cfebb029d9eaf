//! What trails record.

use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{AdvancedEventSelector, AdvancedFieldSelector, EventSelector, ReadWriteType};

use super::*;
use crate::cloudtrail::selectors::{self, Recorded, Selection};

fn seen_in(basic: &[EventSelector], advanced: &[AdvancedEventSelector]) -> Recorded {
    Recorded::of(
        &GetEventSelectorsOutput::builder()
            .set_event_selectors(Some(basic.to_vec()))
            .set_advanced_event_selectors(Some(advanced.to_vec()))
            .build(),
    )
}

fn recorded(basic: &[EventSelector], advanced: &[AdvancedEventSelector]) -> Option<Events> {
    seen_in(basic, advanced).events
}

#[test]
fn a_service_is_left_out_if_no_selector_of_management_events_takes_it() {
    let basic = |excluded: &[&str], management: bool| {
        EventSelector::builder()
            .include_management_events(management)
            .set_exclude_management_event_sources(Some(
                excluded.iter().map(|one| (*one).to_owned()).collect(),
            ))
            .build()
    };
    let (kms, rds) = ("kms.amazonaws.com", "rdsdata.amazonaws.com");
    let left_out =
        |basic: &[EventSelector], advanced: &[AdvancedEventSelector]| seen_in(basic, advanced).left_out;
    let none: [&str; 0] = [];
    assert_eq!(left_out(&[basic(&[], true)], &[]), none);
    assert_eq!(left_out(&[basic(&[kms, rds], true)], &[]), [kms, rds]);
    assert_eq!(left_out(&[basic(&[kms], true), basic(&[rds], true)], &[]), none);
    assert_eq!(left_out(&[basic(&[kms], true), basic(&[], false)], &[]), [kms]);
    // Where there are no management events at all, that is told instead.
    assert_eq!(left_out(&[basic(&[kms], false)], &[]), none);

    let field = |name: &str| AdvancedFieldSelector::builder().field(name);
    let management = || field("eventCategory").equals("Management").build().unwrap();
    let advanced = |source: AdvancedFieldSelector| {
        AdvancedEventSelector::builder()
            .field_selectors(management())
            .field_selectors(source)
            .build()
            .unwrap()
    };
    let source = || field("eventSource");
    for (selector, expected) in [
        (field("readOnly").equals("false"), &[][..]),
        (source().not_equals(kms), &[kms]),
        (source().not_equals(kms).not_equals(rds), &[kms, rds]),
    ] {
        let selector = selector.build().unwrap();
        assert_eq!(
            left_out(&[], &[advanced(selector.clone())]),
            expected,
            "{selector:?}"
        );
    }
    // Other demands leave out more than a service: whole kinds of events are not recorded.
    for selector in [
        source().equals(kms),
        source().starts_with("k"),
        source().not_starts_with("k"),
        source().ends_with("s.amazonaws.com"),
        source().not_ends_with(".amazonaws.com"),
        field("eventName").not_equals("Decrypt"),
        field("userIdentity.arn").not_equals("arn:aws:iam::111122223333:role/noisy"),
    ] {
        let narrowed = advanced(selector.build().unwrap());
        let seen = seen_in(&[], std::slice::from_ref(&narrowed));
        assert_eq!((seen.events, seen.is_narrowed), (None, true), "{narrowed:?}");
        let all = selectors::advanced(std::slice::from_ref(&narrowed), only(Events::All)).unwrap();
        assert_eq!(recorded(&[], &all), Some(Events::All), "{all:?}");
        // One that demands nothing takes everything beside it.
        let whole = advanced(field("readOnly").equals("false").build().unwrap());
        let both = seen_in(&[], &[narrowed, whole]);
        assert_eq!((both.events, both.is_narrowed), (Some(Events::WriteOnly), false));
    }
}

fn only(events: Events) -> Selection {
    Selection {
        events: Some(events),
        kms: false,
    }
}

#[test]
fn what_aws_kms_does_comes_back_and_nothing_else() {
    let (kms, rds) = ("kms.amazonaws.com", "rdsdata.amazonaws.com");
    let wanted = Selection {
        events: None,
        kms: true,
    };
    let basic = EventSelector::builder()
        .read_write_type(ReadWriteType::WriteOnly)
        .exclude_management_event_sources(kms)
        .exclude_management_event_sources(rds);
    let seen = seen_in(&selectors::basic(&[basic.build()], wanted), &[]);
    assert_eq!(
        (seen.events, seen.left_out),
        (Some(Events::WriteOnly), vec![rds.to_owned()])
    );
    let field = |name: &str| AdvancedFieldSelector::builder().field(name);
    for (excluded, left) in [(vec![kms], vec![]), (vec![kms, rds], vec![rds.to_owned()])] {
        let excluded = excluded.into_iter().map(str::to_owned).collect();
        let advanced = AdvancedEventSelector::builder()
            .field_selectors(field("eventCategory").equals("Management").build().unwrap())
            .field_selectors(
                field("eventSource")
                    .set_not_equals(Some(excluded))
                    .build()
                    .unwrap(),
            );
        let all = selectors::advanced(&[advanced.build().unwrap()], wanted).unwrap();
        let seen = seen_in(&[], &all);
        assert_eq!((seen.events, seen.left_out), (Some(Events::All), left));
    }
}

#[test]
fn selectors_change_in_what_they_say_of_management_events_alone() {
    assert_eq!(recorded(&[], &[]), Some(Events::All));
    let data_only = EventSelector::builder().include_management_events(false).build();
    let writes = EventSelector::builder()
        .include_management_events(true)
        .read_write_type(ReadWriteType::WriteOnly)
        .exclude_management_event_sources("kms.amazonaws.com")
        .build();
    assert_eq!(recorded(std::slice::from_ref(&data_only), &[]), None);
    assert_eq!(
        recorded(&[data_only.clone(), writes.clone()], &[]),
        Some(Events::WriteOnly)
    );
    let wider = selectors::basic(&[data_only.clone(), writes.clone()], only(Events::All));
    assert_eq!(wider[0], data_only);
    assert_eq!(
        wider[1].exclude_management_event_sources,
        writes.exclude_management_event_sources
    );
    assert_eq!(recorded(&wider, &[]), Some(Events::All));
    assert_eq!(selectors::basic(&[data_only], only(Events::All)).len(), 2);

    let field = |name: &str, value: &str| {
        AdvancedFieldSelector::builder()
            .field(name)
            .equals(value)
            .build()
            .unwrap()
    };
    let selector = |fields: Vec<AdvancedFieldSelector>| {
        AdvancedEventSelector::builder()
            .set_field_selectors(Some(fields))
            .build()
            .unwrap()
    };
    let data = selector(vec![
        field("eventCategory", "Data"),
        field("resources.type", "AWS::S3::Object"),
    ]);
    let reads = selector(vec![
        field("eventCategory", "Management"),
        field("readOnly", "true"),
    ]);
    assert_eq!(recorded(&[], std::slice::from_ref(&data)), None);
    assert_eq!(
        recorded(&[], &[data.clone(), reads.clone()]),
        Some(Events::ReadOnly)
    );
    let all = selectors::advanced(&[data.clone(), reads], only(Events::All)).unwrap();
    assert_eq!((&all[0], recorded(&[], &all)), (&data, Some(Events::All)));
    let added = selectors::advanced(&[data], only(Events::WriteOnly)).unwrap();
    assert_eq!((added.len(), recorded(&[], &added)), (2, Some(Events::WriteOnly)));
}
