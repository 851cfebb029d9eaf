"""Lays today's tests over an older client, and prints which rows of tests/effect.toml fail there.

    python3 tests/before/lay_over.py COMMIT [ROW ...]

A test is worth something if it fails without the change that it came with. Today's tests do not compile beside an older
client: they call functions that it does not have. So the older client is built from COMMIT and meets today's simulated
account over HTTP (`trueup sandbox serve`), with today's baselines and expectations:

- `leaf:` tests: both clients plan on the converged account (in which the older one has mended what it sees), and on the same
  account with the leaf moved. The test of a row fails if the cells of the row's control do not show the change, or as a note
  where today's client shows drift, or the other way round.
- `harmless:` tests: they plan on the variant. The test fails if a cell of the row's control leaves "in sync".
- whole runs (tests/it): run as they are, with TRUEUP_BINARY naming the older client.
- unit tests cannot be run, and count as nothing.

Keys of today's baselines that the older client does not know are taken out for it, and printed. A row of which no test
fails must say as `held` why it held before; others are printed as not shown, and the exit code is 1. With HEAD as COMMIT
no row may be failing: that shows that the laying over alone makes none fail.

This is no part of CI: it proves what one change was worth, once. It takes some twenty minutes, and keeps what it builds in
`before` in the target folder. Needs git, cargo and python3 3.11.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").absolute()
WORK = TARGET / "before"
TODAY = TARGET / "debug" / "trueup"
RIGHT = {"in-sync", "attested", "managed-elsewhere"}


def run(*command, **options):
    return subprocess.run([str(part) for part in command], text=True, capture_output=True, **options)


def must(*command, **options):
    ended = run(*command, **options)
    if ended.returncode != 0:
        sys.exit(f"{command}: {ended.stdout}\n{ended.stderr}")
    return ended


def build(commit):
    """The client of a commit."""
    tree = WORK / must("git", "-C", ROOT, "rev-parse", "--verify", f"{commit}^{{commit}}").stdout.strip()
    if not tree.exists():
        archive = WORK / "tree.tar"
        must("git", "-C", ROOT, "archive", "--output", archive, commit)
        tree.mkdir()
        must("tar", "-xmf", archive, "-C", tree)
    places = {**os.environ, "CARGO_TARGET_DIR": str(WORK / "build")}
    must("cargo", "build", "--locked", "--bin", "trueup", cwd=tree, env=places)
    must("cargo", "build", "--locked", "--bin", "trueup", cwd=ROOT)
    return WORK / "build" / "debug" / "trueup"


def ask(client, state, arguments, log=None, **options):
    """Runs a client on a simulated account, which today's trueup serves meanwhile."""
    serve = [TODAY, "sandbox", "serve", "--listen", "127.0.0.1:0", "--state", state]
    if log:
        serve += ["--log-exchanges", log]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        url = server.stdout.readline().strip()
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_EC2_METADATA_DISABLED": "true"}
        command = [client, *arguments, "--endpoint-url", url]
        return subprocess.run(command, env={**os.environ, "AWS_REGION": "us-east-1", **keys}, **options)
    finally:
        server.terminate()
        server.wait()


def stand_in(client, today, arguments):
    """The older client in place of today's: `--sandbox=FILE` is an account that is served."""
    global TODAY
    TODAY = today
    if arguments[:1] == ["sandbox"]:
        os.execv(today, [today, *arguments])
    state = next((word.split("=")[1] for word in arguments if word.startswith("--sandbox=")), None)
    if state is None:
        os.execv(client, [client, *arguments])
    log = None
    if "--log-exchanges" in arguments:
        at = arguments.index("--log-exchanges")
        log = arguments[at + 1]
        del arguments[at : at + 2]
    arguments = [word for word in arguments if not word.startswith("--sandbox=")]
    sys.exit(ask(client, state, arguments, log).returncode)


