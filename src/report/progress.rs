//! What is going on, on stderr: bars on a terminal, a line now and then elsewhere.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use trueup_aws::Awaited;
use trueup_aws::wait::Waiting;
use trueup_core::plan::Step;
use trueup_engine::execute::Outcome;
use trueup_engine::progress::Event;

use super::style::sign;
use super::{Style, phrase, visible};

/// A display of long work. Its [`watch`](Progress::watch) is what the work tells.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    tally: Mutex<Tally>,
}

impl Progress {
    /// A display of `steps` steps, or of reading, where there are none. With bars if `terminal` says that stderr
    /// is one.
    pub fn new(steps: usize, terminal: bool, style: Style) -> Self {
        let bar = terminal.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            // A template that cannot be parsed would be a defect of this line; the plain spinner still works then.
            bar.set_style(
                ProgressStyle::with_template("{spinner} {bar:16.green} {msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner()),
            );
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Progress {
            bar,
            tally: Mutex::new(Tally::new(steps, style)),
        }
    }

    /// Shows an event.
    pub fn watch(&self, event: Event<'_>) {
        // A panic elsewhere leaves the numbers as they were: good enough to go on showing them.
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let line = tally.take(event);
        match &self.bar {
            Some(bar) => {
                if let Event::Stopping { .. } = event {
                    bar.println(line.unwrap_or_default());
                } else if let (Event::Ended(_, outcome), Some(line)) = (event, line)
                    && !matches!(outcome, Outcome::Done)
                {
                    bar.println(line);
                }
                let (done, total) = tally.position();
                bar.set_length(total as u64);
                bar.set_position(done as u64);
                bar.set_message(tally.status());
            }
            None => {
                if let Some(line) = line {
                    super::note(&line);
                }
            }
        }
    }

    /// Shows what has not been answered for some time; nothing if everything is.
    pub fn overdue(&self, now: &[Awaited]) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let line = tally.overdue(now);
        match &self.bar {
            Some(bar) => bar.set_message(tally.status()),
            None => {
                if let Some(line) = line {
                    super::note(&line);
                }
            }
        }
    }

    /// Takes the bars away, so that what is printed next stands by itself.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// The columns of the spinner and the bar, each with a space behind it.
const BAR: usize = 19;

/// How far the work is.
#[derive(Debug)]
struct Tally {
    style: Style,
    reads: (usize, usize),
    steps: (usize, usize),
    running: BTreeMap<usize, Running>,
    stopping: bool,
    /// What has not been answered for some time.
    unanswered: String,
    /// The services that a line has told of.
    told: BTreeSet<String>,
}

/// A step that runs.
#[derive(Debug)]
struct Running {
    what: String,
    waiting: Option<Waiting>,
}

impl Tally {
    fn new(steps: usize, style: Style) -> Self {
        Tally {
            style,
            reads: (0, 0),
            steps: (0, steps),
            running: BTreeMap::new(),
            stopping: false,
            unanswered: String::new(),
            told: BTreeSet::new(),
        }
    }

    /// Takes note of what has not been answered. Returns a line where a service is among it for the first time.
    fn overdue(&mut self, now: &[Awaited]) -> Option<String> {
        let mut services: BTreeMap<&str, Vec<&Awaited>> = BTreeMap::new();
        for one in now {
            let service = one.call.split(':').next().unwrap_or_default();
            services.entry(service).or_default().push(one);
        }
        let texts = services.iter().map(|(service, calls)| match calls[..] {
            [one] => format!("{} in {}", one.call, one.region),
            _ => {
                let regions: BTreeSet<_> = calls.iter().map(|one| &one.region).collect();
                format!(
                    "{service} in {}",
                    phrase::count(regions.len(), "region", "regions")
                )
            }
        });
        self.unanswered = texts.collect::<Vec<_>>().join(", ");
        let known = self.told.len();
        self.told
            .extend(services.keys().map(|service| (*service).to_owned()));
        (self.told.len() > known).then(|| format!("Still waiting for an answer: {}…", self.unanswered))
    }

