"""Files read ahead of the store: a child process reads and prepares the next batches while one is being written."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

from broadsheet import children
from broadsheet.errors import SourceError, Unavailable
from broadsheet.sources import recognise
from broadsheet.sources.files import FileSource
from broadsheet.store import Ready, Store

_LARGE = 4 << 20  # bytes of a file for which a child is worth its start


def batches(source: FileSource, since: str | None, day: str) -> Iterator[Ready]:
    """Yield the batches of a file after the cursor `since`, prepared as those of a day.

    Raises:
        SourceError: the file cannot be read, or not further; what came before has been yielded.
        Unavailable: the process that reads it died.
    """
    if not source.unread(since) or source.path.stat().st_size < _LARGE:
        return _prepared(source, since, day)
    return _from_child(source.path, since, day)


def _prepared(source: FileSource, since: str | None, day: str) -> Iterator[Ready]:
    return (Store.prepared(batch, day=day, live=False) for batch in source.harvest(since))


def _from_child(path: Path, since: str | None, day: str) -> Iterator[Ready]:
    child = children.start(__name__)
    assert child.stdin and child.stdout
    try:
        pickle.dump((path, since, day), child.stdin)
        child.stdin.flush()
        while (answer := pickle.load(child.stdout)) is not None:
            if isinstance(answer, SourceError):
                raise answer
            yield answer
    except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
        raise Unavailable(f"The process that read {path.name} died; add the file again to go on.") from error
    finally:
        child.kill()
        child.stdin.close()
        child.stdout.close()
        child.wait()


def serve() -> None:
    """Answer which file to read with its batches, then with None or the error that ended it."""
    with children.answering() as (asked, answers):
        path, since, day = pickle.load(asked)
        try:
            for ready in _prepared(recognise(path), since, day):
                pickle.dump(ready, answers, pickle.HIGHEST_PROTOCOL)
                answers.flush()
            end = None
        except SourceError as error:
            end = error
        pickle.dump(end, answers)
