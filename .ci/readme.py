"""Runs every ```sh block of README.md exactly as it is printed, in order, each in a shell that stops at errors.

A block whose fence reads ```sh real-account needs a real account and is left out, by name.
"""

import re
import subprocess
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
text = (root / "README.md").read_text()
ran = 0
for fence, body in re.findall(r"^```(sh[^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
    if fence == "sh real-account":
        print(f"-- left out, needs a real account:\n{body}", flush=True)
        continue
    if fence != "sh":
        sys.exit(f"README.md: a fence of an unknown kind: ```{fence}")
    print(f"-- running:\n{body}", flush=True)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", body], cwd=root, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(f"README.md: exit code {done.returncode} from:\n{body}")
    ran += 1
if ran == 0:
    sys.exit("README.md: no command was found")
print(f"-- {ran} blocks ran")