    /// Counts an event. Returns the line that it is worth, if it is worth one.
    fn take(&mut self, event: Event<'_>) -> Option<String> {
        match event {
            // What is read then is shown apart.
            Event::Rereading => None,
            Event::Read { done, total } => {
                self.reads = (done, total);
                let things = phrase::count(total, "thing", "things");
                match done {
                    0 if total > 0 => Some(format!("Reading {things}…")),
                    done if done == total && total > 0 => Some(format!("Read {things}.")),
                    _ => None,
                }
            }
            Event::Started(step) => {
                let running = Running {
                    what: format!("{}: {}", step.place, visible::line(&step.title)),
                    waiting: None,
                };
                self.running.insert(step.number, running);
                None
            }
            Event::Waiting(step, waiting) => {
                let running = self.running.get_mut(&step.number)?;
                let before = std::mem::replace(&mut running.waiting, waiting);
                // One line for each wait, however long it is.
                let begun = waiting.filter(|now| before.is_none_or(|before| before.until != now.until))?;
                Some(self.line(step, "…", &format!(": waiting until {}", begun.until)))
            }
            Event::Ended(step, outcome) => {
                self.steps.0 += 1;
                // What never started is told in the report: here it would only hide what is going on.
                self.running.remove(&step.number)?;
                Some(self.ended(step, outcome))
            }
            Event::Stopping { running } => {
                self.stopping = true;
                let steps = phrase::count(running, "step", "steps");
                let told = self.style.warning(&format!(
                    "Stopping: finishing {steps} that started. A second Ctrl-C abandons what still runs."
                ));
                Some(phrase::wrap(&told, "", "", &self.style).trim_end().to_owned())
            }
        }
    }

    fn ended(&self, step: &Step, outcome: &Outcome) -> String {
        let how = match &visible::outcome(outcome) {
            Outcome::Done => String::new(),
            Outcome::Failed(fault) => self.style.error(&format!(" failed: {}", fault.in_full())),
            Outcome::Denied(fault) => self
                .style
                .warning(&format!(" denied by the organization: {}", fault.in_full())),
            Outcome::Blocked(why) => self.style.warning(&format!(" refused: {why}")),
            _ => self.style.warning(" did not run"),
        };
        let sign = self.style.effect(step.effect, &sign(step.effect).to_string());
        self.line(step, &sign, &how)
    }

    /// A line about a step, with how far the work is.
    fn line(&self, step: &Step, sign: &str, how: &str) -> String {
        let (done, total) = self.steps;
        let Step {
            number,
            title,
            control,
            place,
            ..
        } = step;
        let title = visible::line(title);
        format!("[{done}/{total}] {sign} {number} {title} ({control}, {place}){how}")
    }

    /// How much is done, of how much.
    fn position(&self) -> (usize, usize) {
        if self.steps.1 > 0 { self.steps } else { self.reads }
    }

    /// The text beside the bar: numbers, then what is running, as far as the width allows. What has waited longest is
    /// told on a line below, where there is room to say for what.
    fn status(&self) -> String {
        let (done, total) = self.position();
        let what = if self.steps.1 > 0 { "steps" } else { "reads" };
        let mut line = format!("{what} {done}/{total}");
        if self.stopping {
            line.push_str(", stopping");
        }
        let (waiting, running): (Vec<&Running>, Vec<&Running>) =
            self.running.values().partition(|step| step.waiting.is_some());
        let running: Vec<&str> = running.iter().map(|step| step.what.as_str()).collect();
        if !running.is_empty() {
            line.push_str(&format!("  {}", running.join(", ")));
        }
        let line = cut(&line, self.style.width.saturating_sub(BAR + 1));
        let told = waiting
            .iter()
            .filter_map(|step| Some((&step.what, step.waiting?)))
            .min_by_key(|(_, waiting)| Reverse(waiting.so_far));
        let line = match told {
            None => line,
            Some((what, waiting)) => format!("{line}\n  {}", self.waits(what, waiting)),
        };
        if self.unanswered.is_empty() {
            return line;
        }
        let room = self.style.width.saturating_sub("  ".len() + 1);
        format!(
            "{line}\n  {}",
            cut(&format!("no answer yet: {}", self.unanswered), room)
        )
    }

