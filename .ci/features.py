#!/usr/bin/env python3
"""Checks that the AWS SDK is built once, whichever packages are built.

Cargo unites the features of what is built together. Were the SDK, tokio or anything below them asked for other features
by `cargo build` than by `cargo test` or by the tests of one crate, each would compile the SDK anew, which takes minutes.
"""

import subprocess
import sys

SELECTIONS = {
    "cargo build": ["--edges", "normal,build"],
    "cargo test": ["--edges", "normal,build,dev"],
    "cargo test -p trueup-controls": ["--edges", "normal,build,dev", "-p", "trueup-controls"],
}


def tree(*arguments: str) -> dict[str, str]:
    """The features of each package of a selection, by name and version."""
    command = ["cargo", "tree", "--locked", "--prefix", "none", "--format", "{p}|{f}", *arguments]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = (line.removesuffix(" (*)").split("|") for line in output.splitlines() if line)
    return {package: features for package, features in lines}


def main() -> None:
    selections = {name: tree(*arguments) for name, arguments in SELECTIONS.items()}
    built = selections["cargo build"]
    roots = [package.split()[0] for package in built if package.startswith(("aws-", "tokio "))]
    below = tree("--edges", "normal,build", *(word for root in roots for word in ("-p", root)))
    wrong = [
        f"{package} has the features [{features.get(package)}] in `{name}` and [{built.get(package)}] in `cargo build`"
        for name, features in selections.items()
        for package in below
        if features.get(package) != built.get(package)
    ]
    if wrong:
        sys.exit("the SDK would be built more than once:\n  " + "\n  ".join(wrong))
    print(f"{len(below)} packages of the SDK and below have the same features in {', '.join(SELECTIONS)}")


if __name__ == "__main__":
    main()
