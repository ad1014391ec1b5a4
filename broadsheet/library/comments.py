"""Comments in threads, and what readers are told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from broadsheet import rights
from broadsheet.errors import Forbidden, InputError, NotFound
from broadsheet.library.acts import Acts
from broadsheet.records import Comment, Notification, Reader
from broadsheet.text import markdown

LONGEST_COMMENT = 10_000
_TOLD = 100  # notifications that are shown


class Comments(Acts):
    """What readers write on papers."""

    def comment(self, reader: Reader, identifier: str, text: str, *, parent: int | None = None) -> int:
        """Write a comment on a paper, or an answer to one, and return its number.

        Raises:
            InputError: it says nothing, or too much.
            NotFound: there is no such paper, or the comment it answers is not on it.
        """
        self._may(reader, "comment")
        said = _checked(text)
        called = markdown.mentions(said)
        key = self._key(identifier)
        return self.store.comments.add(reader.id, key, said, parent=parent, mentioned=called, now=self.now)

    def edit_comment(self, reader: Reader, number: int, text: str) -> Comment:
        """Change what one of the reader's comments says; what it said is kept.

        Raises:
            Forbidden: it is somebody else's.
            NotFound: there is no such comment, or it is gone.
        """
        self._may(reader, "comment")
        comment, said = self.comment_of(reader, number), _checked(text)
        if said != comment.text:
            self.store.comments.edit(number, said, now=self.now)
        return comment

    def delete_comment(self, reader: Reader, number: int) -> Comment:
        """Empty one of the reader's comments; its place in the thread stays.

        Raises:
            Forbidden: it is somebody else's.
            NotFound: there is no such comment, or it is gone.
        """
        comment = self.comment_of(reader, number)
        self.store.comments.delete(number, now=self.now)
        return comment

    def comment_of(self, reader: Reader, number: int) -> Comment:
        """Return one of the reader's own comments.

        Raises:
            Forbidden: it is somebody else's.
            NotFound: there is no such comment, or it is gone.
        """
        comment = self.standing_comment(number)
        if comment.reader != reader.id:
            raise Forbidden("This comment is somebody else's.")
        return comment

    def standing_comment(self, number: int) -> Comment:
        """Return a comment that everybody may read.

        Raises:
            NotFound: there is none of this number, or it is gone.
        """
        comment = self.one_comment(number)
        if comment.gone:
            raise NotFound("This comment is gone.")
        return comment

    def one_comment(self, number: int) -> Comment:
        """Return a comment.

        Raises:
            NotFound: there is none of this number.
        """
        found = self.store.comments.get(number)
        if found is None:
            raise NotFound("There is no such comment.")
        return found

    def comments(self, identifier: str) -> list[tuple[int, Comment]]:
        """Return a paper's comments in the order of threads, each with how many it stands below."""
        return threaded(self.store.comments.of_paper(self._key(identifier)))

    def earlier_versions(self, reader: Reader | None, number: int) -> list[tuple[str, str]]:
        """Return (when, text) of what a comment said before it was edited.

        Raises:
            NotFound: there is no such comment, or it is gone and the reader is no moderator.
        """
        comment = self.one_comment(number)
        if comment.gone and not (reader is not None and rights.may(reader.role, "moderate")):
            raise NotFound("This comment is gone.")
        return self.store.comments.versions(number)

    def notifications(self, reader: Reader) -> list[Notification]:
        """Return what a reader is told, the last first."""
        return self.store.comments.notifications(reader.id, _TOLD)

    def unread(self, reader: Reader) -> int:
        """Return how many things the reader was told and has not read."""
        return self._kept(lambda: self.store.comments.unread(reader.id), "unread", reader.id)

    def read_notifications(self, reader: Reader) -> None:
        """Note that the reader has read what they were told."""
        self.store.comments.read_all(reader.id, now=self.now)


def threaded(comments: Sequence[Comment]) -> list[tuple[int, Comment]]:
    """Return comments in the order of their threads, each with its depth; what is gone and unanswered is left out."""
    below: dict[int | None, list[Comment]] = defaultdict(list)
    known = {comment.id for comment in comments}
    for comment in comments:
        below[comment.parent if comment.parent in known else None].append(comment)
    answered = {comment.parent for comment in comments}
    found: list[tuple[int, Comment]] = []
    waiting = [(0, comment) for comment in reversed(below[None])]
    while waiting:
        depth, comment = waiting.pop()
        if not comment.gone or comment.id in answered:
            found.append((depth, comment))
        waiting += [(depth + 1, answer) for answer in reversed(below[comment.id])]
    return found


def _checked(text: str) -> str:
    said = text.replace("\r\n", "\n").strip()
    if not said or len(said) > LONGEST_COMMENT:
        raise InputError(f"A comment has between 1 and {LONGEST_COMMENT:,} characters.")
    return said
