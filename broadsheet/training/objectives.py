"""Objectives: what a batch of pairs of vectors costs; a recipe names one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, logsigmoid, normalize

# First and second vectors (n, d), not yet of length 1; sharpness, the inverse temperature; pairs that are no negatives.
Objective = Callable[[Tensor, Tensor, Tensor, Tensor | None], Tensor]
_FAR = -1e4  # the score of what is no negative
_DECORRELATION = 0.005
_SIGMOID_BIAS = -10.0


def _scores(first: Tensor, second: Tensor, sharpness: Tensor, no_negative: Tensor | None) -> Tensor:
    scores = normalize(first, dim=1) @ normalize(second, dim=1).T * sharpness
    return scores if no_negative is None else scores.masked_fill(no_negative, _FAR)


def softmax(first: Tensor, second: Tensor, sharpness: Tensor, no_negative: Tensor | None) -> Tensor:
    """Return symmetric InfoNCE (van den Oord et al., 2018)."""
    scores = _scores(first, second, sharpness, no_negative)
    own = torch.arange(len(scores))
    return (cross_entropy(scores, own) + cross_entropy(scores.T, own)) / 2


def decoupled(first: Tensor, second: Tensor, sharpness: Tensor, no_negative: Tensor | None) -> Tensor:
    """Return softmax without the right pair among the wrong ones (Yeh et al., 2022; Gupta et al., 2024)."""
    scores = _scores(first, second, sharpness, no_negative)
    right = scores.diagonal()
    wrong = scores - torch.diag(torch.full_like(right, -_FAR))
    return (wrong.logsumexp(1) + wrong.logsumexp(0)).mean() / 2 - right.mean()


def sigmoid(first: Tensor, second: Tensor, sharpness: Tensor, no_negative: Tensor | None) -> Tensor:
    """Return the pairwise sigmoid loss (Zhai et al., 2023), its bias fixed where theirs starts."""
    scores = _scores(first, second, sharpness, no_negative) + _SIGMOID_BIAS
    signs = 2 * torch.eye(len(scores)) - 1
    return -logsigmoid(signs * scores).sum() / len(scores)


def barlow(first: Tensor, second: Tensor, sharpness: Tensor, no_negative: Tensor | None) -> Tensor:
    """Return Barlow Twins (Zbontar et al., 2021): correlations between the two views' dimensions, no negatives."""
    ours, theirs = _standard(normalize(first, dim=1)), _standard(normalize(second, dim=1))
    return _redundancy(ours.T @ theirs / len(ours))


def mixed_barlow(first: Tensor, second: Tensor, sharpness: Tensor, no_negative: Tensor | None) -> Tensor:
    """Return Barlow Twins with mixed samples (Bandara et al., 2023), mixed where a text is a sum: among the vectors."""
    first, second = normalize(first, dim=1), normalize(second, dim=1)
    share, other = torch.rand(()), torch.randperm(len(first))
    mixed = _standard(share * first + (1 - share) * second[other])
    ours, theirs, n = _standard(first), _standard(second), len(first)
    apart = torch.zeros(())
    for side in (ours, theirs):
        expected = share * (ours.T @ side) / n + (1 - share) * (theirs[other].T @ side) / n
        apart = apart + (mixed.T @ side / n - expected).square().sum()
    return _redundancy(ours.T @ theirs / n) + _DECORRELATION / 2 * apart


def _standard(vectors: Tensor) -> Tensor:
    return (vectors - vectors.mean(0)) / (vectors.std(0) + 1e-6)


def _redundancy(correlation: Tensor) -> Tensor:
    own = correlation.diagonal()
    rest = correlation.square().sum() - own.square().sum()
    return (1 - own).square().sum() + _DECORRELATION * rest


OBJECTIVES: dict[str, Objective] = {
    "softmax": softmax,
    "decoupled": decoupled,
    "sigmoid": sigmoid,
    "barlow": barlow,
    "mixed_barlow": mixed_barlow,
}