def known(client, text, unknown):
    """A baseline without the keys that a client does not know."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "b.toml"
        while True:
            file.write_text(text)
            ended = run(client, "validate", file, "--no-color")
            found = re.search(r"there is no key `(.*?)` in `(.*?)`\n.*?:(\d+):\d+\n", ended.stderr)
            if ended.returncode == 0 or not found:
                return text
            lines = text.splitlines(keepends=True)
            first = last = int(found[3]) - 1
            if lines[first].startswith("["):
                while last + 1 < len(lines) and not lines[last + 1].startswith("["):
                    last += 1
            del lines[first : last + 1]
            text = "".join(lines)
            unknown.add(f"{found[2]}.{found[1]}")


def shown(client, form, account, baseline):
    """What a client's plan shows, by control and place: drift, and notes."""
    with tempfile.TemporaryDirectory(dir=form["memory"]) as folder:
        state, file = Path(folder) / "state.json", Path(folder) / "b.toml"
        state.write_text(json.dumps({**form["state"], "account": account}, separators=(",", ":")))
        file.write_text(baseline)
        ended = ask(client, state, ["plan", file, "--json"], text=True, capture_output=True)
    if ended.returncode not in (0, 1) or not ended.stdout:
        return {("", ""): (["no plan", ended.stderr.strip()[-300:]], [])}
    plan = json.loads(ended.stdout)
    cells = {}
    for cell in plan["cells"]:
        at = (cell["control"], cell["place"])
        steps = [step["title"] for step in plan["steps"] if (step["control"], step["place"]) == at]
        said = [line for key in ("reasons", "people", "attested") for line in cell.get(key, [])]
        cells[at] = ([cell["verdict"], *steps, *said], cell.get("notices", []))
    return cells


def noticed(before, cells, control):
    """How strongly a plan shows a change, in the cells of a control or in all: 2 as drift, 1 as a note, 0 not at all."""
    rank = 0
    for at, (why, notes) in cells.items():
        if control in (None, at[0]) and at in before:
            rank = max(rank, 2 * (why != before[at][0]) or 1 * bool(set(notes) - set(before[at][1])))
    return rank


RANKS = ["unnoticed", "noted", "drift"]


def amiss(cells, control):
    """The cells of a control that are not in sync."""
    return [f"{at[1]} is {why[0]}" for at, (why, _) in cells.items() if control == at[0] and why[0] not in RIGHT]


def content(client, form, folder, baseline):
    """Lets the older client mend what it sees in the converged account, so that both are content with it."""
    state, file = folder / "state.json", folder / "older.toml"
    healthy = folder / "healthy.json"
    state.write_text(json.dumps({**form["state"], "account": json.loads(healthy.read_text())}, separators=(",", ":")))
    file.write_text(baseline)
    apply = ["apply", file, "--auto-approve", "--allow", "all"]
    said = ask(client, state, apply, text=True, capture_output=True).stdout
    print(f"in the converged account the older client: {re.findall(r'^Applied: .*|^Nothing .*', said, re.M)}")
    healthy.write_text(json.dumps(json.loads(state.read_text())["account"]))


def planned(client, rows):
    """By row and test why it fails; and the leaves and variants that were tried."""
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        folder = Path(folder)
        write = ["cargo", "test", "--locked", "--test", "it", "--", "--ignored", "before::"]
        places = {**os.environ, "TRUEUP_BEFORE": str(folder)}
        must(*write, cwd=ROOT, env=places)
        state = folder / "state.json"
        must(TODAY, "sandbox", "reset", "--state", state, "--world", folder / "world.toml")
        form = {"state": json.loads(state.read_text()), "memory": folder}
        unknown = set()
        baseline = (folder / "baseline.toml").read_text()
        content(client, form, folder, known(client, baseline, unknown))
        must(*write, cwd=ROOT, env=places)
        tests = {test for row in rows for test in row["tests"]}
        moved = list(enumerate(json.loads((folder / "index.json").read_text())))
        moved = [(at, one) for at, one in moved if one["test"] in tests]

        def both(name, baseline):
            account = json.loads((folder / name).read_text())
            older = shown(client, form, account, known(client, baseline, unknown))
            return older, shown(TODAY, form, account, baseline)

        older, today = both("healthy.json", baseline)
        for whose, cells in (("older", older), ("today's", today)):
            for at, (why, _) in cells.items():
                if why[0] not in RIGHT:
                    print(f"the converged account, to {whose} client: {at}: {why}")
        with ThreadPoolExecutor(3 * (os.cpu_count() or 2)) as pool:
            plans = list(pool.map(lambda one: both(f"{one[0]}.json", one[1]["baseline"]), moved))
    print(f"keys that the older client does not know: {', '.join(sorted(unknown))}")
    failed = defaultdict(list)
    for row in rows:
        for test in row["tests"]:
            of = [(one["change"], *plan) for (_, one), plan in zip(moved, plans) if one["test"] == test]
            control = row["control"]
            if not any(noticed(today, cells, control) for _, _, cells in of):
                # Some settings of one control are judged in the cell of another.
                control = None
            for change, old, new in of:
                if ("", "") in old:
                    why = [old["", ""][0][1]]
                elif test.startswith("harmless:"):
                    why = amiss(old, row["control"])
                else:
                    ranks = noticed(older, old, control), noticed(today, new, control)
                    why = [f"{RANKS[ranks[0]]}, not {RANKS[ranks[1]]}"] if ranks[1] and ranks[0] != ranks[1] else []
                failed[row["id"], test] += [f"{change}: {one}" for one in why]
    return {key: why for key, why in failed.items() if why}, {one["test"] for _, one in moved}


