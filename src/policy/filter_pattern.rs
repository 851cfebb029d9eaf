//! Filter patterns of CloudWatch Logs: read, compared by meaning, and held against an event.
//!
//! Source: CloudWatch Logs user guide, "Filter pattern syntax for metric filters, subscription filters, and filter
//! log events".

use std::iter::Peekable;
use std::str::CharIndices;

use serde_json::Value;

#[cfg(test)]
mod tests;

/// A pattern that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Of events in JSON: `{ … }`.
    Json(Expr),
    /// Of words in any event.
    Words {
        /// All of these are in it.
        all: Vec<String>,
        /// One of these is in it, if there are some.
        any: Vec<String>,
        /// None of these is in it.
        none: Vec<String>,
    },
    /// Of columns: `[ … ]`. It is not read further.
    Columns,
}

/// What a pattern says of an event in JSON. Terms of one operator are sorted, each once, so that equal meaning in
/// another order is equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expr {
    /// All of them.
    And(Vec<Expr>),
    /// One of them.
    Or(Vec<Expr>),
    /// A field compared. A field that the event lacks compares as true with nothing, not even with `!=`.
    Is {
        /// The field, without the leading `$`.
        path: Vec<String>,
        /// How it is compared.
        op: Op,
        /// With what, without its quotes.
        value: String,
    },
    /// The event has the field, or has it not.
    Exists {
        /// The field, without the leading `$`.
        path: Vec<String>,
        /// Which of the two.
        is: bool,
    },
    /// The field is `true`, `false` or `null`.
    Literal {
        /// The field, without the leading `$`.
        path: Vec<String>,
        /// `true`, `false` or `null`.
        value: String,
    },
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Why a pattern is none: what was expected, and after how many bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} after {at} bytes")]
pub struct BadPattern {
    /// What was expected.
    pub expected: &'static str,
    /// Where, in bytes.
    pub at: usize,
}

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, BadPattern> {
        let trimmed = text.trim();
        if trimmed.starts_with('[') {
            return Ok(Pattern::Columns);
        }
        let mut reader = Reader {
            length: trimmed.len(),
            text: trimmed,
            rest: trimmed.char_indices().peekable(),
            depth: 0,
        };
        if !reader.takes('{') {
            return reader.words();
        }
        let expr = reader.any_of()?;
        if !reader.takes('}') {
            return Err(reader.expected("&&, || or }"));
        }
        match reader.peek() {
            None => Ok(Pattern::Json(expr)),
            Some(_) => Err(reader.expected("nothing more")),
        }
    }

    /// Whether an event's text is what the pattern is of. A pattern of columns is never asked.
    pub fn matches(&self, event: &str) -> bool {
        match self {
            Pattern::Json(expr) => serde_json::from_str(event).is_ok_and(|event| expr.matches(&event)),
            Pattern::Words { all, any, none } => {
                let has = |word: &String| event.contains(word.as_str());
                all.iter().all(has) && (any.is_empty() || any.iter().any(has)) && !none.iter().any(has)
            }
            Pattern::Columns => false,
        }
    }

    /// The same for an event that has been read.
    pub fn matches_event(&self, event: &Value) -> bool {
        match self {
            Pattern::Json(expr) => expr.matches(event),
            _ => self.matches(&event.to_string()),
        }
    }
}

impl Expr {
    fn matches(&self, event: &Value) -> bool {
        match self {
            Expr::And(terms) => terms.iter().all(|term| term.matches(event)),
            Expr::Or(terms) => terms.iter().any(|term| term.matches(event)),
            Expr::Exists { path, is } => field(event, path).is_some() == *is,
            Expr::Literal { path, value } => match (field(event, path), value.as_str()) {
                (Some(Value::Bool(live)), "true") => *live,
                (Some(Value::Bool(live)), "false") => !live,
                (Some(Value::Null), "null") => true,
                _ => false,
            },
            Expr::Is { path, op, value } => match field(event, path) {
                Some(Value::String(live)) => compare(live, *op, value),
                Some(live @ (Value::Number(_) | Value::Bool(_))) => compare(&live.to_string(), *op, value),
                _ => false,
            },
        }
    }

