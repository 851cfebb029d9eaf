//! What does not fit together in a world.

use std::collections::BTreeSet;

use super::super::guardduty::{FREQUENCIES, Features};
use super::super::organizations::TYPES;
use super::super::{Account, DEFAULT_REGIONS, OPT_IN_REGIONS, services};
use super::{InjectedKind, World};

impl World {
    /// The first thing that is wrong, in words for its author.
    pub(super) fn check(&self) -> Result<(), String> {
        let digits = |what: &str, id: Option<&String>| match id {
            Some(id) if id.len() != 12 || !id.bytes().all(|b| b.is_ascii_digit()) => {
                Err(format!("{what} is `{id}`; expected twelve digits"))
            }
            _ => Ok(()),
        };
        digits("account_id", self.account_id.as_ref())?;
        digits("guardduty_administrator", self.guardduty_administrator.as_ref())?;
        digits(
            "securityhub_administrator",
            self.securityhub_administrator.as_ref(),
        )?;
        let mut kinds = self.effective_policies.keys();
        if let Some(kind) = kinds.find(|kind| !TYPES.contains(&kind.as_str())) {
            return Err(format!(
                "`{kind}` in [effective_policies] is no type of policy; expected one of {}",
                TYPES.join(", ")
            ));
        }
        let metadata = self.declarative_policy.instance_metadata_defaults.as_ref();
        if let Some(hops) = metadata.and_then(|metadata| metadata.http_put_response_hop_limit)
            && !(1..=64).contains(&hops)
        {
            return Err(format!(
                "http_put_response_hop_limit in [declarative_policy] is {hops}; expected 1 to 64"
            ));
        }
        for (table, region) in self.regions() {
            if !DEFAULT_REGIONS.contains(&region) && !OPT_IN_REGIONS.contains(&region) {
                return Err(format!(
                    "`{region}` in {table} is not a region of the partition aws; expected a name like `eu-west-1`"
                ));
            }
        }
        if self.default_vpc.iter().any(|vpc| vpc.region.is_none()) {
            return Err("a [[default_vpc]] needs its `region`".to_owned());
        }
        for detector in &self.detector {
            if detector.region.is_none() {
                return Err("a [[detector]] needs its `region`".to_owned());
            }
        }
        for lacking in self.guardduty_lacking.values() {
            Features::without(&BTreeSet::new()).hand_over(lacking)?;
        }
        let there = self
            .detector
            .iter()
            .filter_map(|detector| Some((detector.region.as_ref()?, detector)));
        let made = self
            .event
            .iter()
            .filter_map(|event| Some((&event.region, event.create_detector.as_ref()?)));
        for (region, detector) in there.chain(made) {
            let lacking = self.guardduty_lacking.get(region).cloned().unwrap_or_default();
            let mut features = Features::without(&lacking);
            features.switch(&detector.features)?;
            features.hand_over(&detector.by_policy)?;
            if let Some(frequency) = &detector.finding_publishing_frequency
                && !FREQUENCIES.contains(&frequency.as_str())
            {
                return Err(format!(
                    "`{frequency}` is no finding_publishing_frequency; expected one of {}",
                    FREQUENCIES.join(", ")
                ));
            }
        }
        for deny in &self.deny {
            if deny.region.is_none() && deny.action.is_none() {
                return Err("a [[deny]] needs a `region` or an `action` (or both)".to_owned());
            }
            if let Some(action) = &deny.action {
                call_pattern("[[deny]] action", action)?;
            }
        }
        for made in self
            .call
            .iter()
            .chain(self.event.iter().flat_map(|event| &event.call))
        {
            call_pattern("[[call]] call", &made.call)?;
        }
        for limit in &self.limit {
            call_pattern("[[limit]] call", &limit.call)?;
            let refills = limit.per_second > 0.0;
            if !refills || limit.burst == 0 {
                return Err(format!(
                    "the [[limit]] on `{}` needs a per_second above 0 and a burst of at least 1",
                    limit.call
                ));
            }
        }
        for lag in &self.lag {
            call_pattern("[[lag]] call", &lag.call)?;
            if !(0.0..=3600.0).contains(&lag.seconds) {
                return Err(format!("the [[lag]] of `{}` needs 0 to 3600 seconds", lag.call));
            }
        }
        for fault in &self.fault {
            call_pattern("[[fault]] call", &fault.call)?;
            if fault.nth == Some(0) || fault.every == Some(0) {
                return Err(format!(
                    "the [[fault]] on `{}` counts from 1, not from 0",
                    fault.call
                ));
            }
            if fault.nth.is_some() && fault.every.is_some() {
                return Err(format!(
                    "the [[fault]] on `{}` has both `nth` and `every`; expected one of them",
                    fault.call
                ));
            }
            let detailed = fault.code.is_some() || fault.message.is_some() || fault.status.is_some();
            match fault.kind {
                InjectedKind::Error if fault.code.is_none() => {
                    return Err(format!(
                        "the [[fault]] of kind \"error\" on `{}` needs its `code`",
                        fault.call
                    ));
                }
                InjectedKind::Error => {}
                _ if detailed => {
                    return Err(format!(
                        "the [[fault]] on `{}` has a code, message or status, which only kind = \"error\" has",
                        fault.call
                    ));
                }
                _ => {}
            }
            if fault.status.is_some_and(|status| !(300..600).contains(&status)) {
                return Err(format!(
                    "the [[fault]] on `{}` needs a status from 300 to 599",
                    fault.call
                ));
            }
        }
        for event in &self.event {
            call_pattern("[[event]] before", &event.before)?;
            if event.nth == 0 {
                return Err(format!(
                    "the [[event]] before `{}` counts from 1, not from 0",
                    event.before
                ));
            }
            let elsewhere = [
                event.default_vpc.as_ref().and_then(|vpc| vpc.region.as_ref()),
                event
                    .create_detector
                    .as_ref()
                    .and_then(|detector| detector.region.as_ref()),
            ];
            if elsewhere
                .into_iter()
                .flatten()
                .any(|region| *region != event.region)
            {
                return Err(format!(
                    "the [[event]] before `{}` happens in its own region, {}; leave the other one out",
                    event.before, event.region
                ));
            }
            let happens = event.launch_instance
                || event.default_vpc.is_some()
                || event.create_detector.is_some()
                || event.delete_detector
                || !event.call.is_empty();
            if !happens {
                return Err(format!(
                    "nothing happens in the [[event]] before `{}`; expected launch_instance, default_vpc, \
                     create_detector, delete_detector or call",
                    event.before
                ));
            }
        }
        match Account::build(self).1.into_iter().next() {
            None => Ok(()),
            Some(refused) => Err(refused),
        }
    }

