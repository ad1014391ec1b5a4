"""Sentence encoders in an ONNX folder: `model.onnx`, `tokenizer.json`, and how tokens become one vector."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet.errors import SettingsError

try:
    import onnxruntime
    from tokenizers import Tokenizer
except ImportError as error:
    raise SettingsError(f"ONNX encoders need {error.name}: pip install 'broadsheet[onnx]'.") from error

_BATCH = 32
_MOST_TOKENS = 256


class Onnx:
    """A transformer exported to ONNX whose first output is (texts, tokens, dimension), such as MiniLM.

    A text's vector is the mean of its tokens', or the first token's where `1_Pooling/config.json` says so, the file
    that sentence-transformers writes; bge needs it.
    """

    def __init__(self, folder: Path) -> None:
        model = folder / "model.onnx"
        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
            self._first = _first_token(folder / "1_Pooling" / "config.json")
            with model.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except Exception as error:  # both libraries raise bare Exceptions of their own for a missing or damaged file
            raise SettingsError(f"{folder} must hold a readable model.onnx and tokenizer.json: {error}") from error
        self._tokenizer.enable_truncation(_MOST_TOKENS)
        self._tokenizer.enable_padding()
        self._inputs = {given.name for given in self._session.get_inputs()}
        self.name = f"onnx:{folder}"
        self.id = f"onnx-{folder.name}-{digest[:8]}"
        self.dimension = int(self._session.get_outputs()[0].shape[-1])
        self.prefixes: tuple[int, ...] = (self.dimension,)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, dimension) rows of length 1, of the first 256 tokens of each text; zeros for an empty text."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        filled = sorted((i for i, text in enumerate(texts) if text.strip()), key=lambda i: len(texts[i]))
        for begin in range(0, len(filled), _BATCH):
            rows = filled[begin : begin + _BATCH]
            vectors[rows] = self._vectors([texts[i] for i in rows])
        return vectors

    def _vectors(self, texts: list[str]) -> NDArray[np.float32]:
        encodings = self._tokenizer.encode_batch(texts)
        mask = np.array([encoding.attention_mask for encoding in encodings], np.int64)
        given = {
            "input_ids": np.array([encoding.ids for encoding in encodings], np.int64),
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(mask),
        }
        tokens = self._session.run(None, {name: given[name] for name in given if name in self._inputs})[0]
        if self._first:
            mask[:, 1:] = 0
        sums = (tokens * mask[:, :, None]).sum(axis=1, dtype=np.float32)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        return np.asarray(sums / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)


def _first_token(path: Path) -> bool:
    """Return whether a text's vector is its first token's."""
    return path.exists() and bool(json.loads(path.read_text(encoding="utf-8")).get("pooling_mode_cls_token"))
