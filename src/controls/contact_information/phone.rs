//! Telephone numbers as AWS takes them: with the country's code, or else its call-back never arrives.

/// True if it begins with a country's code and AWS takes it (`^[+][\s0-9()-]+$`, Account Management API reference,
/// `ContactInformation`).
pub(crate) fn is_international(number: &str) -> bool {
    number
        .strip_prefix('+')
        .is_some_and(|rest| rest.bytes().any(|b| b.is_ascii_digit()) && rest.chars().all(is_of_a_number))
}

/// True if both reach the same telephone: spaces, hyphens and brackets are for the eye.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.chars().filter(dialled).eq(other.chars().filter(dialled))
}

/// The number with its country's code, if the country is one whose way of dialling is known here.
pub(crate) fn corrected(number: &str, country: &str) -> Option<String> {
    let number = number.trim();
    let (_, code, trunk) = COUNTRIES
        .iter()
        .find(|(name, _, _)| name.eq_ignore_ascii_case(country))?;
    if number.starts_with('+') || !number.chars().all(is_of_a_number) {
        return None;
    }
    let digits: String = number.chars().filter(dialled).collect();
    // Who writes the code writes it behind the prefix for abroad, or forgets the plus alone.
    let international = format!("00{code}");
    let corrected = if digits.starts_with(&international) {
        format!("+{code} {}", without(number, international.len()))
    } else if trunk.is_empty() || digits.starts_with(trunk) {
        format!("+{code} {}", without(number, trunk.len()))
    } else if digits.starts_with(code) {
        format!("+{code} {}", without(number, code.len()))
    } else {
        format!("+{code} {number}")
    };
    (is_international(&corrected) && digits.len() > trunk.len()).then_some(corrected)
}

/// What follows so many digits; a bracket around nothing but them goes with them.
fn without(number: &str, digits: usize) -> String {
    let mut left = digits;
    let rest: String = number
        .chars()
        .filter(|c| {
            let taken = left > 0 && c.is_ascii_digit();
            left -= usize::from(taken);
            !taken
        })
        .collect();
    rest.replace("()", "")
        .trim_start_matches(|c: char| c == '-' || c.is_whitespace())
        .to_owned()
}

fn is_of_a_number(c: char) -> bool {
    c.is_ascii_digit() || " \t\n\u{b}\u{c}\r()-".contains(c)
}

fn dialled(c: &char) -> bool {
    c.is_ascii_digit() || *c == '+'
}

/// Countries (ISO 3166), their codes, and what is dialled inside before an area's number and left out from abroad
/// (ITU-T, "List of ITU-T Recommendation E.164 assigned country codes" and "Dialling procedures").
///
/// Who is not here gets no hint: a wrong one would be worse.
const COUNTRIES: [(&str, &str, &str); 57] = [
    ("AE", "971", "0"),
    ("AT", "43", "0"),
    ("AU", "61", "0"),
    ("BD", "880", "0"),
    ("BE", "32", "0"),
    ("BG", "359", "0"),
    ("BR", "55", "0"),
    ("CA", "1", "1"),
    ("CH", "41", "0"),
    ("CL", "56", ""),
    ("CN", "86", "0"),
    ("CR", "506", ""),
    ("CZ", "420", ""),
    ("DE", "49", "0"),
    ("DK", "45", ""),
    ("EE", "372", ""),
    ("EG", "20", "0"),
    ("ES", "34", ""),
    ("FI", "358", "0"),
    ("FR", "33", "0"),
    ("GB", "44", "0"),
    ("GR", "30", ""),
    ("HK", "852", ""),
    ("HR", "385", "0"),
    ("HU", "36", "06"),
    ("ID", "62", "0"),
    ("IE", "353", "0"),
    ("IL", "972", "0"),
    ("IN", "91", "0"),
    ("IS", "354", ""),
    // Italy alone dials its 0 from abroad too.
    ("IT", "39", ""),
    ("JP", "81", "0"),
    ("KE", "254", "0"),
    ("KR", "82", "0"),
    ("LU", "352", ""),
    ("LV", "371", ""),
    ("MY", "60", "0"),
    ("NG", "234", "0"),
    ("NL", "31", "0"),
    ("NO", "47", ""),
    ("NZ", "64", "0"),
    ("PE", "51", "0"),
    ("PH", "63", "0"),
    ("PK", "92", "0"),
    ("PL", "48", ""),
    ("PT", "351", ""),
    ("RO", "40", "0"),
    ("SA", "966", "0"),
    ("SE", "46", "0"),
    ("SG", "65", ""),
    ("SI", "386", "0"),
    ("SK", "421", "0"),
    ("TH", "66", "0"),
    ("TR", "90", "0"),
    ("TW", "886", "0"),
    ("US", "1", "1"),
    ("ZA", "27", "0"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_gets_its_countrys_code_in_place_of_what_is_dialled_inside() {
        for (number, country, expected) in [
            ("03-1234-5678", "JP", "+81 3-1234-5678"),
            ("03-1234-5678", "jp", "+81 3-1234-5678"),
            (" 090 1234 5678 ", "JP", "+81 90 1234 5678"),
            ("(03) 1234-5678", "JP", "+81 (3) 1234-5678"),
            ("(0)3 1234-5678", "JP", "+81 3 1234-5678"),
            ("0081 3-1234-5678", "JP", "+81 3-1234-5678"),
            ("81-3-1234-5678", "JP", "+81 3-1234-5678"),
            ("206-555-0100", "US", "+1 206-555-0100"),
            ("1-206-555-0100", "US", "+1 206-555-0100"),
            ("020 7946 0000", "GB", "+44 20 7946 0000"),
            ("06 1234567", "IT", "+39 06 1234567"),
            ("06 1 234 5678", "HU", "+36 1 234 5678"),
            ("8123 4567", "SG", "+65 8123 4567"),
        ] {
            assert_eq!(
                corrected(number, country).as_deref(),
                Some(expected),
                "{number} in {country}"
            );
        }
    }

    #[test]
    fn no_hint_is_better_than_a_wrong_one() {
        for (number, country) in [
            ("03-1234-5678", "ZZ"),
            ("03-1234-5678 ext 1", "JP"),
            ("+81 3-1234-5678", "JP"),
            ("0", "JP"),
            ("", "JP"),
            ("()", "SG"),
        ] {
            assert_eq!(corrected(number, country), None, "{number} in {country}");
        }
    }

    #[test]
    fn the_countries_are_in_order_and_their_codes_are_codes() {
        assert!(COUNTRIES.is_sorted_by(|(one, _, _), (other, _, _)| one < other));
        for (name, code, trunk) in COUNTRIES {
            assert!(
                name.len() == 2 && name.bytes().all(|b| b.is_ascii_uppercase()),
                "{name}"
            );
            assert!((1..=3).contains(&code.len()) && !code.starts_with('0'), "{name}");
            assert!(["", "0", "06", "1"].contains(&trunk), "{name}");
        }
    }

    #[test]
    fn the_same_telephone_is_written_in_many_ways() {
        assert!(same("+81 3-1234-5678", "+81312345678"));
        assert!(same("+81 (3) 1234 5678", " +81-3-1234-5678"));
        assert!(!same("+81 3-1234-5678", "81 3-1234-5678"));
        assert!(!same("+81 3-1234-5678", "+81 3-1234-5679"));
    }

    #[test]
    fn only_what_begins_with_a_code_is_international() {
        assert!(is_international("+81 (3) 1234-5678"));
        for number in ["03-1234-5678", "+", "+ ()", "+81 x", "81+3", ""] {
            assert!(!is_international(number), "{number}");
        }
    }
}
