"""The pieces of a static encoder: a WordPiece vocabulary over the stems of a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from broadsheet.encode.pieces import CONTINUES, Pieces
from broadsheet.text.tokens import stem
from broadsheet.training.corpus import Corpus, in_pieces

_UNKNOWN = "[UNK]"
_FEWEST = 3  # a stem seen less often has no say in the vocabulary
_ALPHABET = 500


def learn(corpus: Corpus, size: int) -> list[str]:
    """Return at most `size` pieces, the most useful first (WordPiece, Schuster and Nakajima, 2012)."""
    tokenizer = Tokenizer(models.WordPiece(unk_token=_UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size + 1,
        min_frequency=2,
        special_tokens=[_UNKNOWN],
        limit_alphabet=_ALPHABET,
        continuing_subword_prefix=CONTINUES,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_stems(corpus), trainer)
    numbers = tokenizer.get_vocab()
    del numbers[_UNKNOWN]
    return sorted(numbers, key=lambda piece: numbers[piece])


def _stems(corpus: Corpus) -> Iterator[str]:
    """Yield each stem half as often as it occurs: only the proportions matter to the trainer, and it counts faster."""
    counts: Counter[str] = Counter()
    for word, count in zip(corpus.vocabulary, corpus.counts().tolist(), strict=True):
        counts[stem(word)] += count
    for word, count in sorted(counts.items()):
        if count >= _FEWEST:
            yield " ".join([word] * -(-count // 2))


def cut(corpus: Corpus, vocabulary: list[str]) -> Corpus:
    """Return a corpus of words in pieces, cut as the encoder will cut them."""
    pieces = Pieces(vocabulary)
    return in_pieces(corpus, vocabulary, [pieces[word] for word in corpus.vocabulary])
