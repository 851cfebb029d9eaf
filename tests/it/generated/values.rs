//! Random values after a JSON schema, and the places of a baseline that they go to.

use serde_json::Value as Json;
use toml::{Table, Value};

/// A generator of random numbers (splitmix64): the same seed gives the same numbers everywhere.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        // A seed is mixed once, so that neighbours have nothing in common.
        Dice(Dice(seed).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, number: usize) -> usize {
        (self.next() % number as u64) as usize
    }

    pub(super) fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// A key of the baseline for which random values are tried.
pub(super) struct Leaf {
    path: Vec<String>,
    schema: Json,
}

impl Leaf {
    pub(super) fn control(&self) -> &str {
        &self.path[0]
    }

    pub(super) fn path(&self) -> String {
        self.path.join(".")
    }

    /// Puts a random value there. Says which one, unless there is nowhere to put it.
    pub(super) fn change(&self, baseline: &mut Table, dice: &mut Dice) -> Option<Value> {
        let (last, tables) = self.path.split_last()?;
        let mut table = baseline;
        for name in tables {
            table = table
                .entry(name.clone())
                .or_insert_with(|| Value::Table(Table::new()))
                .as_table_mut()?;
        }
        if last == ANY {
            // Another name for a table that is there, or for a value.
            let old = table.keys().next().cloned();
            let name = string(&self.schema["propertyNames"], old.as_deref(), dice);
            let value = match old.and_then(|old| table.remove(&old)) {
                Some(value) => value,
                None => value(&self.schema["additionalProperties"], None, dice),
            };
            table.insert(name.clone(), value);
            return Some(Value::String(name));
        }
        let new = value(&self.schema, table.get(last), dice);
        table.insert(last.clone(), new.clone());
        Some(new)
    }
}

/// The name of a key that may be any.
const ANY: &str = "*";

/// What is wrong with the account or is not a control's.
const NOT_TRIED: [&str; 6] = [
    "extends",
    "attestations",
    "region",
    "root_user",
    "regions",
    "manage",
];

/// Every key that a baseline may have.
pub(super) fn leaves(schema: &Json, base: &Table) -> Vec<Leaf> {
    let mut leaves = vec![];
    walk(schema, Some(base), &mut vec![], &mut leaves);
    leaves
}

fn walk(schema: &Json, base: Option<&Table>, path: &mut Vec<String>, leaves: &mut Vec<Leaf>) {
    let mut names: Vec<(String, &Json)> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), schema))
        .collect();
    if schema["additionalProperties"].is_object() {
        path.push(ANY.to_owned());
        leaves.push(Leaf {
            path: path.clone(),
            schema: schema.clone(),
        });
        path.pop();
        let there = base.into_iter().flat_map(Table::keys);
        names.extend(there.map(|name| (name.clone(), &schema["additionalProperties"])));
    }
    for (name, schema) in names {
        let of_the_account = path.first().is_some_and(|first| first == "account")
            && ["id", "home_region", "exclude_regions"].contains(&name.as_str());
        if NOT_TRIED.contains(&name.as_str()) || of_the_account {
            continue;
        }
        path.push(name.clone());
        let inner = base.and_then(|base| base.get(&name)).and_then(Value::as_table);
        if schema["properties"].is_object() || schema["additionalProperties"].is_object() {
            walk(schema, inner, path, leaves);
        } else {
            leaves.push(Leaf {
                path: path.clone(),
                schema: schema.clone(),
            });
        }
        path.pop();
    }
}

/// A value for a schema: often the one that is there with a change, sometimes another one, right or wrong.
fn value(schema: &Json, old: Option<&Value>, dice: &mut Dice) -> Value {
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[key].as_array() {
            return value(dice.one_of(choices), old, dice);
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        return Value::String(dice.one_of(words).as_str().unwrap_or_default().to_owned());
    }
    if let Some(word) = schema["const"].as_str() {
        return Value::String(word.to_owned());
    }
    match schema["type"].as_str() {
        Some("boolean") => Value::Boolean(dice.below(2) == 0),
        Some("integer") => integer(schema, old, dice),
        Some("number") => Value::Float(*dice.one_of(&[0.0, 0.01, 1.5, 99.999, 1e12, -1.0])),
        Some("array") => array(schema, old, dice),
        Some("object") => object(schema, old, dice),
        _ => Value::String(string(schema, old.and_then(Value::as_str), dice)),
    }
}

fn integer(schema: &Json, old: Option<&Value>, dice: &mut Dice) -> Value {
    let around = [
        schema["minimum"].as_i64(),
        schema["maximum"].as_i64(),
        old.and_then(Value::as_integer),
    ];
    let around: Vec<i64> = around.into_iter().flatten().collect();
    let number = if around.is_empty() || dice.below(4) == 0 {
        *dice.one_of(&[0, 1, 2, 3, 7, 24, 30, 90, 128, 365, 3650, 3653, 43_200, 1 << 31])
    } else {
        dice.one_of(&around) + dice.below(3) as i64 - 1
    };
    Value::Integer(number)
}

