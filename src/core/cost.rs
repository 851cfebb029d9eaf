//! What the things that a plan turns on cost a month.
//!
//! AWS has no price for an account that is not yet so, only prices by what is used. So these are estimates, written
//! down beside each control as a range: from an account with hardly anything in it to a small one at work in its home
//! region. They are list prices of us-east-1 in US cents, without free trials, credits and taxes. A busy account pays
//! more. What rounds to nothing, such as a few e-mails, counts as nothing.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use serde::{Deserialize, Serialize};

/// A range of what is paid each month, in US cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monthly {
    /// What an account with hardly anything in it pays.
    pub low_cents: u32,
    /// What a small account at work pays.
    pub high_cents: u32,
}

impl Monthly {
    /// From so many US cents to so many.
    pub const fn cents(low: u32, high: u32) -> Self {
        Monthly {
            low_cents: low,
            high_cents: high,
        }
    }

    /// So many US cents at most, and perhaps none.
    pub const fn up_to(cents: u32) -> Self {
        Monthly::cents(0, cents)
    }

    /// Whether it is free.
    pub fn is_nothing(&self) -> bool {
        self.high_cents == 0
    }
}

impl Add for Monthly {
    type Output = Monthly;

    fn add(self, other: Monthly) -> Monthly {
        Monthly {
            low_cents: self.low_cents.saturating_add(other.low_cents),
            high_cents: self.high_cents.saturating_add(other.high_cents),
        }
    }
}

impl Sum for Monthly {
    fn sum<I: Iterator<Item = Monthly>>(all: I) -> Monthly {
        all.fold(Monthly::default(), Add::add)
    }
}

/// `0.50 to 5 USD`: no more exactly than anybody can know it, from 1 USD on to five cents, from 10 USD on to a dollar.
impl fmt::Display for Monthly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.high_cents {
            0..100 => 1,
            100..1000 => 5,
            _ => 100,
        };
        let [low, high] =
            [self.low_cents, self.high_cents].map(|cents| cents.saturating_add(unit / 2) / unit * unit);
        let usd = |cents: u32| match cents % 100 {
            0 => (cents / 100).to_string(),
            rest => format!("{}.{rest:02}", cents / 100),
        };
        match (low, high) {
            (low, high) if low == high => write!(f, "{} USD", usd(high)),
            (0, high) => write!(f, "up to {} USD", usd(high)),
            (low, high) => write!(f, "{} to {} USD", usd(low), usd(high)),
        }
    }
}

/// What a thing costs that is turned on region by region. Nothing tells in which region the account works before it is
/// read whole, so it is taken to be the home region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerRegion {
    /// In the home region, where the account works.
    pub home: Monthly,
    /// In each other region, where hardly anything happens.
    pub elsewhere: Monthly,
}

impl PerRegion {
    /// What it costs in the home region, or in another one.
    pub fn at(self, is_home: bool) -> Monthly {
        if is_home { self.home } else { self.elsewhere }
    }

    /// What it costs in so many regions, the home region among them.
    pub fn in_regions(self, number: u32) -> Monthly {
        self.home + (1..number).map(|_| self.elsewhere).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_range_is_told_no_more_exactly_than_it_is_known() {
        for (low, high, told) in [
            (100, 500, "1 to 5 USD"),
            (50, 500, "0.50 to 5 USD"),
            (280, 680, "2.80 to 6.80 USD"),
            (99, 640, "1 to 6.40 USD"),
            (3, 9, "0.03 to 0.09 USD"),
            (0, 150, "up to 1.50 USD"),
            (40, 40, "0.40 USD"),
            (635, 3160, "6 to 32 USD"),
            (999, 1000, "10 USD"),
            (49, 1001, "up to 10 USD"),
            (0, 0, "0 USD"),
        ] {
            assert_eq!(Monthly::cents(low, high).to_string(), told);
        }
    }

    proptest! {
        #[test]
        fn a_sum_is_the_same_in_any_order(
            all in proptest::collection::vec((any::<u32>(), any::<u32>()), 0..20),
        ) {
            let sum = |all: &[(u32, u32)]| -> Monthly {
                all.iter().map(|(low, high)| Monthly::cents(*low, *high)).sum()
            };
            let mut sorted = all.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sum(&all), sum(&sorted));
        }

        #[test]
        fn what_is_told_is_no_more_than_half_a_dollar_off(low in 0_u32..100_000, more in 0_u32..100_000) {
            let told = Monthly::cents(low, low + more).to_string();
            let mut numbers = told.split(' ').filter_map(|word| word.parse::<f64>().ok()).map(|usd| usd * 100.0);
            let first = if told.starts_with("up to") { 0.0 } else { numbers.clone().next().unwrap() };
            let last = numbers.next_back().unwrap();
            prop_assert!((first - f64::from(low)).abs() <= 50.1, "{}", told);
            prop_assert!((last - f64::from(low + more)).abs() <= 50.1, "{}", told);
        }
    }
}
