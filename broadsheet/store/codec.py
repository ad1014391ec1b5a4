"""Source records as bytes: JSON, compressed with a dictionary that knows how abstracts sound."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from importlib import resources
from typing import Any

import orjson
import zstandard

from broadsheet.records import Author, Signal, SourceRecord

_LEVEL = 3
_DICTIONARY = "records-1.zdict"  # stored records need it for ever: a better one gets the next number beside it
_PLAIN = (
    "source",
    "scheme",
    "own_id",
    "title",
    "abstract",
    "note",
    "date",
    "updated",
    "announced",
    "venue",
    "comment",
    "licence",
)
_NEEDED = ("source", "scheme", "own_id", "title")
_LISTS = ("categories", "keywords", "identifiers")


def hash64(text: str) -> int:
    """Return the first 64 bits of the BLAKE2b hash of a text, as a signed number."""
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)


def digest64(data: bytes) -> int:
    """Return the first 64 bits of the BLAKE2b hash of bytes, as a signed number."""
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "big", signed=True)


def plain(record: SourceRecord) -> bytes:
    """Return a record as canonical JSON without its empty fields: equal bytes for equal records."""
    values: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(record, name))}
    if record.authors:
        values["authors"] = [[a.name, a.orcid] if a.orcid else a.name for a in record.authors]
    values.update((name, value) for name in _LISTS if (value := getattr(record, name)))
    if record.links:
        values["links"] = dict(sorted(record.links.items()))
    if record.status != "published":
        values["status"] = record.status
    if record.signals:
        values["signals"] = [[s.kind, s.day, s.value, s.source] for s in record.signals]
    return orjson.dumps(values)


def pack(json: bytes) -> bytes:
    """Return the compressed form of a record's JSON."""
    return _tools().pack(json)


def unpack(payload: bytes) -> SourceRecord:
    """Return the record that was packed."""
    return record_of(orjson.loads(_tools().unpack(payload)))


def record_of(values: Mapping[str, Any]) -> SourceRecord:
    """Return the record of decoded JSON as `plain` wrote it."""
    fields = dict(values)
    fields["authors"] = tuple(Author(a) if isinstance(a, str) else Author(*a) for a in fields.get("authors", ()))
    fields["signals"] = tuple(Signal(*signal) for signal in fields.get("signals", ()))
    for name in _LISTS:
        fields[name] = tuple(fields.get(name, ()))
    return SourceRecord(**{**dict.fromkeys(_NEEDED, ""), **fields})


class _Tools(threading.local):
    """A compressor and a decompressor for each thread: they must not be shared."""

    def __init__(self) -> None:
        dictionary = _dictionary()
        self.pack = zstandard.ZstdCompressor(level=_LEVEL, dict_data=dictionary, write_dict_id=True).compress
        self.unpack = zstandard.ZstdDecompressor(dict_data=dictionary).decompress


@lru_cache(maxsize=1)
def _tools() -> _Tools:
    return _Tools()


@lru_cache(maxsize=1)
def _dictionary() -> zstandard.ZstdCompressionDict:
    data = (resources.files("broadsheet.store") / "data" / _DICTIONARY).read_bytes()
    dictionary = zstandard.ZstdCompressionDict(data, dict_type=zstandard.DICT_TYPE_FULLDICT)
    dictionary.precompute_compress(level=_LEVEL)
    return dictionary
