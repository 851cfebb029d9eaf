//! As against real AWS: no endpoint URL, AWS's own host names, TLS, pace, retries and guards in force. In the place of the
//! network is one of the tests' own, where names, connections, certificates and answers fail as they do in the world.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_credential_types::provider::SharedCredentialsProvider;
use futures::{StreamExt, stream};
use trueup::aws::{Connect, Network, Patience};
use trueup::core::baseline::Filters;
use trueup::core::fault::FaultKind;
use trueup::core::plan::Verdict;
use trueup::engine::execute::{Outcome, Stop};
use trueup::engine::progress::Watch;
use trueup::engine::{Planned, Session, SessionError};

use crate::folder::{Ended, Folder};
use crate::session::{Renewed, two_regions};

mod internet;

use internet::{Fate, Internet, Seen};

const ID: &str = "111111111111";

/// Three controls in two regions: some services of each region, and one that has an endpoint for all regions.
const BASELINE: &str = "[account]\nid = \"111111111111\"\nhome_region = \"us-east-1\"\nregions = [\"eu-west-1\", \"us-east-1\"]\n\
    [password_policy]\nminimum_length = 14\n[guardduty]\nenabled = true\n[ebs_encryption]\nenabled = true\n";

/// What a fault comes to.
#[derive(Clone, Copy, Debug)]
enum End {
    /// The account is not reached, and nothing else is asked.
    Unreached(FaultKind),
    /// These cells are not read, for this reason, and all others are.
    Unread(&'static [(&'static str, &'static str)], FaultKind),
    /// Everything is read.
    Read,
}

/// A fault of the network, and what a plan makes of it.
struct Row {
    name: &'static str,
    /// Hosts that do not exist.
    unknown: &'static [&'static str],
    /// Hosts that the proxy opens no connection to.
    closed: &'static [&'static str],
    /// What becomes of a request.
    fate: fn(&Seen) -> Fate,
    end: End,
    /// What the failure says, and what it advises.
    says: &'static str,
    advises: &'static str,
}

fn pass(_: &Seen) -> Fate {
    Fate::Pass
}

/// What happens to requests to this service in Ireland.
fn of_guardduty(seen: &Seen, fate: Fate) -> Fate {
    if seen.host == "guardduty.eu-west-1.amazonaws.com" {
        fate
    } else {
        Fate::Pass
    }
}

fn of_sts(seen: &Seen, fate: Fate) -> Fate {
    if seen.host.starts_with("sts.") {
        fate
    } else {
        Fate::Pass
    }
}

