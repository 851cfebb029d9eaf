"""Runs a command in a terminal of 80 columns and types into it.

terminal.py '[["text to wait for", "keys to type then"], ...]' COMMAND ARGUMENT...

Prints all that the terminal shows, and ends with the command's exit code. Only Python's own library is needed.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

SECONDS = 60


def main():
    typed, command = json.loads(sys.argv[1]), sys.argv[2:]
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.environ.update(TERM="xterm", NO_COLOR="1")
        os.execv(command[0], command)
    shown, since = b"", 0
    deadline = time.monotonic() + SECONDS
    while True:
        # A line break of the terminal is a space of the text.
        if typed and typed[0][0] in " ".join(shown[since:].decode(errors="replace").split()) + " ":
            os.write(terminal, typed.pop(0)[1].encode())
            since = len(shown)
        if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            os.kill(child, signal.SIGKILL)
            shown += f"\n[no end within {SECONDS} seconds; still to type: {typed}]\n".encode()
            break
        try:
            part = os.read(terminal, 4096)
        except OSError:  # The last program at the terminal has ended.
            break
        if not part:
            break
        shown += part
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
    sys.stdout.flush()
    sys.exit(status if status >= 0 else 255)


main()
