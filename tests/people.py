"""Readers of a real library, and browsers that are logged in as them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import desk
from starlette.testclient import TestClient

from broadsheet.library import Library
from broadsheet.records import Reader

HOST = "papers.example.org"
URL = f"http://{HOST}"


@dataclass
class People:
    """A library with an admin, two readers and nobody else."""

    library: Library
    ada: Reader
    bob: Reader
    eve: Reader

    def browser(self, reader: Reader | None = None) -> TestClient:
        """Return a browser, logged in as a reader where one is named."""
        client = desk.browser(self.library, local=False, host=HOST)
        if reader is not None:
            path = self.library.login_link(reader)
            assert desk.send(client, path, page=path).status_code == 303
        return client


def people(home: Path, **settings: Any) -> People:
    """Open a library with its readers."""
    library = desk.library(home, url=URL, **settings)
    made = [library.add_reader(f"{name.lower()}@example.org", name=name) for name in ("Ada", "Bob", "Eve")]
    return People(library, library.set_role(made[0], "admin"), *made[1:])