def whole_runs(client, rows):
    """The whole runs that rows name, and of those the ones that fail, each with how."""
    names = {test for row in rows for test in row["tests"] if ":" not in test}
    if not names:
        return {}, set()
    binary = WORK / "stand-in"
    binary.write_text(f'#!/bin/sh\nexec python3 -B "{__file__}" --stand-in "{client}" "{TODAY}" -- "$@"\n')
    binary.chmod(0o755)
    test = ["cargo", "test", "--locked", "--no-fail-fast", "--test", "it", "--", *sorted(names)]
    ended = run(*test, cwd=ROOT, env={**os.environ, "TRUEUP_BINARY": str(binary), "RUST_BACKTRACE": "0"})
    results = dict(re.findall(r"^test \S*?(\w+) \.\.\. (ok|FAILED)$", ended.stdout, re.M))
    failed = {}
    for name, said in re.findall(r"^---- \S*?(\w+) stdout ----\n(.*?)(?=^----|^failures:)", ended.stdout, re.M | re.S):
        lines = [line for line in said.splitlines() if line.strip() and not line.startswith(("thread ", "note: "))]
        failed[name] = [" / ".join(lines)[:400]]
    of = {(row["id"], name): failed[name] for row in rows for name in row["tests"] if name in failed}
    return of, names & set(results)


def main(commit, chosen):
    rows = tomllib.loads((ROOT / "tests/effect.toml").read_text())["row"]
    rows = [row for row in rows if not chosen or row["id"] in chosen]
    WORK.mkdir(parents=True, exist_ok=True)
    client = build(commit)
    failed, tried = planned(client, rows)
    more, ran = whole_runs(client, rows)
    failed.update(more)
    tried |= ran
    counts = defaultdict(list)
    for row in rows:
        fails = {test: failed[row["id"], test] for test in row["tests"] if (row["id"], test) in failed}
        kind = "failing" if fails else "held before" if "held" in row else "not shown"
        if fails and "held" in row:
            kind = "failing although it says `held`"
        counts[kind].append(row["id"])
        print(f"{row['id']}: {kind}{': ' + row['held'] if kind == 'held before' else ''}")
        for test, why in fails.items():
            print(f"    {test} FAILS: {why[0]}{f' (and {len(why) - 1} more)' if why[1:] else ''}")
        for test in row["tests"]:
            if test not in fails:
                print(f"    {test}: {'passes' if test in tried else 'a unit test, not run'}")
    for kind, ids in counts.items():
        print(f"{len(ids)} of {len(rows)} rows: {kind}{'' if kind == 'failing' else ': ' + ', '.join(ids)}")
    return int(set(counts) - {"failing", "held before"} != set())


if __name__ == "__main__":
    if sys.argv[1:2] == ["--stand-in"]:
        stand_in(sys.argv[2], sys.argv[3], sys.argv[5:])
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
