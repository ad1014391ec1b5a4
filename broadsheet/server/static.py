"""Style sheet, script and fonts, under addresses that change with their content: browsers keep them for good."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

MOUNT = "/static"


class Static(StaticFiles):
    """The files of one folder at `/static/<fingerprint>/...`: one fingerprint for all, so that relative links hold."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder)
        self.fingerprint = _fingerprint(folder)

    def address(self, name: str) -> str:
        """Return where a file of the folder is served from."""
        return f"{MOUNT}/{self.fingerprint}/{name}"

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Serve a file; for good under the present fingerprint, to be asked for again without it."""
        version, _, name = path.partition("/")
        current = version == self.fingerprint
        response = await super().get_response(name if current else path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if current else "no-cache"
        return response


def _fingerprint(folder: Path) -> str:
    digest = blake2b(digest_size=6)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
