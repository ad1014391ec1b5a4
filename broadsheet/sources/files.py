"""What all file sources share: opening (also compressed), counting entries, batches, cursors, setting aside."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import re
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import IO, Any, ClassVar

import zstandard

from broadsheet.errors import SourceError
from broadsheet.records import Batch, SetAside, SourceRecord
from broadsheet.sources import clean

BATCH = 500
LARGEST_WHOLE = 256 << 20  # bytes of a file that must be read as a whole
_CHUNK = 1 << 18
_PIECE = 1 << 12  # compressed bytes at a time; what they grow to stays in memory, at most 128 MiB if someone means harm
_ZSTD, _GZIP, _XZ = b"\x28\xb5\x2f\xfd", b"\x1f\x8b", b"\xfd7zXZ\x00"
_CURSOR = re.compile(r"entry:(\d{1,15})( done)?").fullmatch
_DAMAGED = (zstandard.ZstdError, zlib.error, lzma.LZMAError, EOFError, gzip.BadGzipFile)


class FileSource(ABC):
    """A file read as papers: entry by entry, in batches, resumable after any of them.

    The cursor counts the entries already seen, and belongs to the file's content: `cursor_name` is its SHA-256, so a
    renamed file resumes and a changed one is read again.
    """

    name: ClassVar[str]

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def entries(self, stream: IO[bytes]) -> Iterator[tuple[str, Any]]:
        """Yield (where it stands, raw entry), the same ones in the same order for the same content.

        Raises:
            SourceError: the file as a whole cannot be read.
        """

    @abstractmethod
    def record(self, raw: Any) -> SourceRecord:
        """Return the record that a raw entry is.

        Raises:
            Rejected: it is none; the reason is shown.
        """

    @cached_property
    def cursor_name(self) -> str:
        """Return "file:" and the SHA-256 of the content.

        Raises:
            SourceError: the file cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                return "file:" + hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise _unreadable(self.path, error) from error

    @staticmethod
    def unread(since: str | None) -> bool:
        """Return whether anything may be left to read after a cursor."""
        return not _position(since)[1]

    def harvest(self, since: str | None = None) -> Iterator[Batch]:
        """Yield the records after the cursor `since` in batches of at most 500; the last one's cursor says "done".

        Raises:
            SourceError: the file cannot be read, or not further; what came before has been yielded.
        """
        if not self.unread(since):
            return
        try:
            with self.path.open("rb") as file:
                yield from self._batches(file, _position(since)[0], max(self.path.stat().st_size, 1))
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def _batches(self, file: IO[bytes], seen: int, size: int) -> Iterator[Batch]:
        count, trouble = 0, None
        records: list[SourceRecord] = []
        aside: list[SetAside] = []
        entries = self.entries(decompressed(file))
        while True:
            try:
                where, raw = next(entries)
            except StopIteration:
                break
            except (*_DAMAGED, SourceError) as error:
                trouble = error
                break
            count += 1
            if count <= seen:
                continue
            try:
                records.append(self.record(raw))
            except clean.Rejected as reason:
                aside.append(SetAside(f"{self.path.name}, {where}", str(reason), clean.excerpt(self.shown(raw))))
            if len(records) + len(aside) == BATCH:
                yield Batch(tuple(records), f"entry:{count}", tuple(aside), min(file.tell() / size, 1.0))
                records, aside = [], []
        end = f"entry:{count}" if trouble else f"entry:{count} done"
        if records or aside or not trouble:
            yield Batch(tuple(records), end, tuple(aside), min(file.tell() / size, 1.0) if trouble else 1.0)
        if trouble:
            raise self._damaged(trouble, count)

    def shown(self, raw: Any) -> object:
        """Return what of a raw entry to show when it is set aside."""
        return raw

    def _damaged(self, error: Exception, count: int) -> SourceError:
        if isinstance(error, SourceError):
            return error
        return SourceError(
            f"{self.path.name} is damaged after {count:,} entries, which were kept: {error or 'it ends too early'}. "
            "Get the file again and add it."
        )


def decompressed(file: IO[bytes]) -> IO[bytes]:
    """Return a buffered stream of the content of a file that may be compressed with zstd, gzip or xz."""
    head = file.read(6)
    file.seek(0)
    if head.startswith(_ZSTD):
        return io.BufferedReader(_Zstd(file), _CHUNK)
    if head.startswith(_GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=file), _CHUNK)
    if head.startswith(_XZ):
        return io.BufferedReader(lzma.LZMAFile(file), _CHUNK)
    return file


def unpacks_to_at_most(path: Path, most: int) -> bool:
    """Say whether a file's content, decompressed, has at most so many bytes; a damaged one is measured up to there."""
    total = 0
    with path.open("rb") as file:
        stream = decompressed(file)
        try:
            while total <= most and (piece := stream.read(_CHUNK)):
                total += len(piece)
        except _DAMAGED:
            pass
    return total <= most


class _Zstd(io.RawIOBase):
    """The content of zstd frames; unlike the library's own reader it notices when the last one is cut off."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        self._frame = self._decompressor.decompressobj()
        self._ready = memoryview(b"")
        self._begun = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer and return how many bytes were put there; 0 at the end.

        Raises:
            EOFError: the last frame is not complete.
            zstandard.ZstdError: a frame is damaged.
        """
        while not self._ready:
            rest = self._frame.unused_data if self._frame.eof else b""
            piece = rest or self._file.read(_PIECE)
            if self._frame.eof and piece:
                self._frame, self._begun = self._decompressor.decompressobj(), False
            if not piece:
                if self._begun and not self._frame.eof:
                    raise EOFError("it ends in the middle of its compressed data")
                return 0
            self._begun = True
            self._ready = memoryview(self._frame.decompress(piece))
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count


def head(path: Path, size: int = 1 << 16) -> bytes:
    """Return the first bytes of a file's content, decompressed, as far as it can be read.

    Raises:
        SourceError: it is no readable file.
    """
    try:
        with path.open("rb") as file:
            stream = decompressed(file)
            try:
                return stream.read(size)
            except _DAMAGED as error:
                raise SourceError(f"{path.name} is damaged: {error}. Get the file again.") from error
    except OSError as error:
        raise _unreadable(path, error) from error


def whole(stream: IO[bytes]) -> str:
    """Return the text of a file that has to be read as a whole: UTF-8, UTF-16 with its mark, else Windows-1252.

    Raises:
        SourceError: it is too large.
    """
    return decoded(whole_bytes(stream))


def whole_bytes(stream: IO[bytes]) -> bytes:
    """Return the content of a file that has to be read as a whole.

    Raises:
        SourceError: it is too large.
    """
    content = stream.read(LARGEST_WHOLE + 1)
    if len(content) > LARGEST_WHOLE:
        raise SourceError(f"A file of this kind is read as a whole and may have {LARGEST_WHOLE >> 20} MiB; divide it.")
    return content


def decoded(content: bytes) -> str:
    """Return the text of bytes: UTF-8, UTF-16 where its mark stands, else Windows-1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _position(since: str | None) -> tuple[int, bool]:
    match = _CURSOR(since or "")
    return (int(match[1]), bool(match[2])) if match else (0, False)


def _unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(f"{path} cannot be read: {error.strerror or error}.")
