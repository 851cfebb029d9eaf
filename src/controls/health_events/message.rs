//! The message of an event: its lines in the file, and EventBridge's template for them.
//!
//! A template of several lines is several quoted strings on lines of their own (EventBridge user guide, "Amazon
//! EventBridge input transformation"); a mail then shows each line with its quotes.

use std::collections::BTreeMap;

use trueup_core::registry::nearest;

/// What may stand in a line between `<` and `>`, with the path of the value in the event (AWS Health user guide,
/// "AWS Health events Amazon EventBridge schema").
const PLACES: [(&str, &str); 10] = [
    ("account", "$.account"),
    ("eventArn", "$.detail.eventArn"),
    (
        "eventDescription",
        "$.detail.eventDescription[0].latestDescription",
    ),
    ("eventTypeCategory", "$.detail.eventTypeCategory"),
    ("eventTypeCode", "$.detail.eventTypeCode"),
    ("region", "$.detail.eventRegion"),
    ("service", "$.detail.service"),
    ("startTime", "$.detail.startTime"),
    ("statusCode", "$.detail.statusCode"),
    ("type", "$.detail-type"),
];

/// What a new rule sends where the file does not say it.
const DEFAULT: [&str; 4] = [
    "<type>: <service> in <region>",
    "<eventTypeCode> since <startTime>",
    "<eventDescription>",
    "https://health.aws.amazon.com/health/home",
];

/// The characters of a template at most (API reference, `InputTransformer`).
const LENGTH: usize = 8192;

/// An input transformer: the values that are taken out of an event, and the text around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transformer {
    pub(super) paths: BTreeMap<String, String>,
    pub(super) template: String,
}

/// The lines of a new rule's message.
pub(super) fn default_lines() -> Vec<String> {
    DEFAULT.map(str::to_owned).to_vec()
}

/// Everything in angle brackets in a line, in order; the error is a bracket without its other half.
fn places(line: &str) -> Result<Vec<&str>, char> {
    let mut found = vec![];
    let mut rest = line;
    while let Some(at) = rest.find(['<', '>']) {
        let inner = rest[at..].strip_prefix('<').ok_or('>')?;
        let end = inner.find(['<', '>']).ok_or('<')?;
        if !inner[end..].starts_with('>') {
            return Err('<');
        }
        found.push(&inner[..end]);
        rest = &inner[end + 1..];
    }
    Ok(found)
}

/// What is wrong with a message.
pub(super) fn wrong(lines: &[String]) -> Option<String> {
    if lines.is_empty() {
        return Some("has no line; expected one or more".to_owned());
    }
    for line in lines {
        if line.chars().any(char::is_control) {
            return Some(format!(
                "has a line break or another control character in {line:?}; expected a string for each line"
            ));
        }
        let places = match places(line) {
            Ok(places) => places,
            Err(bracket) => {
                return Some(format!(
                    "has a lone `{bracket}` in `{line}`; expected places such as <service>, and no other angle brackets"
                ));
            }
        };
        for place in places {
            let names = PLACES.map(|(name, _)| name);
            if !names.contains(&place) {
                let hint = match nearest(place, names) {
                    Some(near) => format!("did you mean <{near}>?"),
                    None => format!("expected one of <{}>", names.join(">, <")),
                };
                return Some(format!(
                    "has the place <{place}>, which no health event has; {hint}"
                ));
            }
        }
    }
    let length = render(lines).template.chars().count();
    (length > LENGTH).then(|| format!("is {length} characters long as a template; expected {LENGTH} at most"))
}

