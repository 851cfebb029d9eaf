//! The rules of composite alarms: `ALARM(a) OR (ALARM("b") AND NOT OK(c))`.
//!
//! Source: CloudWatch API reference, `PutCompositeAlarm`, `AlarmRule`.

/// A rule.
#[derive(Debug, PartialEq)]
pub(super) enum Rule {
    /// `TRUE` or `FALSE`.
    Always(bool),
    /// `ALARM(alarm)` and the like: the alarm, by name or ARN, is in the state.
    Is { state: &'static str, alarm: String },
    /// `NOT`.
    Not(Box<Rule>),
    /// `AND`, which binds more than `OR`.
    All(Vec<Rule>),
    /// `OR`.
    Any(Vec<Rule>),
}

/// The states that a rule asks for.
const STATES: [&str; 3] = ["ALARM", "OK", "INSUFFICIENT_DATA"];
/// Elements of a rule at most: alarms, `TRUE`, `FALSE` and parentheses.
const ELEMENTS: usize = 500;
/// The alarms that a rule names at most.
const CHILDREN: usize = 100;

impl Rule {
    /// Reads a rule, or says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Rule, String> {
        let mut reader = Reader {
            rest: text,
            whole: text,
            elements: 0,
        };
        let rule = reader.any()?;
        reader.space();
        if !reader.rest.is_empty() {
            return Err(reader.unsupported());
        }
        if rule.children().len() > CHILDREN {
            return Err(format!("The AlarmRule names more than {CHILDREN} alarms"));
        }
        Ok(rule)
    }

    /// The alarms that it names, as it names them.
    pub(super) fn children(&self) -> Vec<&str> {
        match self {
            Rule::Always(_) => vec![],
            Rule::Is { alarm, .. } => vec![alarm],
            Rule::Not(rule) => rule.children(),
            Rule::All(rules) | Rule::Any(rules) => rules.iter().flat_map(Rule::children).collect(),
        }
    }

    /// Whether it holds where alarms have these states; nothing if one of them cannot be told.
    pub(super) fn holds(&self, state_of: &mut impl FnMut(&str) -> Option<String>) -> Option<bool> {
        Some(match self {
            Rule::Always(holds) => *holds,
            Rule::Is { state, alarm } => state_of(alarm)? == *state,
            Rule::Not(rule) => !rule.holds(state_of)?,
            Rule::All(rules) => each(rules, state_of)?.into_iter().all(|holds| holds),
            Rule::Any(rules) => each(rules, state_of)?.into_iter().any(|holds| holds),
        })
    }
}

fn each(rules: &[Rule], state_of: &mut impl FnMut(&str) -> Option<String>) -> Option<Vec<bool>> {
    rules.iter().map(|rule| rule.holds(state_of)).collect()
}

struct Reader<'a> {
    rest: &'a str,
    whole: &'a str,
    elements: usize,
}

impl<'a> Reader<'a> {
    fn any(&mut self) -> Result<Rule, String> {
        self.joined("OR", Reader::all, Rule::Any)
    }

    fn all(&mut self) -> Result<Rule, String> {
        self.joined("AND", Reader::one, Rule::All)
    }

    fn joined(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Rule, String>,
        join: fn(Vec<Rule>) -> Rule,
    ) -> Result<Rule, String> {
        let mut parts = vec![];
        let mut last = part(self)?;
        while self.takes_word(word) {
            parts.push(last);
            last = part(self)?;
        }
        if parts.is_empty() {
            return Ok(last);
        }
        parts.push(last);
        Ok(join(parts))
    }

    fn one(&mut self) -> Result<Rule, String> {
        if self.takes_word("NOT") {
            return Ok(Rule::Not(Box::new(self.one()?)));
        }
        self.elements += 1;
        if self.elements > ELEMENTS {
            return Err(format!("The AlarmRule has more than {ELEMENTS} elements"));
        }
        for (word, holds) in [("TRUE", true), ("FALSE", false)] {
            if self.takes_word(word) {
                return Ok(Rule::Always(holds));
            }
        }
        if self.takes("(") {
            let rule = self.any()?;
            return match self.takes(")") {
                true => Ok(rule),
                false => Err(self.unsupported()),
            };
        }
        for state in STATES {
            let before = self.rest;
            if self.takes_word(state) && self.takes("(") {
                let alarm = self.name()?;
                return Ok(Rule::Is { state, alarm });
            }
            self.rest = before;
        }
        Err(self.unsupported())
    }

