//! Identifiers that look like AWS's and are the same in every run.

use serde::{Deserialize, Serialize};

/// Hands out identifiers; it is a part of the account's state.
///
/// A counter goes through a bijection of the 64-bit numbers: two identifiers of one account can never be equal,
/// neighbours look unrelated, and the same history gives the same identifiers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ids {
    handed_out: u64,
}

impl Ids {
    /// The next identifier of the usual form: `next("vpc")` gives `vpc-` and 17 hex digits.
    pub fn next(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{:016x}", self.draw())
    }

    /// The next identifier of 32 hex digits, as GuardDuty gives its detectors.
    pub fn next_hex32(&mut self) -> String {
        let high = self.draw();
        format!("{high:016x}{:016x}", mix(high))
    }

    fn draw(&mut self) -> u64 {
        self.handed_out += 1;
        mix(self.handed_out)
    }
}

/// The request id of the n-th request, in the form of a UUID.
pub(super) fn request_id(n: u64) -> String {
    let (a, b) = (mix(n), mix(!n));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        b >> 52,
        b & 0xffff_ffff_ffff
    )
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014), a bijection that spreads each bit over all.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_form_that_aws_gives_them() {
        let mut ids = Ids::default();
        let vpc = ids.next("vpc");
        let (prefix, hex) = vpc.split_once('-').unwrap();
        assert_eq!((prefix, hex.len()), ("vpc", 17));
        assert!(hex.chars().all(|c| c.is_ascii_hexdigit()));
        assert_eq!(ids.next_hex32().len(), 32);
        assert_eq!(request_id(1).len(), 36);
    }

    #[test]
    fn identifiers_are_unique_and_the_same_in_every_run() {
        let run = || {
            let mut ids = Ids::default();
            (0..1000).map(|_| ids.next("i")).collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first, run());
        assert_eq!(
            first.iter().collect::<std::collections::BTreeSet<_>>().len(),
            first.len()
        );
    }
}
