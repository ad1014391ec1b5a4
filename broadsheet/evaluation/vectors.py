"""A collection's papers as vectors, kept apart from any index: a transformer that read them need not do so twice."""

from __future__ import annotations

import glob
import hashlib
import inspect
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet.encode import Encoder

_SITTING = 512  # papers read between two savings
_DIGITS = 16

Vectors = NDArray[np.float32]


def kept(
    texts: Sequence[str], encoder: Encoder, folder: Path, name: str, report: Callable[[str], None] = lambda _: None
) -> Vectors:
    """Return the (n, d) vectors of texts, those that an earlier call saved under a folder among them.

    `name` says whose texts they are; what was kept of the same name and encoder for other texts goes.
    """
    own = folder / f"{name}-{encoder.id}-{_digest(texts, encoder)}"
    if not own.exists():
        for older in folder.glob(f"{glob.escape(f'{name}-{encoder.id}')}-{'?' * _DIGITS}"):
            shutil.rmtree(older)
        own.mkdir(parents=True)
    parts = [np.zeros((0, encoder.dimension), np.float32)]
    for begin in range(0, len(texts), _SITTING):
        path = own / f"{begin:09}.npy"
        if not path.exists():
            _save(path, encoder.encode(texts[begin : begin + _SITTING]))
            report(f"{name}: {encoder.name} has read {min(begin + _SITTING, len(texts))} of {len(texts)} papers")
        parts.append(np.load(path))
    return np.concatenate(parts)


def _digest(texts: Sequence[str], encoder: Encoder) -> str:
    """Name these very texts and the code that reads them; the encoder's id names its weights."""
    content = hashlib.sha256(Path(inspect.getfile(type(encoder))).read_bytes())
    for text in texts:
        content.update(text.encode("utf-8", "surrogatepass") + b"\0")
    return content.hexdigest()[:_DIGITS]


def _save(path: Path, vectors: Vectors) -> None:
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.save(file, vectors)
    unfinished.rename(path)
