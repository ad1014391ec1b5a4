"""What `broadsheet doctor` looks at: everything that can go wrong on a machine, and what to do about it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from broadsheet.errors import DamagedSnapshot, NoSnapshot
from broadsheet.settings import Settings
from broadsheet.store import Store

_SPACE = 1e9  # bytes that should be free for the next snapshot


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `broadsheet doctor`: what was looked at, whether it is well, and what was seen or is to be done."""

    name: str
    ok: bool
    detail: str


def look(store: Store, settings: Settings) -> list[Check]:
    """Return one check for the store, the snapshot, the disk and the sources each."""
    return [_store(store), _snapshot(store, settings), _disk(settings), _sources(store)]


def _store(store: Store) -> Check:
    fault = store.integrity()
    return Check("store", fault is None, fault or f"{store.counts()['papers']:,} papers, sound")


def _snapshot(store: Store, settings: Settings) -> Check:
    from broadsheet.index import current
    from broadsheet.index.snapshot import Snapshot

    path = current(settings.index_folder)
    if path is None:
        return Check("snapshot", False, "Nothing is indexed yet: run `broadsheet refresh`.")
    try:
        snapshot = Snapshot(path)
        snapshot.verify()
    except NoSnapshot as error:
        return Check("snapshot", False, str(error))
    except DamagedSnapshot as error:
        return Check("snapshot", False, f"{error} Delete {settings.index_folder} and run `broadsheet refresh`.")
    lag = store.count_changes(snapshot.number)
    return Check(
        "snapshot", lag == 0, f"{lag:,} changes wait: run `broadsheet refresh`." if lag else "sound, up to date"
    )


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.home).free
    return Check("disk", free > _SPACE, f"{free / 1e9:.1f} GB free in {settings.home}")


def _sources(store: Store) -> Check:
    failures = [f"{source.name}: {source.failure}" for source in store.sources() if source.failure]
    return Check("sources", not failures, "; ".join(failures) or "none has failed")
