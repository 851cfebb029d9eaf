//! Names and messages of an account that a terminal would obey: what is shown of them.

use crate::folder::{Folder, ONE};

/// Breaks the line, turns the text around, starts a colour in Latin-1.
const HOSTILE: &str = "\\n::error::x\\u202e\\u009b31m";

fn world() -> String {
    format!(
        "[[default_vpc]]\nregion = \"eu-west-1\"\ntags = {{ Name = \"a{HOSTILE}b\" }}\n\
         [[fault]]\ncall = \"guardduty:ListDetectors\"\nkind = \"error\"\ncode = \"AccessDeniedException\"\n\
         status = 403\nmessage = \"c\\u001b[2J{HOSTILE}d\"\n"
    )
}

/// Whether a text has nothing in it that a terminal obeys, and no line that others have written.
fn is_plain(text: &str) -> bool {
    let hidden = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    !text.contains(hidden)
        && !text
            .lines()
            .any(|line| line.trim_start().starts_with("::error::"))
}

#[test]
fn hostile_names_and_messages_are_made_visible_for_people_and_json_stays_valid() {
    let folder = Folder::new();
    folder
        .write(
            "a.toml",
            &format!("{ONE}[default_vpc]\nstate = \"absent\"\n[guardduty]\nenabled = true\n"),
        )
        .world(&world());
    let plan = folder.sandbox(&["plan", "a.toml", "--out", "plan.json"]);
    let show = folder.run(&["show", "plan.json"]);
    let apply = folder.sandbox(&["apply", "a.toml", "--auto-approve", "--allow", "all"]);
    let export = folder.sandbox(&["export", "--only", "guardduty", "--region", "eu-west-1"]);
    // A comment of TOML may have no control characters, and the marks that reorder are shown there, too.
    for ended in [&plan, &show, &apply, &export] {
        assert!(is_plain(&ended.stdout), "{}", ended.stdout);
        assert!(is_plain(&ended.stderr), "{}", ended.stderr);
    }
    let tag = "a\\n::error::x\\u{202e}\\u{9b}31mb";
    assert!(plan.stdout.contains(tag), "{tag} in {}", plan.stdout);
    for text in [&plan.stdout, &export.stderr] {
        assert!(
            text.contains("c\\u{1b}[2J") && text.contains("x\\u{202e}\\u{9b}31md"),
            "{text}"
        );
    }
    let json = folder.sandbox(&["plan", "a.toml", "--json"]).stdout;
    serde_json::from_str::<serde_json::Value>(&json).unwrap();
    assert!(json.contains(&tag.replace('\\', "\\\\")), "{json}");
}
