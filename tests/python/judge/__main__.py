"""Judges a log of exchanges: a line for every finding, then a summary. Exits with 1 if anything was found."""

import argparse
import json
import sys

from .exchange import Judge

_FIELDS = {"service", "region", "operation", "request", "response", "error", "injected"}


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="judge", description=__doc__)
    parser.add_argument("log", help="exchanges, one JSON object a line")
    parser.add_argument(
        "--tolerate-rejected",
        action="store_true",
        help="the client sent bad requests on purpose: their faults count only where they were not rejected",
    )
    options = parser.parse_args(arguments)
    judge = Judge(options.tolerate_rejected)
    with open(options.log, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            _judge_line(judge, number, line)
    findings = list(judge.ledger.lines())
    for finding in findings:
        print(finding)
    if judge.judged == 0:
        print(f"{options.log} holds no exchange: there was nothing to judge")
        return 1
    skipped = judge.unread_patterns
    print(
        f"{len(findings)} findings in {judge.judged} exchanges of {len(judge.operations)} operations:"
        f" {' '.join(sorted(judge.operations))}"
    )
    if skipped:
        print(f"{len(skipped)} patterns could not be read and were not checked: {' '.join(skipped)}")
    return 1 if findings else 0


def _judge_line(judge, number, line):
    try:
        entry = json.loads(line)
    except ValueError as error:
        judge.unread(f"line {number}", f"is no JSON: {error}")
        return
    missing = _FIELDS - entry.keys()
    if missing:
        judge.unread(f"line {number}", f"lacks {', '.join(sorted(missing))}")
        return
    judge.exchange(entry)


if __name__ == "__main__":
    sys.exit(main())
