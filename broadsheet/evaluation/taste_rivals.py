"""What taste is measured beside: the mean vector, ridge regression, arxiv-sanity's linear support vector machine."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from broadsheet.errors import InputError
from broadsheet.evaluation.taste import Content, Maker, Numbers, Scores, Shelves, Split
from broadsheet.evaluation.taste_experts import Experts
from broadsheet.rank.nearness import Papers

_RIDGE = 100.0  # chosen among 30, 100, 300 on splits 100 to 102


class Mean:
    """The cosine of a paper's vector with the sum of those on the shelf."""

    def __init__(self, shelves: Shelves, papers: Papers, split: Split) -> None:
        self._shown, self._hidden = papers.vectors[split.shown], papers.vectors[split.hidden]

    def scores(self, shelf: Numbers) -> Scores:
        """Return the scores of all hidden papers for a reader of some shown ones."""
        return np.asarray(self._hidden @ self._shown[shelf].sum(axis=0), np.float32)


class Ridge:
    """Kernel ridge regression on words and meaning: 1 for what is on the shelf, 0 for all other shown papers."""

    def __init__(self, shelves: Shelves, papers: Papers, split: Split) -> None:
        shown, hidden = papers.take(split.shown), papers.take(split.hidden)
        kernel = shown.near(shown) + np.float32(_RIDGE) * np.eye(len(shown), dtype=np.float32)
        self._weights: NDArray[np.float32] = np.linalg.solve(kernel, shown.near(hidden))

    def scores(self, shelf: Numbers) -> Scores:
        """Return the scores of all hidden papers for a reader of some shown ones."""
        return np.asarray(self._weights[shelf].sum(axis=0), np.float32)


class Machine:
    """arxiv-sanity-lite's: a linear SVM on TF-IDF of words and pairs, the shelf against all other shown papers.

    Raises:
        InputError: scikit-learn is not installed.
    """

    def __init__(self, shelves: Shelves, papers: Papers, split: Split) -> None:
        texts = ["\n".join(text) for text in shelves.texts]
        vectorizer = _learning("feature_extraction.text").TfidfVectorizer(
            stop_words="english", sublinear_tf=True, ngram_range=(1, 2), max_features=20_000, min_df=2
        )
        matrix: Any = vectorizer.fit_transform(texts)
        self._shown, self._hidden = matrix[split.shown], matrix[split.hidden]

    def scores(self, shelf: Numbers) -> Scores:
        """Return the scores of all hidden papers for a reader of some shown ones."""
        machine = _learning("svm").LinearSVC(class_weight="balanced", C=0.01, tol=1e-6, max_iter=10_000)
        labels = np.zeros(self._shown.shape[0])
        labels[shelf] = 1
        return np.asarray(machine.fit(self._shown, labels).decision_function(self._hidden), np.float32)


def _learning(part: str) -> Any:
    from importlib import import_module

    try:
        return import_module(f"sklearn.{part}")
    except ImportError as error:
        raise InputError("This rival needs scikit-learn: pip install 'broadsheet[evaluation]'.") from error


RIVALS: dict[str, Maker] = {"mean": Mean, "ridge": Ridge, "svm": Machine, "content": Content, "experts": Experts}
