"""The packaged sample: 632 papers with a note on each, and facts and votes of about 5,100 front-page papers."""

from __future__ import annotations

from contextlib import ExitStack
from importlib.resources import as_file
from importlib.resources import files as resources
from pathlib import Path

_NAMES = ("sample.jsonl.zst", "front_pages_sample.jsonl.zst")
_kept = ExitStack()  # files of a zipped package stay unpacked until the process ends


def files() -> list[Path]:
    """Return the packaged sample files, to be read as JSON lines."""
    folder = resources("broadsheet.sources") / "data"
    return [_kept.enter_context(as_file(folder / name)) for name in _NAMES]
