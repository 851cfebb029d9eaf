"""What was found, and where."""

import re
from collections import Counter


class Findings:
    """Problems of one exchange, each at a path such as `request.Filters[0].Name`."""

    def __init__(self):
        self.problems = []

    def add(self, path, problem):
        self.problems.append((path, problem))


class Ledger:
    """Problems of all exchanges. Those that differ in a list's index alone are told once, with their number."""

    def __init__(self):
        self._first = {}
        self._count = Counter()

    def enter(self, call, findings):
        for path, problem in findings.problems:
            key = (call, re.sub(r"\[\d+\]", "[]", path), re.sub(r"'[^']*'", "''", problem))
            self._first.setdefault(key, f"{call} {path} {problem}")
            self._count[key] += 1

    def lines(self):
        for key, line in self._first.items():
            count = self._count[key]
            yield line if count == 1 else f"{line} ({count} times)"