    /// What a step waits for, and before it so much of the step as there is room for.
    fn waits(&self, what: &str, waiting: Waiting) -> String {
        let seconds = waiting.so_far.as_secs();
        let until = format!(", waiting until {}, {seconds} s", waiting.until);
        let room = self.style.width.saturating_sub("  ".len() + 1);
        let title = cut(what, room.saturating_sub(until.chars().count()));
        cut(&format!("{title}{until}"), room)
    }
}

/// So much of a text as fits into so many columns.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        text.to_owned()
    } else {
        text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests {
    use trueup_core::fault::FaultKind;

    use super::super::fixtures;
    use super::*;

    #[test]
    fn reading_is_worth_a_line_at_its_start_and_at_its_end() {
        let mut tally = Tally::new(0, Style::PLAIN);
        let lines: Vec<String> = (0..=88)
            .filter_map(|done| tally.take(Event::Read { done, total: 88 }))
            .collect();
        assert_eq!(lines, ["Reading 88 things…", "Read 88 things."]);
        assert_eq!(tally.status(), "reads 88/88");
    }

    #[test]
    fn nothing_to_read_is_worth_no_line() {
        let mut tally = Tally::new(0, Style::PLAIN);
        assert_eq!(tally.take(Event::Read { done: 0, total: 0 }), None);
    }

    #[test]
    fn the_running_steps_are_named_as_far_as_the_width_allows() {
        let doc = fixtures::fresh();
        let mut tally = Tally::new(doc.steps.len(), Style::PLAIN);
        tally.take(Event::Started(&doc.steps[0]));
        insta::assert_snapshot!(tally.status(), @"steps 0/142  account: set the IAM password policy");
        tally.take(Event::Started(&doc.steps[1]));
        insta::assert_snapshot!(tally.status(), @"steps 0/142  account: set the IAM password policy, ap-north…");
        tally.take(Event::Started(&doc.steps[2]));
        assert_eq!(tally.status().chars().count(), 60);
    }

    #[test]
    fn a_step_that_ran_is_worth_a_line_and_one_that_never_started_is_not() {
        let doc = fixtures::fresh();
        let mut tally = Tally::new(doc.steps.len(), Style::PLAIN);
        assert_eq!(tally.take(Event::Ended(&doc.steps[0], &Outcome::NoConsent)), None);
        for step in &doc.steps[1..3] {
            tally.take(Event::Started(step));
        }
        let fault = fixtures::fault(
            FaultKind::Denied,
            "ec2:EnableEbsEncryptionByDefault",
            "UnauthorizedOperation",
            "You are not authorized.",
        );
        let lines: Vec<String> = [
            (&doc.steps[1], Outcome::Done),
            (&doc.steps[2], Outcome::Failed(fault)),
        ]
        .iter()
        .filter_map(|(step, outcome)| tally.take(Event::Ended(step, outcome)))
        .collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        [2/142] ~ 2 encrypt new EBS volumes by default (ebs_encryption, ap-northeast-1)
        [3/142] ~ 3 encrypt new EBS volumes by default (ebs_encryption, ap-northeast-2) failed: ec2:EnableEbsEncryptionByDefault: UnauthorizedOperation: You are not authorized.
        ");
    }

    #[test]
    fn a_wait_is_worth_one_line_however_long_it_is_and_counts_below_the_bar() {
        let doc = fixtures::fresh();
        let mut tally = Tally::new(doc.steps.len(), Style::PLAIN);
        for step in &doc.steps[..2] {
            tally.take(Event::Started(step));
        }
        let step = &doc.steps[1];
        let mut wait = |until, seconds: u64| {
            let waiting = Waiting {
                until,
                so_far: Duration::from_millis(seconds * 1000 + 3),
            };
            let line = tally.take(Event::Waiting(step, Some(waiting)));
            (line, tally.status())
        };
        let (line, status) = wait("EC2 sees the role", 0);
        insta::assert_snapshot!(line.unwrap(), @"[0/142] … 2 encrypt new EBS volumes by default (ebs_encryption, ap-northeast-1): waiting until EC2 sees the role");
        insta::assert_snapshot!(status, @"
        steps 0/142  account: set the IAM password policy
          ap-northeast-1: encrypt new EBS volume…, waiting until EC2 sees the role, 0 s
        ");
        let (line, status) = wait("EC2 sees the role", 12);
        assert_eq!(line, None);
        insta::assert_snapshot!(status, @"
        steps 0/142  account: set the IAM password policy
          ap-northeast-1: encrypt new EBS volum…, waiting until EC2 sees the role, 12 s
        ");
        // Another wait of the same step, with the longest text that there is room for.
        let (line, status) = wait("forty characters of what must be so then", 120);
        assert!(
            line.unwrap()
                .ends_with(": waiting until forty characters of what must be so then")
        );
        insta::assert_snapshot!(status, @"
        steps 0/142  account: set the IAM password policy
          ap-northeast-…, waiting until forty characters of what must be so then, 120 s
        ");
        assert!(status.lines().all(|line| line.chars().count() < 80), "{status}");

        assert_eq!(tally.take(Event::Waiting(step, None)), None);
        insta::assert_snapshot!(tally.status(), @"steps 0/142  account: set the IAM password policy, ap-north…");
    }

    #[test]
    fn of_several_that_wait_the_longest_is_told() {
        let doc = fixtures::fresh();
        let mut tally = Tally::new(doc.steps.len(), Style::PLAIN);
        for (step, seconds) in doc.steps[..3].iter().zip([2, 9, 4]) {
            tally.take(Event::Started(step));
            let waiting = Waiting {
                until: "EC2 sees the role",
                so_far: Duration::from_secs(seconds),
            };
            tally.take(Event::Waiting(step, Some(waiting)));
        }
        insta::assert_snapshot!(tally.status(), @"
        steps 0/142
          ap-northeast-1: encrypt new EBS volume…, waiting until EC2 sees the role, 9 s
        ");
        // What has ended no longer waits.
        tally.take(Event::Ended(&doc.steps[1], &Outcome::Done));
        insta::assert_snapshot!(tally.status(), @"
        steps 1/142
          ap-northeast-2: encrypt new EBS volume…, waiting until EC2 sees the role, 4 s
        ");
    }

    #[test]
    fn what_is_not_answered_is_shown_while_it_is_and_worth_one_line_a_service() {
        let awaited = |call: &str, region: &str| Awaited {
            call: call.to_owned(),
            region: region.parse().unwrap(),
        };
        let one = [awaited("sts:GetCallerIdentity", "us-east-1")];
        let three = [
            awaited("guardduty:GetDetector", "eu-west-1"),
            awaited("guardduty:ListDetectors", "eu-west-1"),
            awaited("guardduty:ListDetectors", "eu-west-2"),
        ];
        let mut tally = Tally::new(0, Style::PLAIN);
        insta::assert_snapshot!(tally.overdue(&one).unwrap(), @"Still waiting for an answer: sts:GetCallerIdentity in us-east-1…");
        assert_eq!(tally.overdue(&[]), None);
        assert_eq!(tally.status(), "reads 0/0");
        insta::assert_snapshot!(tally.overdue(&three).unwrap(), @"Still waiting for an answer: guardduty in 2 regions…");
        assert_eq!(tally.overdue(&three[1..]), None);
        insta::assert_snapshot!(tally.status(), @"
        reads 0/0
          no answer yet: guardduty in 2 regions
        ");
    }

    #[test]
    fn stopping_says_what_is_waited_for_and_how_to_abandon_it() {
        let mut tally = Tally::new(3, Style::PLAIN);
        insta::assert_snapshot!(tally.take(Event::Stopping { running: 2 }).unwrap(), @r"
        Stopping: finishing 2 steps that started. A second Ctrl-C abandons what still
        runs.
        ");
        assert_eq!(tally.status(), "steps 0/3, stopping");
    }
}
