"""Commands for where matches are posted to: hook add, list, test, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from broadsheet.cli.common import Json, answer, opened
from broadsheet.cli.follow import Whose, reader_of
from broadsheet.errors import Unavailable
from broadsheet.records import Hook, HookFormat, Reader

if TYPE_CHECKING:
    from broadsheet.library import Library

app = typer.Typer(no_args_is_help=True, help="Have what matches a follow posted to a chat or a program.")

Which = Annotated[int, typer.Argument(metavar="HOOK", help="The webhook's number.")]


@app.command()
def add(
    follow: Annotated[
        int, typer.Argument(metavar="FOLLOW", help="The follow's number, as `broadsheet follow` lists it.")
    ],
    url: Annotated[str, typer.Argument(metavar="URL", help="The address to post to.")],
    format: Annotated[HookFormat, typer.Option(help="json, slack, matrix, discord or telegram.")] = "json",
    token: Annotated[str, typer.Option(metavar="TOKEN", help="Matrix's access token.")] = "",
    reader: Whose = None,
    json: Json = False,
) -> None:
    """Have what matches a follow from now on posted to an address; print the secret that posts are signed with."""
    with opened() as library:
        made = library.add_hook(reader_of(library, reader), follow, url, format=format, token=token)
    answer({**_plain(made), "secret": made.secret}, f"{_line(made)}\nSecret: {made.secret}", as_json=json)


@app.command("list")
def list_(reader: Whose = None, json: Json = False) -> None:
    """List webhooks and how they do."""
    with opened() as library:
        found = library.hooks(reader_of(library, reader))
    document = {"hooks": [_plain(hook) for hook in found]}
    answer(document, "\n".join(map(_line, found)) or "There are no webhooks.", as_json=json)


@app.command()
def test(hook: Which, reader: Whose = None, json: Json = False) -> None:
    """Post a test at once, with all else that is due; exits 5 where it does not arrive."""
    with opened() as library:
        who = reader_of(library, reader)
        library.test_hook(who, hook)
        tried = _tried(library, who, hook)
    if tried.failing is not None:
        raise Unavailable(f"The test did not arrive at {_host(tried)}: {tried.reason}")
    answer(_plain(tried), f"The test arrived at {_host(tried)}.", as_json=json)


@app.command()
def remove(hook: Which, reader: Whose = None, json: Json = False) -> None:
    """Post nothing more to a webhook."""
    with opened() as library:
        library.remove_hook(reader_of(library, reader), hook)
    answer({"removed": hook}, f"Nothing is posted to number {hook} any more.", as_json=json)


def _tried(library: Library, who: Reader, number: int) -> Hook:
    from broadsheet import now
    from broadsheet.mail.herald import Herald

    while Herald(library, now).turn():
        pass
    return next(hook for hook in library.hooks(who) if hook.id == number)


def _plain(hook: Hook) -> dict[str, Any]:
    kept = ("id", "follow", "format", "posted", "failing", "stopped", "reason")
    return {name: getattr(hook, name) for name in kept} | {"host": _host(hook)}


def _host(hook: Hook) -> str:
    return urlsplit(hook.url).hostname or ""


def _line(hook: Hook) -> str:
    state = f"stopped {hook.stopped[:10]}: {hook.reason}" if hook.stopped else ""
    state = state or (f"failing since {hook.failing[:16]} UTC: {hook.reason}" if hook.failing else "")
    state = state or (f"last posted {hook.posted[:16]} UTC" if hook.posted else "nothing posted yet")
    return f"{hook.id:4}  follow {hook.follow} to {_host(hook)} as {hook.format} ({state})"
