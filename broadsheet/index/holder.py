"""The snapshot that a process serves from, exchanged for a newer one while it serves."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from broadsheet import encode
from broadsheet.encode import Encoder
from broadsheet.errors import BroadsheetError
from broadsheet.index import files
from broadsheet.index.snapshot import Snapshot, open_current

_INTERVAL = 1.0  # seconds between two looks at the pointer
_log = logging.getLogger(__name__)


class Current:
    """Holds the current snapshot of an index folder, for any number of threads."""

    def __init__(self, folder: Path, load: Callable[[str], Encoder] = encode.load) -> None:
        self._folder = folder
        self._load = load
        self._snapshot: Snapshot | None = None
        self._looked = -_INTERVAL
        self._opening = threading.Lock()

    def get(self) -> Snapshot:
        """Return the snapshot to search in: the current one, or its predecessor while the current one is being opened.

        Raises:
            NoSnapshot: nothing has been indexed yet.
            DamagedSnapshot: the only snapshot is not what was written.
        """
        snapshot = self._snapshot
        if snapshot is None:
            with self._opening:
                self._snapshot = self._snapshot or open_current(self._folder, self._load)
                return self._snapshot
        if time.monotonic() - self._looked >= _INTERVAL:
            self._looked = time.monotonic()
            if files.current(self._folder) not in (None, snapshot.path) and self._opening.acquire(blocking=False):
                threading.Thread(target=self._exchange, name="open-snapshot", daemon=True).start()
        return snapshot

    def close(self) -> None:
        """Let go of the snapshot; it closes when the last search in it ends."""
        self._snapshot = None

    def _exchange(self) -> None:
        try:
            self._snapshot = open_current(self._folder, self._load)
        except BroadsheetError as error:
            _log.error("The new snapshot cannot be opened, so the old one goes on serving: %s", error)
        finally:
            self._opening.release()
