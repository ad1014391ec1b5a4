"""A real ONNX model in a few hundred bytes: it looks up a vector for each of three words."""

from __future__ import annotations

from pathlib import Path

import numpy as np

TABLE = np.array([[0, 0], [3, 4], [1, 0], [0, 2]], np.float32)
WORDS = {"[PAD]": 0, "graph": 1, "deep": 2, "learning": 3}


def write(folder: Path) -> None:
    """Write model.onnx and tokenizer.json; needs the extra `onnx`."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel(WORDS, unk_token="[PAD]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "model.onnx").write_bytes(_gather())


def _gather() -> bytes:
    """An ONNX model that looks rows up in TABLE, written field by field as onnx.proto numbers them."""
    node = _text(1, "table") + _text(1, "input_ids") + _text(2, "vectors") + _text(4, "Gather")
    sizes = b"".join(_number(1, size) for size in TABLE.shape)
    table = sizes + _number(2, 1) + _text(8, "table") + _bytes(9, TABLE.tobytes())
    given = _value("input_ids", 7, [_text(2, "n"), _text(2, "tokens")])
    wanted = _value("vectors", 1, [_text(2, "n"), _text(2, "tokens"), _number(1, TABLE.shape[1])])
    graph = _bytes(1, node) + _text(2, "look-up") + _bytes(5, table) + _bytes(11, given) + _bytes(12, wanted)
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _number(2, 13))


def _value(name: str, kind: int, sizes: list[bytes]) -> bytes:
    shape = b"".join(_bytes(1, size) for size in sizes)
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, shape)))


def _number(field: int, value: int) -> bytes:
    return bytes([field << 3, value])


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    size, length = len(value), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([field << 3 | 2]) + length + bytes([size]) + value