/// The transformer that makes these lines.
pub(super) fn render(lines: &[String]) -> Transformer {
    let used: Vec<&str> = lines
        .iter()
        .flat_map(|line| places(line).unwrap_or_default())
        .collect();
    let paths = PLACES.iter().filter(|(name, _)| used.contains(name));
    let quoted: Vec<String> = lines
        .iter()
        .map(|line| format!("\"{}\"", line.replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    Transformer {
        paths: paths
            .map(|(name, path)| ((*name).to_owned(), (*path).to_owned()))
            .collect(),
        template: quoted.join("\n"),
    }
}

/// The lines that a transformer makes, with the places by their own names whatever it calls them. Nothing if they
/// cannot be said so.
pub(super) fn read(transformer: &Transformer) -> Option<Vec<String>> {
    let template = transformer.template.trim();
    let texts: Vec<String> = match serde_json::from_str::<String>(template) {
        // One string may hold several lines.
        Ok(whole) => whole.split('\n').map(str::to_owned).collect(),
        Err(_) => template
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| serde_json::from_str(line.trim()).ok())
            .collect::<Option<_>>()?,
    };
    let lines: Vec<String> = texts
        .iter()
        .map(|text| named(text, &transformer.paths))
        .collect::<Option<_>>()?;
    wrong(&lines).is_none().then_some(lines)
}

fn named(text: &str, paths: &BTreeMap<String, String>) -> Option<String> {
    let mut line = String::new();
    let mut rest = text;
    for place in places(text).ok()? {
        let path = paths.get(place)?;
        let (name, _) = PLACES.iter().find(|(_, known)| known == path)?;
        let (before, behind) = rest.split_once(&format!("<{place}>"))?;
        line.push_str(before);
        line.push_str(&format!("<{name}>"));
        rest = behind;
    }
    line.push_str(rest);
    Some(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    fn read_of(paths: &[(&str, &str)], template: &str) -> Option<Vec<String>> {
        let paths = paths
            .iter()
            .map(|(key, path)| ((*key).to_owned(), (*path).to_owned()));
        read(&Transformer {
            paths: paths.collect(),
            template: template.to_owned(),
        })
    }

    #[test]
    fn lines_become_quoted_strings_on_lines_of_their_own() {
        let made = render(&lines(&["<type>: \"<service>\"", "C:\\ <region>"]));
        assert_eq!(
            made.template,
            "\"<type>: \\\"<service>\\\"\"\n\"C:\\\\ <region>\""
        );
        let keys: Vec<&str> = made.paths.keys().map(String::as_str).collect();
        assert_eq!(keys, ["region", "service", "type"]);
        assert_eq!(made.paths["type"], "$.detail-type");
    }

    #[test]
    fn the_default_is_the_checklists_and_ends_with_the_dashboard() {
        let default = default_lines();
        assert_eq!(wrong(&default), None);
        let made = render(&default);
        for place in [
            "eventDescription",
            "eventTypeCode",
            "region",
            "service",
            "startTime",
            "type",
        ] {
            assert!(made.paths.contains_key(place), "{place}");
        }
        assert!(
            default
                .last()
                .unwrap()
                .starts_with("https://health.aws.amazon.com/")
        );
    }

    #[test]
    fn a_template_in_other_words_is_read_the_same() {
        let service = ("s", "$.detail.service");
        let said = Some(lines(&["In <service>", "of <service>"]));
        assert_eq!(read_of(&[service], "\"In <s>\"\n\"of <s>\""), said);
        assert_eq!(read_of(&[service], "  \"In <s>\"\r\n\n\t\"of <s>\"\n"), said);
        assert_eq!(read_of(&[service], "\"In <s>\\nof <s>\""), said);
        assert_eq!(
            read_of(&[service, ("unused", "$.x")], "\"In \\u003cs\\u003e\""),
            Some(lines(&["In <service>"]))
        );
    }

    #[test]
    fn what_no_lines_can_say_is_not_read() {
        for template in [
            "{\"text\": \"<s>\"}",
            "<s>",
            "\"<t>\"",
            "\"<aws.events.rule-name>\"",
            "\"a < b\"",
        ] {
            assert_eq!(
                read_of(&[("s", "$.detail.service"), ("t", "$.region")], template),
                None,
                "{template}"
            );
        }
    }

    #[test]
    fn mistakes_are_told() {
        for (line, said) in [
            ("<servce>", "did you mean <service>?"),
            ("<zzz>", "expected one of <account>, <eventArn>"),
            ("a < b", "lone `<`"),
            ("a > b", "lone `>`"),
            ("<a <b>", "lone `<`"),
            ("a\nb", "a string for each line"),
        ] {
            let what = wrong(&lines(&[line])).unwrap();
            assert!(what.contains(said), "{line}: {what}");
        }
        assert!(wrong(&[]).unwrap().contains("no line"));
        assert!(wrong(&["x".repeat(8191)]).unwrap().contains("8193 characters"));
    }

    proptest! {
        #[test]
        fn whatever_may_be_written_is_read_back(words in prop::collection::vec("([^<>\\p{Cc}]|<service>|<type>){0,12}", 1..5)) {
            prop_assume!(wrong(&words).is_none());
            prop_assert_eq!(read(&render(&words)), Some(words));
        }
    }
}
