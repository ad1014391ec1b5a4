"""Papers that came near the top of a ranking without a second vector: noted by those who search, taken by the loop.

A note is lost where a process dies between taking and encoding; the next search makes it again.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

FILE = "wanted"
_MOST_BYTES = 1 << 20


def note(folder: Path, keys: Sequence[int]) -> None:
    """Append paper keys to what is wanted; nothing where that is long already or cannot be written."""
    with suppress(OSError):
        if keys and (not (folder / FILE).exists() or (folder / FILE).stat().st_size < _MOST_BYTES):
            descriptor = os.open(folder / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            try:
                os.write(descriptor, np.array(keys, np.int64).tobytes())  # one short write: whole or not at all
            finally:
                os.close(descriptor)


def any_in(folder: Path) -> bool:
    """Tell whether anything is wanted."""
    return (folder / FILE).exists()


def take(folder: Path) -> list[int]:
    """Return the keys that are wanted, those wanted first first, and forget them."""
    taken = folder / f"{FILE}.taken"
    try:
        os.replace(folder / FILE, taken)
    except FileNotFoundError:
        return []
    content = taken.read_bytes()
    keys: list[int] = np.frombuffer(content[: len(content) // 8 * 8], np.int64).tolist()
    return list(dict.fromkeys(keys))
