//! Blocks of IPv4 addresses, as EC2 writes and checks them.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// A block of IPv4 addresses in canonical form: no bit is set behind the prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cidr {
    base: u32,
    length: u8,
}

/// EC2 keeps the first four addresses of a subnet and the last one for itself (VPC User Guide, "Subnet
/// sizing").
const RESERVED_AT_START: u32 = 4;
const RESERVED: u32 = 5;

impl Cidr {
    /// The length of the prefix.
    pub(super) fn length(self) -> u8 {
        self.length
    }

    fn size(self) -> u64 {
        1 << (32 - u32::from(self.length))
    }

    /// How many addresses an instance can have in a subnet of this size.
    pub(super) fn usable(self) -> u64 {
        self.size().saturating_sub(u64::from(RESERVED))
    }

    /// The addresses that EC2 hands out in a subnet, in order.
    pub(super) fn hosts(self) -> impl Iterator<Item = Ipv4Addr> {
        (u64::from(RESERVED_AT_START)..self.size().saturating_sub(1))
            .filter_map(move |n| u32::try_from(u64::from(self.base) + n).ok())
            .map(Ipv4Addr::from)
    }

    /// Whether every address of the other block is in this one.
    pub(super) fn contains(self, other: Cidr) -> bool {
        self.length <= other.length && self.overlaps(other)
    }

    /// Whether some address is in both blocks.
    pub(super) fn overlaps(self, other: Cidr) -> bool {
        let shorter = self.length.min(other.length);
        mask(self.base, shorter) == mask(other.base, shorter)
    }

    /// The blocks of the given prefix length inside this one, in order.
    pub(super) fn split(self, length: u8) -> impl Iterator<Item = Cidr> {
        let step = 1_u64 << (32 - u32::from(length));
        (0..self.size() / step)
            .filter_map(move |n| u32::try_from(u64::from(self.base) + n * step).ok())
            .map(move |base| Cidr { base, length })
    }
}

fn mask(base: u32, length: u8) -> u32 {
    base.checked_shr(32 - u32::from(length)).unwrap_or(0)
}

/// A text that is not a block of IPv4 addresses.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotACidr;

impl FromStr for Cidr {
    type Err = NotACidr;

    /// Reads a block. Bits behind the prefix are cleared, as EC2 does since 2020 ("100.68.0.18/18" becomes
    /// "100.68.0.0/18", API reference of `CreateVpc`).
    fn from_str(text: &str) -> Result<Self, NotACidr> {
        let (address, length) = text.split_once('/').ok_or(NotACidr)?;
        let address: Ipv4Addr = address.parse().map_err(|_| NotACidr)?;
        let length: u8 = length.parse().map_err(|_| NotACidr)?;
        if length > 32 {
            return Err(NotACidr);
        }
        let behind = 32 - u32::from(length);
        let base = u32::from(address)
            .checked_shr(behind)
            .and_then(|n| n.checked_shl(behind));
        Ok(Cidr {
            base: base.unwrap_or(0),
            length,
        })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.base), self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn blocks_are_canonical() {
        assert_eq!(cidr("100.68.0.18/18").to_string(), "100.68.0.0/18");
        assert_eq!(cidr("1.2.3.4/0").to_string(), "0.0.0.0/0");
        assert_eq!(cidr("1.2.3.4/32").to_string(), "1.2.3.4/32");
        for bad in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/-1", "::/0"] {
            assert_eq!(bad.parse::<Cidr>(), Err(NotACidr), "{bad}");
        }
    }

    #[test]
    fn blocks_contain_and_overlap() {
        assert!(cidr("172.31.0.0/16").contains(cidr("172.31.240.0/20")));
        assert!(!cidr("172.31.0.0/16").contains(cidr("172.32.0.0/20")));
        assert!(!cidr("172.31.0.0/20").contains(cidr("172.31.0.0/16")));
        assert!(cidr("172.31.0.0/20").overlaps(cidr("172.31.0.0/16")));
        assert!(!cidr("172.31.0.0/20").overlaps(cidr("172.31.16.0/20")));
        assert!(cidr("0.0.0.0/0").contains(cidr("10.0.0.0/8")));
    }

    #[test]
    fn a_vpc_splits_into_sixteen_default_subnets() {
        let parts: Vec<String> = cidr("172.31.0.0/16").split(20).map(|c| c.to_string()).collect();
        assert_eq!(parts.len(), 16);
        assert_eq!(parts[1], "172.31.16.0/20");
        assert_eq!(parts[15], "172.31.240.0/20");
    }

    #[test]
    fn five_addresses_of_a_subnet_are_reserved() {
        let subnet = cidr("10.0.0.0/28");
        let hosts: Vec<Ipv4Addr> = subnet.hosts().collect();
        assert_eq!(subnet.usable(), 11);
        assert_eq!(hosts.len(), 11);
        assert_eq!(hosts[0], Ipv4Addr::new(10, 0, 0, 4));
        assert_eq!(hosts[10], Ipv4Addr::new(10, 0, 0, 14));
        assert_eq!(cidr("172.31.0.0/20").usable(), 4091);
    }
}
