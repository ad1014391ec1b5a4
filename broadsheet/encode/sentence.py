"""Encoders of the sentence-transformers library, by name or folder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from broadsheet.errors import SettingsError

try:
    from sentence_transformers import SentenceTransformer
except ImportError as error:
    raise SettingsError(f"This encoder needs {error.name}: pip install 'broadsheet[sentence-transformers]'.") from error


class Sentence:
    """A model of sentence-transformers, on the processor."""

    def __init__(self, name: str) -> None:
        try:
            self._model = SentenceTransformer(name, device="cpu")
        except (OSError, ValueError) as error:
            raise SettingsError(f"The model {name!r} cannot be loaded: {error}") from error
        self.name = f"sentence-transformers:{name}"
        self.id = f"sentence-transformers-{name}"
        self.dimension = int(self._model.get_sentence_embedding_dimension() or 0)
        self.prefixes: tuple[int, ...] = (self.dimension,)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, dimension) rows of length 1; zeros for an empty text."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        filled = [i for i, text in enumerate(texts) if text.strip()]
        if filled:
            chosen = [texts[i] for i in filled]
            vectors[filled] = self._model.encode(chosen, normalize_embeddings=True, show_progress_bar=False)
        return vectors