    /// The fields that it speaks of, as they are written: `$.eventName`.
    pub fn selectors(&self) -> Vec<(String, Vec<String>)> {
        match self {
            Expr::And(terms) | Expr::Or(terms) => terms.iter().flat_map(Expr::selectors).collect(),
            Expr::Is { path, .. } | Expr::Exists { path, .. } | Expr::Literal { path, .. } => {
                vec![(format!("$.{}", path.join(".")), path.clone())]
            }
        }
    }
}

/// What an event has at a path.
pub fn field<'a>(event: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(event, |at, key| match at {
        Value::Array(values) => values.get(key.parse::<usize>().ok()?),
        _ => at.get(key),
    })
}

fn compare(live: &str, op: Op, value: &str) -> bool {
    let numbers = || Some((live.parse::<f64>().ok()?, value.parse::<f64>().ok()?));
    let ordered = |is: fn(&f64, &f64) -> bool| numbers().is_some_and(|(live, value)| is(&live, &value));
    match op {
        Op::Equal => like(live, value) || ordered(f64::eq),
        Op::NotEqual => !compare(live, Op::Equal, value),
        Op::Less => ordered(f64::lt),
        Op::LessOrEqual => ordered(f64::le),
        Op::Greater => ordered(f64::gt),
        Op::GreaterOrEqual => ordered(f64::ge),
    }
}

/// Whether a text is as a value with `*` for anything says.
fn like(text: &str, value: &str) -> bool {
    let mut parts = value.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = parts.next_back() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Terms under one operator: flat, sorted, each once.
fn joined(terms: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    let is_and = matches!(join(vec![]), Expr::And(_));
    let mut flat = vec![];
    for term in terms {
        match term {
            Expr::And(inner) if is_and => flat.extend(inner),
            Expr::Or(inner) if !is_and => flat.extend(inner),
            term => flat.push(term),
        }
    }
    flat.sort();
    flat.dedup();
    match <[Expr; 1]>::try_from(flat) {
        Ok([one]) => one,
        Err(several) => join(several),
    }
}

/// How deep parentheses may go: nobody's do, and a hostile pattern must not exhaust the stack.
const DEEPEST: usize = 32;

struct Reader<'a> {
    text: &'a str,
    length: usize,
    rest: Peekable<CharIndices<'a>>,
    depth: usize,
}