    /// The name of an alarm, with what ends it. In quotes it may have parentheses.
    fn name(&mut self) -> Result<String, String> {
        self.space();
        let (name, rest) = match self.rest.strip_prefix('"') {
            Some(quoted) => {
                let (name, rest) = quoted.split_once('"').ok_or_else(|| self.unsupported())?;
                (name, rest.trim_start().strip_prefix(')'))
            }
            None => {
                let (name, rest) = self.rest.split_once(')').ok_or_else(|| self.unsupported())?;
                (name.trim_end(), Some(rest))
            }
        };
        match rest {
            Some(rest) if !name.is_empty() => {
                self.rest = rest;
                Ok(name.to_owned())
            }
            _ => Err(self.unsupported()),
        }
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, sign: &str) -> bool {
        self.space();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.space();
        let Some((start, rest)) = self.rest.split_at_checked(word.len()) else {
            return false;
        };
        let ends = !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        let is_it = start.eq_ignore_ascii_case(word) && ends;
        if is_it {
            self.rest = rest;
        }
        is_it
    }

    fn unsupported(&self) -> String {
        let at = self.whole.len() - self.rest.len();
        match self.rest.chars().next() {
            Some(sign) => format!("Error in AlarmRule [Unsupported token '{sign}' at char {at}]"),
            None => format!("Error in AlarmRule [Unexpected end at char {at}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(rule: &str) -> Option<bool> {
        let mut state_of = |alarm: &str| {
            let state = match alarm {
                "on" | "on too (b)" | "arn:aws:cloudwatch:us-east-1:111122223333:alarm:on" => "ALARM",
                "off" => "OK",
                "new" => "INSUFFICIENT_DATA",
                _ => return None,
            };
            Some(state.to_owned())
        };
        Rule::parse(rule).unwrap().holds(&mut state_of)
    }

    #[test]
    fn a_rule_joins_the_states_of_alarms() {
        for rule in [
            "ALARM(on)",
            "ALARM( \"on too (b)\" ) AND OK(off)",
            "ALARM(off) OR ALARM(on)",
            "(ALARM(off) OR ALARM(on)) AND NOT ALARM(new)",
            "ALARM(on) OR ALARM(off) AND ALARM(off)",
            "NOT (ALARM(on) AND OK(on))",
            "INSUFFICIENT_DATA(new) AND TRUE",
            "ALARM(arn:aws:cloudwatch:us-east-1:111122223333:alarm:on)",
        ] {
            assert_eq!(holds(rule), Some(true), "{rule}");
        }
        for rule in [
            "ALARM(off)",
            "NOT ALARM(on)",
            "ALARM(on) AND ALARM(off)",
            "false",
            "OK(new)",
        ] {
            assert_eq!(holds(rule), Some(false), "{rule}");
        }
        assert_eq!(holds("ALARM(on) OR ALARM(gone)"), None);
    }

    #[test]
    fn a_rule_that_cannot_be_read_is_refused_with_its_place() {
        let wrong = |rule: &str| Rule::parse(rule).unwrap_err();
        assert_eq!(
            wrong("()"),
            "Error in AlarmRule [Unsupported token ')' at char 1]"
        );
        for rule in [
            "",
            "ALARM",
            "ALARM()",
            "ALARM(a",
            "ALARM(a) XOR ALARM(b)",
            "(ALARM(a)",
            "ON(a)",
            "ALARM(a) AND",
        ] {
            assert!(wrong(rule).starts_with("Error in AlarmRule"), "{rule}");
        }
        let many = vec!["TRUE"; ELEMENTS + 1].join(" OR ");
        assert!(wrong(&many).contains("500 elements"));
        let many: Vec<String> = (0..=CHILDREN).map(|number| format!("ALARM(a{number})")).collect();
        assert!(wrong(&many.join(" AND ")).contains("100 alarms"));
    }
}
