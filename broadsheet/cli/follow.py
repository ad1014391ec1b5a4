"""Commands for what is followed: follow, digest."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from broadsheet.cli.common import Json, answer, opened
from broadsheet.errors import InputError
from broadsheet.records import Every, Follow, FollowKind, Reader

if TYPE_CHECKING:
    from broadsheet.library import Library

Whose = Annotated[
    str | None,
    typer.Option("--reader", metavar="ADDRESS", help="Whose; without it, the local reader's, who has no account."),
]


def follow(
    kind: Annotated[
        FollowKind | None,
        typer.Argument(
            metavar="KIND", help="front, search, author, venue, category, concept, shelf, like-shelf or like."
        ),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Argument(metavar="WHAT", help="A query, a name, a category, a shelf's number, or papers' identifiers."),
    ] = None,
    unlike: Annotated[
        list[str] | None, typer.Option("--unlike", metavar="ID", help="A paper to keep away from, for `like`.")
    ] = None,
    every: Annotated[Every, typer.Option(help="How often its digests come.")] = "daily",
    size: Annotated[int, typer.Option(metavar="N", min=1, max=50, help="Papers in one digest, at most.")] = 10,
    threshold: Annotated[
        float, typer.Option(metavar="X", min=0, max=1, help="How well a paper must match, 0 to 1.")
    ] = 0.6,
    stop: Annotated[int | None, typer.Option("--stop", metavar="N", help="Stop following number N.")] = None,
    reader: Whose = None,
    json: Json = False,
) -> None:
    """Follow a search, author, venue, category, concept, shelf, papers or the front page; without KIND, list them."""
    with opened() as library:
        who = reader_of(library, reader)
        if stop is not None:
            library.unfollow(who, stop)
        if kind is not None:
            words = [*(text or ()), *(f"-{name}" for name in unlike or ())]
            library.follow(who, kind, " ".join(words), every=every, size=size, threshold=threshold)
        found = library.follows(who)
    answer(
        {"follows": [asdict(one) for one in found]},
        "\n".join(map(_line, found)) or "Nothing is followed.",
        as_json=json,
    )


def digest(
    action: Annotated[
        Literal["preview", "send"],
        typer.Argument(metavar="ACTION", help="preview: what would come now; send: make and send all that is due."),
    ] = "preview",
    reader: Whose = None,
    json: Json = False,
) -> None:
    """Show what the next digest would be, or make those that are due and send all mail that waits."""
    with opened() as library:
        document, shown = _sent(library) if action == "send" else _previewed(library, reader)
    answer(document, shown, as_json=json)


def _previewed(library: Library, name: str | None) -> tuple[dict[str, Any], str]:
    from broadsheet.mail import letters, rendering

    links = dict.fromkeys(("manage", "unsubscribe"), f"{library.base}/follows")
    found = library.preview(reader_of(library, name))
    told = letters.digest_told(found, library.papers_of(found), library.base, library.now, links)
    text = rendering.text("digest", told).rstrip() if found.sections else "There is nothing to say now."
    return {"day": told["day"], "count": told["count"], "sections": told["sections"]}, text


def _sent(library: Library) -> tuple[dict[str, Any], str]:
    from broadsheet import now
    from broadsheet.jobs import Event, Post

    if library.no_mail:
        raise InputError(library.no_mail)
    events: list[Event] = []
    post = Post(library, now=now, report=events.append)
    while post.turn():
        pass
    status = library.mail_status()
    made = sum(event.detail["digests"] for event in events if event.job == "digests" and event.ok)
    sent = sum(event.detail.get("sent", 0) for event in events if event.job == "mail")
    errors = [event.detail["error"] for event in events if "error" in event.detail]
    trouble = status["server"] or status["last_refusal"] or "; ".join(errors)
    text = f"{made} digests made, {sent} letters sent, {status['waiting']} waiting."
    return {"made": made, "sent": sent, **status}, f"{text} {trouble or ''}".rstrip()


def reader_of(library: Library, name: str | None) -> Reader:
    """Return the reader of an address, or the local reader.

    Raises:
        InputError: there is no local reader.
        NotFound: there is no such reader.
    """
    found = library.find_reader(name) if name else library.local_reader()
    if found is None:
        raise InputError("There are accounts here; say whose with --reader ADDRESS.")
    return found


def _line(follow: Follow) -> str:
    last = "not looked at yet" if follow.looked is None else f"{follow.found} found {follow.looked[:10]}"
    return f"{follow.id:4}  {follow.name}  ({follow.every}, at most {follow.size}; {last}, next {follow.due[:16]} UTC)"
