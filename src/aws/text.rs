//! Texts of errors, made fit for a plan: one line, and the same bytes for the same trouble.

use std::error::Error;
use std::io;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_types::error::ErrorMetadata;

/// An error and everything that caused it, the outermost first.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| match error.downcast_ref::<io::Error>() {
        // `source` of an I/O error leaves out the error that it wraps.
        Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    })
}

/// What the innermost cause says.
pub(crate) fn deepest_cause(error: &(dyn Error + 'static)) -> String {
    text_of(causes(error).last().unwrap_or(error))
}

/// What one error says by itself, in the same words on every system.
fn text_of(error: &(dyn Error + 'static)) -> String {
    if let Some(sent) = error.downcast_ref::<ErrorMetadata>() {
        // Its own text is the value in Rust's notation.
        let parts = [sent.code(), sent.message()];
        return one_line(&parts.into_iter().flatten().collect::<Vec<_>>().join(": "));
    }
    match error.downcast_ref::<io::Error>().map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "the connection was refused".to_owned(),
        Some(io::ErrorKind::ConnectionReset) => "the connection was reset".to_owned(),
        Some(io::ErrorKind::NotFound) => "a file does not exist".to_owned(),
        Some(io::ErrorKind::TimedOut) => "there was no answer in time".to_owned(),
        _ => one_line(&error.to_string()),
    }
}

/// Why credentials could not be loaded: what the causes below the SDK's [`CredentialsError`] say, the outermost first.
/// Nothing if it gives no cause, which means that there were none to load.
pub(crate) fn credentials_cause(error: &(dyn Error + 'static)) -> Option<String> {
    let mut said: Vec<String> = vec![];
    for cause in causes(error)
        .skip_while(|cause| !cause.is::<CredentialsError>())
        .filter(|cause| !cause.is::<CredentialsError>())
    {
        let text = text_of(cause);
        // What was sent is told by the cause below.
        let is_empty = text == "service error" || text.starts_with("unhandled error");
        if is_empty && cause.source().is_some() {
            continue;
        }
        // Some errors repeat what they wrap.
        if !said.last().is_some_and(|before| before.contains(&text)) {
            said.push(text);
        }
    }
    (!said.is_empty()).then(|| said.join(": "))
}

/// The text in one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A service's sentence without what differs from one call to the next: the encoded authorization failure, where to look
/// up the denial, request ids, the time, and the name of the caller's session.
pub(super) fn repeatable(message: &str) -> String {
    let mut text = without_details(&one_line(message));
    for marker in [
        "Encoded authorization failure message: ",
        "Request ID: ",
        "RequestId: ",
    ] {
        while let Some(start) = text.find(marker) {
            let value = start + marker.len();
            let end = text[value..]
                .find([' ', ';', ',', ')'])
                .map_or(text.len(), |length| value + length);
            text.replace_range(start..end, "");
        }
    }
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| {
            let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            if is_time(bare) {
                "(time)".to_owned()
            } else if is_uuid(bare) {
                "(id)".to_owned()
            } else {
                without_session(word)
            }
        })
        .collect();
    words.join(" ")
}

/// The text without the sentence that says where the details of this one denial are (IAM User Guide, "Troubleshoot
/// access denied error messages with authorization ID").
fn without_details(text: &str) -> String {
    const ID: &str = "authorization id: ";
    let Some(start) = text.find("Go to http") else {
        return text.to_owned();
    };
    let (before, details) = text.split_at(start);
    if !details.contains("authorization-details/") {
        return text.to_owned();
    }
    // The id is its last word.
    let after = details
        .split_once(ID)
        .and_then(|(_, rest)| rest.split_once(' '))
        .map_or("", |(_, rest)| rest);
    format!("{before}{after}").trim_end().to_owned()
}

/// A time as signatures have it, such as `20261123T093000Z`, or as `2026-11-23T09:30:00Z`.
fn is_time(word: &str) -> bool {
    let Some((date, time)) = word.split_once('T') else {
        return false;
    };
    let digits = |text: &str, others: &[char]| {
        let digits = text.chars().filter(char::is_ascii_digit).count();
        text.chars()
            .all(|c| c.is_ascii_digit() || others.contains(&c))
            .then_some(digits)
    };
    let time = time.trim_end_matches('Z');
    digits(date, &['-']) == Some(8) && digits(time, &[':', '.', '+']).is_some_and(|digits| digits >= 6)
}

/// The form that many services give the ids of requests: `11111111-2222-3333-4444-555555555555`.
fn is_uuid(word: &str) -> bool {
    let lengths: Vec<usize> = word.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
}

/// The ARN of a role's session with `*` for the session, whose name often holds the time.
fn without_session(word: &str) -> String {
    let Some((before, rest)) = word.split_once(":assumed-role/") else {
        return word.to_owned();
    };
    let Some((role, session)) = rest.split_once('/') else {
        return word.to_owned();
    };
    // Names of sessions have these characters (sts:AssumeRole, "RoleSessionName").
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    let behind = session.find(|c| !is_of_name(c)).unwrap_or(session.len());
    format!("{before}:assumed-role/{role}/*{}", &session[behind..])
}

/// What can be read of an answer that is not in the service's own form: an emulator's HTML page, a proxy's text.
/// At most 200 characters, markup taken out.
pub(super) fn page(body: &[u8]) -> String {
    // The title says it; the rest is prose.
    title(body).unwrap_or_else(|| plain(&String::from_utf8_lossy(body)))
}

/// The title of an HTML page.
pub(super) fn title(body: &[u8]) -> Option<String> {
    let source = String::from_utf8_lossy(body);
    let start = source.find("<title>")?;
    let end = source.find("</title>")?;
    source.get(start..end).map(plain)
}

fn plain(source: &str) -> String {
    const LONGEST: usize = 200;
    let mut in_tag = false;
    let plain: String = source
        .chars()
        .filter_map(|c| match c {
            '<' => {
                in_tag = true;
                Some(' ')
            }
            '>' if in_tag => {
                in_tag = false;
                None
            }
            _ if in_tag => None,
            other => Some(other),
        })
        .collect();
    let line = one_line(&plain);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_call_to_call_is_cut_out_and_the_rest_stays() {
        for (message, expected) in [
            (
                "You are not authorized. Encoded authorization failure message: AbC-_123 Ask.",
                "You are not authorized. Ask.",
            ),
            (
                "Refused\n  (Service: X; Status Code: 400; Request ID: 1-2-3; Proxy: null)",
                "Refused (Service: X; Status Code: 400; ; Proxy: null)",
            ),
            (
                "Signature expired: 20261123T093000Z is now earlier than 20261123T094500Z (…)",
                "Signature expired: (time) is now earlier than (time) (…)",
            ),
            (
                "not authorized to perform: iam:GetRole with an explicit deny in an identity-based policy: \
                 arn:aws:iam::123456789012:policy/No. Go to https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1\
                 #/authorization-details/1a2b3c4d5e for complete details, or call the GetRequestAuthorizationDetails API \
                 with the following authorization id: 1a2b3c4d5e",
                "not authorized to perform: iam:GetRole with an explicit deny in an identity-based policy: \
                 arn:aws:iam::123456789012:policy/No.",
            ),
            (
                "Go to https://docs.aws.amazon.com/ and read",
                "Go to https://docs.aws.amazon.com/ and read",
            ),
            (
                "Request 0c2a9b7e-1111-4222-8333-0123456789ab at 2026-11-30T09:15:00.123Z failed",
                "Request (id) at (time) failed",
            ),
            (
                "User: arn:aws:sts::123456789012:assumed-role/admin/me-1700000000 may not",
                "User: arn:aws:sts::123456789012:assumed-role/admin/* may not",
            ),
            (
                "belong to account 1 (arn:aws:sts::1:assumed-role/admin/me-1700000000), not to 2",
                "belong to account 1 (arn:aws:sts::1:assumed-role/admin/*), not to 2",
            ),
            (
                "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: iam:GetUser",
                "User: arn:aws:iam::123456789012:user/alice is not authorized to perform: iam:GetUser",
            ),
        ] {
            assert_eq!(repeatable(message), expected);
        }
    }

    #[test]
    fn a_page_becomes_a_short_line() {
        assert_eq!(
            page(b"<html><head><title>500 Oh</title></head><body>x</body>"),
            "500 Oh"
        );
        assert_eq!(page(b"<h1>Bad</h1>\n<p>Gateway a > b</p>"), "Bad Gateway a > b");
        assert_eq!(page("ä".repeat(300).as_bytes()).chars().count(), 201);
        assert_eq!(page(b""), "");
    }
}
