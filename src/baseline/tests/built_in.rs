use super::*;

#[test]
fn each_loads_alone_and_carries_nothing_of_an_account() {
    for (name, text) in BUILT_IN {
        let baseline = load_text(name, text).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(baseline.account_id(), None, "{name}");
        assert_eq!(baseline.home_region(), None, "{name}");
        baseline.wants(&env(), &known(), &Filters::default()).unwrap();
    }
}

#[test]
fn the_checklist_has_every_control_of_an_item_in_the_order_of_the_list() {
    let (_, text) = BUILT_IN.iter().find(|(name, _)| *name == "checklist@1").unwrap();
    let table: Table = text.parse().unwrap();
    let names: Vec<&str> = table.keys().map(String::as_str).collect();
    let all: Vec<&str> = Id::all()
        .filter(|id| !id.control().doc().items.is_empty())
        .map(Id::name)
        .collect();
    assert_eq!(names, all);
}
