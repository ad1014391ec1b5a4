"""Child processes that answer over a pipe.

Nothing of the parent's `__main__` is run again, so a script needs no guard around its own code; a child that finds its
pipe broken ends, and so it ends when its parent does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO


def start(module: str, environment: Mapping[str, str] = {}) -> subprocess.Popen[bytes]:
    """Return a child that runs `serve()` of a module, with pipes as its standard input and output."""
    own = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **environment}
    # Imported, not run as a script: what it answers with must be of this module, not of its __main__.
    command = [sys.executable, "-c", f"from {module} import serve; serve()"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=own)


@contextmanager
def answering() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The child's end: where it is asked and where it answers; its parent alone decides when it stops."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints must not stand among the answers
    try:
        with answers:
            yield sys.stdin.buffer, answers
    except BrokenPipeError:
        pass
