"""A job to be conducted, which does what a test asks: `<file> <what> [<more>]`.

It writes a line to the file for each run, and has the file locked while it lives.
"""

import fcntl
import os
import signal
import subprocess
import sys


def main(name, what, more=""):
    file = open(name, "a")  # noqa: SIM115 - held until the process ends
    file.write(f"{what} {more}\n")
    file.flush()
    fcntl.flock(file, fcntl.LOCK_EX)
    if what == "end":
        return int(more)
    if what == "die":
        os.kill(os.getpid(), getattr(signal, more))
    if what == "say":
        print(more)
        subprocess.run(["cat"], stdin=open(f"{name}.go"), check=True)  # noqa: SIM115
        sys.stderr.write("said\n")
    if what == "environment":
        print(os.environ.get(more, "nothing"))
    if what == "work":
        signal.pause()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