fn array(schema: &Json, old: Option<&Value>, dice: &mut Dice) -> Value {
    let there: Vec<Value> = old.and_then(Value::as_array).cloned().unwrap_or_default();
    let number = *dice.one_of(&[0, 1, 1, 2, 3, 6, 11, 12]);
    let mut items = vec![];
    for at in 0..number {
        let old = (!there.is_empty()).then(|| &there[at % there.len()]);
        items.push(match old {
            Some(old) if dice.below(3) > 0 => old.clone(),
            _ => value(&schema["items"], old, dice),
        });
    }
    Value::Array(items)
}

fn object(schema: &Json, old: Option<&Value>, dice: &mut Dice) -> Value {
    let mut table = old.and_then(Value::as_table).cloned().unwrap_or_default();
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        if required.contains(&name.as_str()) || dice.below(3) == 0 {
            let new = value(schema, table.get(name), dice);
            table.insert(name.clone(), new);
        }
    }
    Value::Table(table)
}

/// What baselines have in places where the base has nothing.
const TYPICAL: [&str; 22] = [
    "a",
    "none",
    "acme",
    "acme-audit",
    "alice@example.com",
    "+81 3-1234-5678",
    "100",
    "0.01",
    "99999999999999999999",
    "-1",
    "111122223333",
    "US",
    "USD",
    "https://example.com/a?b=c",
    "AWS::EC2::VPC",
    "AWS::IAM::Nothing",
    "arn:aws:iam::123456789012:policy/boundary",
    "arn:aws:iam::111122223333:role/a/b",
    "arn:aws:sns:eu-west-1:123456789012:other",
    "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "alias/key",
    "eu-west-1",
];

/// Characters of all kinds: letters, marks of names and patterns, spaces, controls, other scripts.
const CHARACTERS: [char; 40] = [
    'a', 'Z', '0', ' ', '-', '_', '.', '/', ':', '@', '+', '=', ',', '#', '*', '&', '<', '>', '"', '\'',
    '\\', '$', '{', '}', '(', '[', '|', '%', '?', '~', '\n', '\t', '\u{0}', '\u{7f}', '\u{a0}', 'é', 'ÿ',
    '–', '名', '😀',
];

/// Lengths about which services have rules.
const LENGTHS: [usize; 22] = [
    0, 1, 2, 3, 20, 25, 49, 50, 51, 63, 64, 65, 99, 100, 101, 128, 129, 254, 256, 257, 512, 1025,
];

fn string(schema: &Json, old: Option<&str>, dice: &mut Dice) -> String {
    let start = match old {
        Some(old) if dice.below(4) > 0 => old.to_owned(),
        _ => (*dice.one_of(&TYPICAL)).to_owned(),
    };
    let mut text: Vec<char> = start.chars().collect();
    match dice.below(8) {
        0 => {}
        1 => {
            let character = *dice.one_of(&CHARACTERS);
            text.insert(dice.below(text.len() + 1), character);
        }
        2 => {
            let character = *dice.one_of(&CHARACTERS);
            text.push(character);
        }
        3 => {
            let character = *dice.one_of(&CHARACTERS);
            if !text.is_empty() {
                let at = dice.below(text.len());
                text[at] = character;
            }
        }
        4 if !text.is_empty() => {
            text.remove(dice.below(text.len()));
        }
        5 => text.insert(0, ' '),
        // As long as a limit, or a little longer.
        6 => {
            let limits = ["minLength", "maxLength"].map(|key| schema[key].as_u64());
            let limits: Vec<usize> = limits.into_iter().flatten().map(|limit| limit as usize).collect();
            let length = if limits.is_empty() || dice.below(3) == 0 {
                *dice.one_of(&LENGTHS)
            } else {
                (*dice.one_of(&limits) + dice.below(3)).saturating_sub(1)
            };
            resize(&mut text, length, 'a');
        }
        _ => {
            let length = *dice.one_of(&LENGTHS);
            let filler = *dice.one_of(&['a', '1', 'é', '名']);
            resize(&mut text, length, filler);
        }
    }
    text.into_iter().collect()
}

/// Makes a text longer in its middle, so that its ends stay: `a@example.com` is an address also when it is long.
fn resize(text: &mut Vec<char>, length: usize, filler: char) {
    if length < text.len() {
        text.truncate(length);
        return;
    }
    let more = std::iter::repeat_n(filler, length - text.len());
    let middle = text.len().min(1);
    text.splice(middle..middle, more);
}