impl Reader<'_> {
    fn at(&mut self) -> usize {
        self.rest.peek().map_or(self.length, |(at, _)| *at)
    }

    fn expected(&mut self, expected: &'static str) -> BadPattern {
        BadPattern {
            expected,
            at: self.at(),
        }
    }

    fn peek(&mut self) -> Option<char> {
        while self.rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
        self.rest.peek().map(|(_, c)| *c)
    }

    fn takes(&mut self, wanted: char) -> bool {
        self.peek() == Some(wanted) && self.rest.next().is_some()
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.peek();
        let at = self.at();
        let rest = &self.text[at..];
        if !rest.starts_with(word) {
            return false;
        }
        for _ in word.chars() {
            self.rest.next();
        }
        true
    }

    /// `a || b`
    fn any_of(&mut self) -> Result<Expr, BadPattern> {
        let mut terms = vec![self.all_of()?];
        while self.takes_word("||") {
            terms.push(self.all_of()?);
        }
        Ok(joined(terms, Expr::Or))
    }

    /// `a && b`, which binds tighter.
    fn all_of(&mut self) -> Result<Expr, BadPattern> {
        let mut terms = vec![self.term()?];
        while self.takes_word("&&") {
            terms.push(self.term()?);
        }
        Ok(joined(terms, Expr::And))
    }

    fn term(&mut self) -> Result<Expr, BadPattern> {
        if !self.takes('(') {
            return self.condition();
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.expected("fewer parentheses"));
        }
        let inner = self.any_of()?;
        self.depth -= 1;
        match self.takes(')') {
            true => Ok(inner),
            false => Err(self.expected(")")),
        }
    }

    fn condition(&mut self) -> Result<Expr, BadPattern> {
        if !self.takes('$') {
            return Err(self.expected("a field ($.…)"));
        }
        let path = self.path()?;
        for (words, is) in [(["NOT", "EXISTS"].as_slice(), false), (&["EXISTS"], true)] {
            if words.iter().all(|word| self.takes_word(word)) {
                return Ok(Expr::Exists { path, is });
            }
        }
        if self.takes_word("IS") {
            for value in ["true", "false", "null"] {
                if self.takes_word(&value.to_uppercase()) || self.takes_word(value) {
                    let value = value.to_owned();
                    return Ok(Expr::Literal { path, value });
                }
            }
            return Err(self.expected("TRUE, FALSE or NULL"));
        }
        let ops = [
            ("!=", Op::NotEqual),
            ("<=", Op::LessOrEqual),
            (">=", Op::GreaterOrEqual),
            ("=", Op::Equal),
            ("<", Op::Less),
            (">", Op::Greater),
        ];
        for (word, op) in ops {
            if self.takes_word(word) {
                let value = self.value()?;
                return Ok(Expr::Is { path, op, value });
            }
        }
        Err(self.expected("=, !=, <, >, EXISTS, NOT EXISTS or IS"))
    }

    /// `.a.b[0]`
    fn path(&mut self) -> Result<Vec<String>, BadPattern> {
        let mut path = vec![];
        loop {
            let is_index = match self.rest.peek().map(|(_, c)| *c) {
                Some('.') => false,
                Some('[') => true,
                _ if path.is_empty() => return Err(self.expected(". or [ after $")),
                _ => return Ok(path),
            };
            self.rest.next();
            let mut key = String::new();
            while let Some((_, c)) = self
                .rest
                .next_if(|(_, c)| c.is_alphanumeric() || "_-:@/#".contains(*c))
            {
                key.push(c);
            }
            if key.is_empty() || (is_index && !self.takes(']')) {
                return Err(self.expected("a field's name"));
            }
            path.push(key);
        }
    }

    fn value(&mut self) -> Result<String, BadPattern> {
        let mut value = String::new();
        if self.takes('"') {
            loop {
                match self.rest.next() {
                    Some((_, '"')) => return Ok(value),
                    Some((_, '\\')) => value.extend(self.rest.next().map(|(_, c)| c)),
                    Some((_, c)) => value.push(c),
                    None => return Err(self.expected("\"")),
                }
            }
        }
        self.peek();
        while let Some((_, c)) = self
            .rest
            .next_if(|(_, c)| c.is_alphanumeric() || "*._-+:/@%".contains(*c))
        {
            value.push(c);
        }
        match value.is_empty() {
            true => Err(self.expected("a value")),
            false => Ok(value),
        }
    }

    fn words(&mut self) -> Result<Pattern, BadPattern> {
        let (mut all, mut any, mut none) = (vec![], vec![], vec![]);
        while let Some(first) = self.peek() {
            let list = match first {
                '?' => &mut any,
                '-' => &mut none,
                _ => &mut all,
            };
            if matches!(first, '?' | '-') {
                self.rest.next();
            }
            if self.peek() == Some('"') {
                list.push(self.value()?);
                continue;
            }
            let mut word = String::new();
            while let Some((_, c)) = self.rest.next_if(|(_, c)| c.is_alphanumeric() || *c == '_') {
                word.push(c);
            }
            if word.is_empty() {
                return Err(self.expected("a word; others stand in quotes"));
            }
            list.push(word);
        }
        Ok(Pattern::Words { all, any, none })
    }
}
