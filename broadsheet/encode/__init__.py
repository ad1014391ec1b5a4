"""Text to vectors: one interface, and the encoders behind it; heavy ones are imported when they are named."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from broadsheet.encode.static import Static
from broadsheet.errors import SettingsError


class Encoder(Protocol):
    """What the index asks of an encoder; snapshots of different `id` are never mixed."""

    @property
    def name(self) -> str:
        """What `load` takes to return this encoder."""

    @property
    def id(self) -> str:
        """Names the encoder and its weights."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    @property
    def prefixes(self) -> tuple[int, ...]:
        """The lengths a vector may be cut to, ascending, the last being `dimension`."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, dimension) rows of length 1; an empty text gives zeros."""


@lru_cache
def load(name: str = "static") -> Encoder:
    """Return an encoder: `static`, `onnx:FOLDER` or `sentence-transformers:NAME`; loaded once.

    Raises:
        SettingsError: the name is unknown, the package it needs is not installed, or its model cannot be read.
    """
    kind, _, where = name.partition(":")
    if name == "static":
        return shipped()
    if kind == "onnx" and where:
        from broadsheet.encode.onnx import Onnx

        return Onnx(Path(where))
    if kind == "sentence-transformers" and where:
        from broadsheet.encode.sentence import Sentence

        return Sentence(where)
    raise SettingsError(f"Unknown encoder {name!r}; use static, onnx:FOLDER or sentence-transformers:NAME.")


@lru_cache
def shipped() -> Static:
    """Return the encoder that ships with the program; loaded once."""
    return Static()


def paper_text(title: str, text: str) -> str:
    """Return what is encoded of a paper."""
    return f"{title}\n{text}"
