use super::*;

#[test]
fn each_loads_alone_and_carries_nothing_of_an_account() {
    for BuiltIn { name, text } in BUILT_IN {
        let baseline = load_text(name, text).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(baseline.account_id(), None, "{name}");
        assert_eq!(baseline.home_region(), None, "{name}");
        baseline.wants(&env(), &known(), &Filters::default()).unwrap();
    }
}

#[test]
fn the_checklist_has_every_control_of_an_item_in_the_order_of_the_list() {
    let text = BUILT_IN[2].text;
    let table: Table = text.parse().unwrap();
    let names: Vec<&str> = table.keys().map(String::as_str).collect();
    let list = controls();
    let of_items = list.iter().filter(|id| !id.control.doc().items.is_empty());
    let all: Vec<&str> = of_items.map(|id| id.name.as_str()).collect();
    assert_eq!(names, all);
}

/// The comment above a control's first table.
fn comment<'a>(text: &'a str, control: &str) -> Vec<&'a str> {
    let lines: Vec<&str> = text.lines().collect();
    let heads = [format!("[{control}]"), format!("[{control}.")];
    let at = lines
        .iter()
        .position(|line| heads.iter().any(|head| line.starts_with(head)));
    let above = lines[..at.unwrap()].iter().rev();
    let mut comment: Vec<&str> = above.take_while(|line| line.starts_with('#')).copied().collect();
    comment.reverse();
    comment
}

#[test]
fn each_table_of_the_checklist_says_what_it_costs_and_no_other_price_than_its_control() {
    let text = BUILT_IN[2].text;
    let table: Table = text.parse().unwrap();
    let list = controls();
    for (id, control) in table.keys().map(|name| (name, list.find(name).unwrap().control)) {
        let lines = comment(text, id);
        let note: Vec<&str> = lines
            .iter()
            .map(|line| line.trim_start_matches(['#', ' ']))
            .collect();
        let note = note.join(" ");
        let cost = control.doc().cost;
        let (is_free, is_metered) = (note.contains("Free"), note.contains("METERED"));
        assert!(is_free || is_metered, "{id}: {note}");
        assert!(cost != "free" || (is_free && !is_metered), "{id}: {note}");
        let words: Vec<&str> = note.split(' ').collect();
        for pair in words.windows(2).filter(|pair| pair[1].starts_with("USD")) {
            let price = format!("{} USD", pair[0]);
            assert!(cost.contains(&price), "{id}: {price} is not in `{cost}`");
        }
    }
}
