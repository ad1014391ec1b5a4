"""What a snapshot says of itself: from which change, by which encoder, in which files, with which checksums."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from broadsheet.errors import DamagedSnapshot, NoSnapshot
from broadsheet.index import files

NAME = "manifest.json"
FORMAT = 6  # raised with every change of layout, tokens or parameters; a snapshot of another is built anew
_REMEDY = "Delete the index folder and run `broadsheet refresh`."


@dataclass(frozen=True, slots=True)
class File:
    """Size in bytes and checksum of one file."""

    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`encoder` is what `encode.load` takes; `concepts` the id of those that papers have.

    `trained` counts the rows that the codebook was taken from, `segments` are (name, rows) in the order of rows;
    `files` are by path inside the snapshot. `second` names the encoder of second vectors, which so many papers have.
    """

    change: int
    encoder: str
    encoder_id: str
    dimension: int
    concepts: str
    rows: int
    papers: int
    trained: int
    segments: tuple[tuple[str, int], ...]
    files: dict[str, File]
    second: str = ""
    second_id: str = ""
    second_dimension: int = 0
    second_papers: int = 0
    format: int = FORMAT

    @property
    def bytes(self) -> int:
        """Size of the snapshot in bytes."""
        return sum(file.size for file in self.files.values())

    @classmethod
    def read(cls, snapshot: Path) -> Manifest:
        """Return the manifest of a snapshot.

        Raises:
            NoSnapshot: it is of another format; a refresh, which the server does by itself, builds the index anew.
            DamagedSnapshot: it is missing or unreadable.
        """
        try:
            fields = json.loads((snapshot / NAME).read_text(encoding="utf-8"))
            written = fields.get("format", FORMAT)  # before all else: another format has other fields
            if written == FORMAT:
                listed = {path: File(**file) for path, file in fields.pop("files").items()}
                segments = tuple((str(name), int(rows)) for name, rows in fields.pop("segments"))
                return cls(**fields, segments=segments, files=listed)
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise DamagedSnapshot(f"{snapshot / NAME} cannot be read ({error}). {_REMEDY}") from error
        raise NoSnapshot(
            f"The index is of format {written}, this program reads {FORMAT}: `broadsheet refresh` builds it anew, "
            "and so does a server that is running."
        )

    def write(self, snapshot: Path) -> None:
        """Write the manifest into a snapshot that is being built."""
        (snapshot / NAME).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    def check_sizes(self, snapshot: Path) -> None:
        """Look whether all files are there at their sizes; quick.

        Raises:
            DamagedSnapshot: one is not.
        """
        for name, file in self.files.items():
            try:
                size = (snapshot / name).stat().st_size
            except OSError as error:
                raise DamagedSnapshot(f"{snapshot / name} is missing ({error}). {_REMEDY}") from error
            if size != file.size:
                raise DamagedSnapshot(f"{snapshot / name} has {size} bytes, not {file.size}. {_REMEDY}")

    def verify(self, snapshot: Path) -> None:
        """Recompute all checksums; reads every byte.

        Raises:
            DamagedSnapshot: a file is not what was written.
        """
        self.check_sizes(snapshot)
        for name, file in self.files.items():
            if files.digest(snapshot / name) != file.digest:
                raise DamagedSnapshot(f"{snapshot / name} is not what was written: checksums differ. {_REMEDY}")


def listing(snapshot: Path, known: dict[str, File]) -> dict[str, File]:
    """Return sizes and checksums of a snapshot's files; those of hard-linked files are taken from `known`."""
    found = {}
    for path in files.walk(snapshot):
        name = path.relative_to(snapshot).as_posix()
        if path.name in (NAME, files.LOCK) or path.suffix == ".lock":
            continue
        linked = name in known and path.stat().st_nlink > 1
        found[name] = known[name] if linked else File(path.stat().st_size, files.digest(path))
    return found
