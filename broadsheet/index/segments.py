"""Segments: the columns and codes of consecutive rows, written once and hard-linked from snapshot to snapshot."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from broadsheet.encode import nibbles
from broadsheet.index import dense, forward
from broadsheet.index.columns import Columns
from broadsheet.index.dense import Codebook, Codes

_TOO_CLOSE = 2  # a segment less than so many times its successor is joined with it: their number stays logarithmic


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment's directory and its rows."""

    folder: Path
    rows: int

    def codes(self, dimension: int) -> Codes:
        """Return the (rows, dimension / 2) 4-bit codes."""
        return dense.open_codes(self.folder, self.rows, dimension)


def name(first_row: int, rows: int) -> str:
    """Return the name of the segment of those rows; what has the same name has the same content."""
    return f"{first_row}-{rows}"


def joined(segments: list[Segment], codebook: Codebook, dimension: int) -> list[Segment]:
    """Return the segments with small neighbours at the end joined; the files of those joined are removed.

    `dimension` is that of the vectors.
    """
    segments = list(segments)
    while len(segments) > 1 and segments[-2].rows < _TOO_CLOSE * segments[-1].rows:
        segments[-2:] = [_join(segments[-2], segments[-1], codebook, dimension)]
    return segments


def _join(one: Segment, other: Segment, codebook: Codebook, dimension: int) -> Segment:
    first_row = one.folder.name.partition("-")[0]
    rows = one.rows + other.rows
    result = Segment(one.folder.with_name(name(int(first_row), rows)), rows)
    result.folder.mkdir()
    Columns.joined([Columns.load(one.folder), Columns.load(other.folder)]).save(result.folder)
    with open(result.folder / dense.CODES, "wb") as target:
        for part in (one, other):
            with open(part.folder / dense.CODES, "rb") as source:
                shutil.copyfileobj(source, target)
    dense.write_codes(result.folder, result.codes(dimension), codebook)
    forward.join((one.folder, other.folder), result.folder)
    shutil.rmtree(one.folder)
    shutil.rmtree(other.folder)
    return result


def codebook_for(segments: list[Segment], dimension: int, scanned: int) -> tuple[Codebook, int]:
    """Return a codebook for the one-bit codes of so many dimensions, and the number of first rows it was taken from."""
    parts, room = [np.empty((0, nibbles.width(dimension)), np.uint8)], dense.TRAINING_ROWS
    for segment in segments:
        parts.append(segment.codes(dimension)[:room])
        room -= len(parts[-1])
    codes = np.concatenate(parts)
    return Codebook.trained(codes, scanned), len(codes)


def outgrown(trained: int, rows: int) -> bool:
    """Tell whether a codebook was taken from too few rows to go on with."""
    return 4 * trained < min(rows, dense.TRAINING_ROWS)
