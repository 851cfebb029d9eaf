"""Runs modules as `python -m` does, one after another in one process, so that what they load is loaded once.

Each line of standard input is one run, a JSON list: the module with its arguments, and the whole environment. Each is
answered by one line: the exit code, and what the run wrote to standard output and to standard error. The process ends
with its standard input, so with the process that started it.
"""

import io
import json
import os
import runpy
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout


def main():
    for line in sys.stdin:
        command, environment = json.loads(line)
        print(json.dumps(run(command, environment)), flush=True)


def run(command, environment):
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = command
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = exit_code(command[0])
    return code, out.getvalue(), err.getvalue()


def exit_code(module):
    """Runs the module, and tells how a process of its own would have ended."""
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    main()
