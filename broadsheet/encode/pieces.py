"""Words in pieces of a fixed vocabulary: the stem of each word, cut by greedy longest match."""

from __future__ import annotations

from collections.abc import Sequence

from broadsheet.text.tokens import stem

CONTINUES = "##"  # begins a piece that stands inside a word
_LONGEST_WORD = 100
_CACHED_WORDS = 1 << 19


class Pieces(dict[str, tuple[int, ...]]):
    """A cache: word to the numbers of its pieces; a word asked for the first time is cut.

    Greedy longest match as in WordPiece (Schuster and Nakajima, 2012; Wu et al., 2016), but a character that no piece
    begins with is skipped instead of spoiling its word. Only the first 100 characters of a word count.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self._numbers = {piece: number for number, piece in enumerate(vocabulary)}
        self._longest = max(map(len, vocabulary), default=0)

    def __missing__(self, word: str) -> tuple[int, ...]:
        if len(self) >= _CACHED_WORDS:
            self.clear()
        self[word] = pieces = self._cut(stem(word)[:_LONGEST_WORD])
        return pieces

    def _cut(self, word: str) -> tuple[int, ...]:
        found, position = [], 0
        while position < len(word):
            number, position = self._match(word, position)
            if number is not None:
                found.append(number)
        return tuple(found)

    def _match(self, word: str, begin: int) -> tuple[int | None, int]:
        """Return the number and the end of the longest piece at a position; without one, None and the next position."""
        prefix = CONTINUES if begin else ""
        for end in range(min(len(word), begin + self._longest), begin, -1):
            number = self._numbers.get(prefix + word[begin:end])
            if number is not None:
                return number, end
        return None, begin + 1
