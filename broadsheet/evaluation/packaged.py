"""The encoder that another package ships: a rival that needs nothing but an install."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from broadsheet.errors import SettingsError


class WordLlama:
    """Static vectors of 256 numbers, means of the rows of their tokens, of the package wordllama (MIT).

    Raises:
        SettingsError: the package is missing.
    """

    name = id = "wordllama"
    dimension = 256
    prefixes = (64, 128, 256)

    def __init__(self) -> None:
        try:
            import wordllama
        except ImportError as error:
            raise SettingsError(f"wordllama needs {error.name}: pip install 'broadsheet[evaluation]'.") from error
        home = Path(wordllama.__file__).parent  # where its tokenizer is, which 0.4 itself looks for elsewhere
        self._model = wordllama.WordLlama.load(cache_dir=home, disable_download=True)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, 256) rows of length 1; zeros for an empty text."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        filled = [row for row, text in enumerate(texts) if text.strip()]
        if filled:
            vectors[filled] = self._model.embed([texts[row] for row in filled], norm=True)
        return vectors