    /// Every region that is named, with the table that names it.
    fn regions(&self) -> impl Iterator<Item = (&'static str, &str)> {
        fn each<'a, T>(
            table: &'static str,
            list: &'a [T],
            region: impl Fn(&'a T) -> Option<&'a str>,
        ) -> impl Iterator<Item = (&'static str, &'a str)> {
            list.iter().filter_map(move |item| Some((table, region(item)?)))
        }
        each("enabled_regions", &self.enabled_regions, |r| Some(r))
            .chain(each("disabled_regions", &self.disabled_regions, |r| Some(r)))
            .chain(each("[[default_vpc]]", &self.default_vpc, |t| {
                t.region.as_deref()
            }))
            .chain(
                self.guardduty_lacking
                    .keys()
                    .map(|key| ("[guardduty_lacking]", key.as_str())),
            )
            .chain(each("[[detector]]", &self.detector, |t| t.region.as_deref()))
            .chain(each("[[bucket]]", &self.bucket, |t| t.region.as_deref()))
            .chain(each("[[call]]", &self.call, |t| Some(&t.region)))
            .chain(each("[[deny]]", &self.deny, |t| t.region.as_deref()))
            .chain(each("[[fault]]", &self.fault, |t| t.region.as_deref()))
            .chain(each("[[event]]", &self.event, |t| Some(&t.region)))
            .chain(
                self.latency
                    .keys()
                    .filter(|key| *key != "default_ms")
                    .map(|key| ("[latency]", key.as_str())),
            )
    }
}

fn call_pattern(what: &str, pattern: &str) -> Result<(), String> {
    let well_formed = pattern == "*"
        || pattern
            .split_once(':')
            .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
    let star = pattern.find('*').is_none_or(|at| at + 1 == pattern.len());
    if !well_formed || !star {
        return Err(format!(
            "{what} is `{pattern}`; expected a form like `ec2:DeleteSubnet` or `guardduty:*`"
        ));
    }
    // A rule on a service that there is none of would wait for ever, and nobody would know why.
    match pattern.split_once(':') {
        Some((service, _)) if !services::names().any(|known| known.eq_ignore_ascii_case(service)) => {
            let known: Vec<&str> = services::names().collect();
            Err(format!(
                "{what} is `{pattern}`, and the sandbox has no service `{service}`; expected one of {}",
                known.join(", ")
            ))
        }
        _ => Ok(()),
    }
}