fn json(status: u16, code: &str, message: &str) -> Fate {
    let headers = vec![
        ("x-amzn-errortype", code.to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    Fate::Say(
        status,
        headers,
        serde_json::json!({ "message": message }).to_string(),
    )
}

fn xml(status: u16, code: &str, message: &str) -> Fate {
    let body = format!(
        "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    );
    Fate::Say(status, vec![("content-type", "text/xml".to_owned())], body)
}

const IRELAND: End = End::Unread(&[("guardduty", "eu-west-1")], FaultKind::Network);
const ELSEWHERE: &str = "check the network, a proxy or --endpoint-url";
const EXPIRED: &str =
    "Signature expired: 20261123T093000Z is now earlier than 20261123T094500Z (20261123T100000Z - 15 min.)";

const ROWS: &[Row] = &[
    Row {
        name: "nothing",
        unknown: &[],
        closed: &[],
        fate: pass,
        end: End::Read,
        says: "",
        advises: "",
    },
    Row {
        name: "the name of a service does not resolve",
        unknown: &["guardduty.eu-west-1.amazonaws.com"],
        closed: &[],
        fate: pass,
        end: IRELAND,
        says: "there is no host `guardduty.eu-west-1.amazonaws.com`",
        advises: ELSEWHERE,
    },
    Row {
        name: "no name resolves",
        unknown: &["sts.us-east-1.amazonaws.com", "iam.amazonaws.com"],
        closed: &[],
        fate: pass,
        end: End::Unreached(FaultKind::Network),
        says: "there is no host `sts.us-east-1.amazonaws.com`",
        advises: ELSEWHERE,
    },
    Row {
        name: "a connection is reset once",
        unknown: &[],
        closed: &[],
        fate: |seen| {
            if seen.number == 0 {
                of_guardduty(seen, Fate::Reset)
            } else {
                Fate::Pass
            }
        },
        end: End::Read,
        says: "",
        advises: "",
    },
    Row {
        name: "every connection to a service is reset",
        unknown: &[],
        closed: &[],
        fate: |seen| of_guardduty(seen, Fate::Reset),
        end: IRELAND,
        says: "guardduty:",
        advises: ELSEWHERE,
    },
    Row {
        name: "answers are cut off",
        unknown: &[],
        closed: &[],
        fate: |seen| of_guardduty(seen, Fate::Cut),
        end: IRELAND,
        says: "guardduty:",
        advises: ELSEWHERE,
    },
    Row {
        name: "an answer is cut off once",
        unknown: &[],
        closed: &[],
        fate: |seen| {
            if seen.number == 0 {
                of_guardduty(seen, Fate::Cut)
            } else {
                Fate::Pass
            }
        },
        end: End::Read,
        says: "",
        advises: "",
    },
    Row {
        name: "an answer is empty",
        unknown: &[],
        closed: &[],
        fate: |seen| of_guardduty(seen, Fate::Say(200, vec![], String::new())),
        end: End::Unread(&[("guardduty", "eu-west-1")], FaultKind::Answer),
        says: "the answer is empty",
        advises: "check that it is the service that answers there",
    },
    Row {
        name: "the proxy forbids a host",
        unknown: &[],
        closed: &["guardduty.eu-west-1.amazonaws.com"],
        fate: pass,
        end: End::Unread(&[("guardduty", "eu-west-1")], FaultKind::Proxy),
        says: "proxy http://127.0.0.1:",
        advises: "exempt AWS's hosts from it with NO_PROXY",
    },
    Row {
        name: "a service hangs",
        unknown: &[],
        closed: &[],
        fate: |seen| of_guardduty(seen, Fate::Hang),
        end: IRELAND,
        says: "no complete answer within",
        advises: ELSEWHERE,
    },
    Row {
        name: "a service hangs once",
        unknown: &[],
        closed: &[],
        fate: |seen| {
            if seen.number == 0 {
                of_guardduty(seen, Fate::Hang)
            } else {
                Fate::Pass
            }
        },
        end: End::Read,
        says: "",
        advises: "",
    },
    Row {
        name: "an answer does not end",
        unknown: &[],
        closed: &[],
        fate: |seen| of_guardduty(seen, Fate::Drip),
        end: IRELAND,
        says: "no complete answer within",
        advises: ELSEWHERE,
    },
    Row {
        name: "the first call hangs",
        unknown: &[],
        closed: &[],
        fate: |seen| of_sts(seen, Fate::Hang),
        end: End::Unreached(FaultKind::Network),
        says: "no complete answer within",
        advises: ELSEWHERE,
    },
    Row {
        name: "only the alias hangs",
        unknown: &[],
        closed: &[],
        fate: |seen| {
            if seen.operation == "ListAccountAliases" {
                Fate::Hang
            } else {
                Fate::Pass
            }
        },
        end: End::Read,
        says: "",
        advises: "",
    },
    Row {
        name: "the clock is wrong, says the first call",
        unknown: &[],
        closed: &[],
        fate: |seen| of_sts(seen, xml(403, "SignatureDoesNotMatch", EXPIRED)),
        end: End::Unreached(FaultKind::Clock),
        says: "Signature expired",
        advises: "set the clock of this machine",
    },
    Row {
        name: "the clock is wrong, says a service of one region",
        unknown: &[],
        closed: &[],
        fate: |seen| of_guardduty(seen, json(403, "InvalidSignatureException", EXPIRED)),
        end: End::Unread(&[("guardduty", "eu-west-1")], FaultKind::Clock),
        says: "Signature expired",
        advises: "set the clock of this machine",
    },
    Row {
        name: "the clock is wrong by half an hour and corrected with AWS's time",
        unknown: &[],
        closed: &[],
        fate: |seen| {
            // Everything that AWS answers has its time.
            let ahead = std::time::SystemTime::now() + Duration::from_secs(1800);
            let ahead = aws_smithy_types::DateTime::from(ahead);
            let date = ahead.fmt(aws_smithy_types::date_time::Format::HttpDate).unwrap();
            let hour = ahead.fmt(aws_smithy_types::date_time::Format::DateTime).unwrap();
            let hour: String = hour.chars().filter(char::is_ascii_alphanumeric).collect();
            let is_current = seen.signed[..12].cmp(&hour[..12]) != std::cmp::Ordering::Less;
            match (seen.host.starts_with("sts."), is_current) {
                (true, false) => match xml(403, "SignatureDoesNotMatch", EXPIRED) {
                    Fate::Say(status, mut headers, body) => {
                        headers.push(("date", date));
                        Fate::Say(status, headers, body)
                    }
                    other => other,
                },
                _ => Fate::Pass,
            }
        },
        end: End::Read,
        says: "",
        advises: "",
    },
    Row {
        name: "a page of a proxy answers",
        unknown: &[],
        closed: &[],
        fate: |seen| {
            of_guardduty(
                seen,
                Fate::Say(200, vec![], "<html><title>Sign in</title></html>".to_owned()),
            )
        },
        end: End::Unread(&[("guardduty", "eu-west-1")], FaultKind::Answer),
        says: "a web page answered",
        advises: "check that it is the service that answers there",
    },
    Row {
        name: "a gateway fails once",
        unknown: &[],
        closed: &[],
        fate: |seen| {
            let bad = Fate::Say(
                502,
                vec![],
                "<html><title>502 Bad Gateway</title></html>".to_owned(),
            );
            if seen.number == 0 {
                of_guardduty(seen, bad)
            } else {
                Fate::Pass
            }
        },
        end: End::Read,
        says: "",
        advises: "",
    },
    Row {
        name: "a service throttles with a code of its own",
        unknown: &[],
        closed: &[],
        fate: |seen| {
            let throttled = json(429, "Throttled", "Rate exceeded");
            if seen.number < 2 {
                of_guardduty(seen, throttled)
            } else {
                Fate::Pass
            }
        },
        end: End::Read,
        says: "",
        advises: "",
    },
    Row {
        name: "the session has ended",
        unknown: &[],
        closed: &[],
        fate: |seen| {
            of_sts(
                seen,
                xml(
                    403,
                    "ExpiredToken",
                    "The security token included in the request is expired",
                ),
            )
        },
        end: End::Unreached(FaultKind::Credentials),
        says: "ExpiredToken",
        advises: "sign in again",
    },
    Row {
        name: "a permissions boundary denies",
        unknown: &[],
        closed: &[],
        fate: |seen| {
            of_guardduty(
                seen,
                json(
                    403,
                    "AccessDeniedException",
                    "because no permissions boundary allows the guardduty:ListDetectors action",
                ),
            )
        },
        end: End::Unread(&[("guardduty", "eu-west-1")], FaultKind::Denied),
        says: "no permissions boundary allows",
        advises: "allow the action in the permissions boundary",
    },
];

/// Reached through this network as a real account is.
async fn open(
    internet: &Internet,
    unknown: &'static [&'static str],
    env: Vec<(String, String)>,
    connect: Connect,
) -> Result<Session, SessionError> {
    let ours = || SharedCredentialsProvider::new(Renewed::default());
    let connect = Connect {
        credentials: Some(connect.credentials.clone().unwrap_or_else(ours)),
        region: Some("us-east-1".parse().unwrap()),
        network: Some(Network {
            env,
            config: String::new(),
            proxy: format!("http://{}", internet.proxy),
            direct: unknown.join(","),
            hosts: Arc::new(|_| None::<Vec<IpAddr>>),
        }),
        patience: Patience {
            attempt: Duration::from_secs(3),
            call: Duration::from_secs(6),
            first: Duration::from_secs(6),
            optional: Duration::from_millis(500),
            rest: Duration::from_millis(500),
            told: Duration::from_millis(500),
        },
        ..connect
    };
    Session::open(trueup::controls::registry(), connect, Some((ID, "b.toml"))).await
}

async fn plan(session: &Session) -> Result<Planned, SessionError> {
    let controls = trueup::controls::controls();
    let baseline = trueup::files::loader(&controls)
        .load_text("b.toml", BASELINE)
        .unwrap();
    session.plan(&baseline, &Filters::default(), &|_| {}).await
}

/// The variable that names the internet's authority.
fn trusting(internet: &Internet, folder: &tempfile::TempDir) -> Vec<(String, String)> {
    vec![("AWS_CA_BUNDLE".to_owned(), internet.bundle(folder.path()))]
}

/// Follows a row to its end; what is wrong with that, if anything.
async fn follow(row: &'static Row) -> Result<(), String> {
    let internet = Internet::start(vec![("AKIAOURS", two_regions(ID))], row.closed, row.fate).await;
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let env = trusting(&internet, &folder);
    let planned = match open(&internet, row.unknown, env, Connect::default()).await {
        Ok(session) => plan(&session).await.map_err(|error| error.to_string())?,
        Err(SessionError::Fault { fault, .. }) => {
            let text = SessionError::Fault {
                what: "who calls",
                region: "us-east-1".parse().unwrap(),
                fault: fault.clone(),
            };
            let text = text.to_string();
            return match row.end {
                End::Unreached(kind)
                    if fault.kind == kind && text.contains(row.says) && text.contains(row.advises) =>
                {
                    Ok(())
                }
                _ => Err(format!("{:?}: {text}", fault.kind)),
            };
        }
        Err(error) => return Err(error.to_string()),
    };
    let unread: BTreeMap<(String, String), _> = planned
        .plan
        .cells
        .iter()
        .filter(|cell| cell.verdict == Verdict::Unread)
        .map(|cell| {
            (
                (cell.control.to_string(), cell.place.to_string()),
                cell.fault.clone(),
            )
        })
        .collect();
    let (expected, kind) = match row.end {
        End::Unreached(_) => return Err("the account was reached".to_owned()),
        End::Read => (&[][..], None),
        End::Unread(cells, kind) => (cells, Some(kind)),
    };
    let cells: Vec<(&str, &str)> = unread
        .keys()
        .map(|(control, place)| (control.as_str(), place.as_str()))
        .collect();
    if cells != expected {
        return Err(format!("not read: {unread:?}"));
    }
    for fault in unread.values().flatten() {
        let hint = fault.hint().unwrap_or_default();
        if Some(fault.kind) != kind || !fault.in_full().contains(row.says) || !hint.contains(row.advises) {
            return Err(format!("{:?}: {fault}: {hint}", fault.kind));
        }
    }
    if let Some(write) = internet
        .seen()
        .iter()
        .find(|seen| seen.operation.starts_with("Create"))
    {
        return Err(format!("{write:?} was sent"));
    }
    if begun.elapsed() > Duration::from_secs(40) {
        return Err(format!("it took {:?}", begun.elapsed()));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_of_the_network_comes_to_its_own_end() {
    let followed = stream::iter(ROWS).map(async |row| (row.name, follow(row).await));
    let ends: Vec<(&str, Result<(), String>)> = followed.buffer_unordered(6).collect().await;
    let wrong: Vec<String> = ends
        .into_iter()
        .filter_map(|(name, end)| Some(format!("{name}: {}", end.err()?)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_answer_is_lost_or_late_ends_as_wanted() {
    let fates: [fn() -> Fate; 2] = [|| Fate::Lose, || Fate::Hang];
    for fate in fates {
        let internet = Internet::start(vec![("AKIAOURS", two_regions(ID))], &[], move |seen| {
            let is_write =
                seen.host.starts_with("guardduty.") && seen.operation.starts_with("POST /detector");
            if is_write && seen.number == 0 {
                fate()
            } else {
                Fate::Pass
            }
        })
        .await;
        let folder = tempfile::tempdir().unwrap();
        let session = open(&internet, &[], trusting(&internet, &folder), Connect::default())
            .await
            .unwrap();
        let planned = plan(&session).await.unwrap();
        let watch: Arc<Watch<'static>> = Arc::new(|_| {});
        let applied = session
            .apply(&planned, &|_| true, 8, &Stop::default(), &watch)
            .await;
        assert!(
            applied.outcomes.iter().all(|outcome| *outcome == Outcome::Done),
            "{:?}",
            applied.outcomes
        );
        let after = applied.after.unwrap().unwrap().plan;
        assert!(after.steps.is_empty(), "{:?}", after.steps);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_of_another_account_end_the_run_before_anything_is_written_there() {
    let accounts = vec![
        ("AKIAOURS", two_regions(ID)),
        ("AKIATHEIRS", two_regions("222222222222")),
    ];
    let internet = Internet::start(accounts, &[], pass).await;
    let folder = tempfile::tempdir().unwrap();
    let renewed = Renewed::default();
    let connect = Connect {
        credentials: Some(SharedCredentialsProvider::new(renewed.clone())),
        ..Connect::default()
    };
    let session = open(&internet, &[], trusting(&internet, &folder), connect)
        .await
        .unwrap();
    let planned = plan(&session).await.unwrap();
    let next = Arc::clone(&renewed.next);
    let watch: Arc<Watch<'static>> = Arc::new(move |_| {
        next.get_or_init(|| "AKIATHEIRS");
    });
    let applied = session
        .apply(&planned, &|_| true, 1, &Stop::default(), &watch)
        .await;
    assert!(
        applied.outcomes.contains(&Outcome::NotStarted),
        "{:?}",
        applied.outcomes
    );
    let error = applied.after.unwrap().unwrap_err().to_string();
    assert!(error.contains("belong to account 222222222222"), "{error}");
    let theirs: Vec<String> = internet
        .seen()
        .into_iter()
        .filter(|seen| seen.key == "AKIATHEIRS")
        .map(|seen| seen.operation)
        .collect();
    assert_eq!(theirs, ["GetCallerIdentity"]);
}

/// The command, with this internet around it and nothing else.
fn command(folder: &Folder, proxy: &str, args: &[&str], env: &[(&str, &str)]) -> std::process::Command {
    folder.write("b.toml", BASELINE);
    let mut command = folder.command(args);
    command
        .env("HTTPS_PROXY", proxy)
        .env("AWS_ACCESS_KEY_ID", "AKIAOURS1")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
        .envs(env.iter().copied());
    command
}

async fn run(mut command: std::process::Command) -> (Ended, Duration) {
    let begun = Instant::now();
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    (Ended::of(output.unwrap().unwrap()), begun.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_companys_authority_is_trusted_where_it_is_named_and_otherwise_told_at_once() {
    let internet = Internet::start(vec![("AKIAOURS", two_regions(ID))], &[], pass).await;
    let folder = Folder::new();
    let bundle = internet.bundle(&folder.path(""));
    let proxy = format!("http://{}", internet.proxy);
    let plan = ["plan", "b.toml", "--detailed-exitcode"];

    let (ended, took) = run(command(&folder, &proxy, &plan, &[])).await;
    ended
        .expect(1)
        .complains("the certificate of the other side is signed by an authority that is not trusted here")
        .complains("AWS_CA_BUNDLE");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(internet.seen().is_empty());

    let (ended, _) = run(command(&folder, &proxy, &plan, &[("AWS_CA_BUNDLE", &bundle)])).await;
    ended.expect(2).says("Plan: ");

    std::fs::create_dir(folder.path(".aws")).unwrap();
    folder.write(".aws/config", "[profile company]\nca_bundle = ~/ca.pem\n");
    let (ended, _) = run(command(&folder, &proxy, &plan, &[("AWS_PROFILE", "company")])).await;
    ended.expect(2).says("Plan: ");

    let apply = ["apply", "b.toml", "--auto-approve", "--allow", "all"];
    let (ended, _) = run(command(&folder, &proxy, &apply, &[("AWS_CA_BUNDLE", &bundle)])).await;
    ended.expect(0).says("The account is true to b.toml");

    for (file, why) in [
        ("gone.pem", "cannot be read"),
        ("b.toml", "holds no certificate in PEM form"),
    ] {
        let (ended, _) = run(command(&folder, &proxy, &plan, &[("AWS_CA_BUNDLE", file)])).await;
        ended.expect(1).complains(&format!(
            "the certificate bundle {file} (from AWS_CA_BUNDLE) {why}"
        ));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_is_gone_is_told_soon_and_by_its_address() {
    let folder = Folder::new();
    let (ended, took) = run(command(&folder, "http://127.0.0.1:1", &["plan", "b.toml"], &[])).await;
    ended
        .expect(1)
        .complains("proxy http://127.0.0.1:1: the connection was refused")
        .complains("HTTPS_PROXY");
    assert!(took < Duration::from_secs(15), "{took:?}");
}
