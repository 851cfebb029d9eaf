//! The first baseline of an account: short, commented, and true to what `recommended` wants.

use std::fmt::Write;

use toml::Table;

use crate::baseline::BuiltIn;
use crate::control::{AnyControl, Controls};
use crate::env::Env;
use crate::registry::Entry;

/// What a first baseline extends.
const EXTENDS: &str = "recommended@1";

/// Writes a baseline for the account at hand. It loads as it is; what it does not want is there as comments.
///
/// The account's `alias` goes into a comment.
pub fn baseline(controls: &Controls, built_in: &[BuiltIn], env: &Env, alias: Option<&str>) -> String {
    let known_as = alias
        .map(|alias| format!(" ({})", alias.replace(char::is_control, " ")))
        .unwrap_or_default();
    let mut file = format!(
        r#"# What the AWS account {id}{known_as} must look like.
#
#   trueup plan    shows what differs          trueup apply    makes it true

# Built in: what is free and wanted in nearly every account. `extends` takes paths too, and what is written below
# wins over what they say.
extends = ["{EXTENDS}"]

[account]
id = "{id}"               # any other account is refused
home_region = "{home}"
# alias = "acme-prod"             # the name in the sign-in address, unique among all accounts of AWS
regions = "enabled"               # or a list, such as ["{home}"]; exclude_regions takes some out
"#,
        id = env.account,
        home = env.home,
    );
    let wanted = extended(built_in);
    let (from_extends, more): (Vec<_>, Vec<_>) = controls
        .iter()
        // Its table is above.
        .filter(|entry| *entry.name != *"account")
        .partition(|entry| wanted.contains_key(entry.name.as_str()));
    let _ = write!(
        file,
        "\n# {EXTENDS} manages {}. A table of the same name\n# changes single keys of it, and `manage = \"off\"` in it takes it back.\n",
        list(&from_extends)
    );
    if !more.is_empty() {
        file += "\n# More that trueup keeps true. Take away the leading `# ` of a table to have it; `trueup controls NAME` says more.\n";
    }
    for entry in more {
        let doc = entry.control.doc();
        let _ = write!(file, "\n# {}. Cost: {}.\n", doc.title, doc.cost);
        for line in doc.example.lines() {
            file += format!("# {line}").trim_end();
            file.push('\n');
        }
    }
    file
}

/// The tables of what a first baseline extends.
fn extended(built_in: &[BuiltIn]) -> Table {
    built_in
        .iter()
        .find(|known| known.name == EXTENDS)
        .and_then(|known| known.text.parse().ok())
        .unwrap_or_default()
}

fn list(entries: &[Entry<'_, dyn AnyControl>]) -> String {
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    match names.as_slice() {
        [firsts @ .., last] if !firsts.is_empty() => format!("{} and {last}", firsts.join(", ")),
        names => names.concat(),
    }
}
