"""Commands that look after accounts: reader add, list, role, ban, unban, link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from broadsheet.cli.common import Json, answer, opened

if TYPE_CHECKING:
    from broadsheet.library import Library
    from broadsheet.records import Reader

app = typer.Typer(no_args_is_help=True, help="Look after accounts: who reads here, and what they may do.")

Who = Annotated[str, typer.Argument(metavar="WHO", help="An address, a name or a number.")]


@app.command()
def add(
    email: Annotated[str, typer.Argument(metavar="ADDRESS", help="The reader's e-mail address.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="What they are called; they can change it.")] = "",
    role: Annotated[str, typer.Option(metavar="ROLE", help="reader, editor, moderator or admin.")] = "reader",
    admin: Annotated[bool, typer.Option("--admin", help="The same as --role admin.")] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Give the account what the local reader voted for and saved.")
    ] = False,
    json: Json = False,
) -> None:
    """Make an account and print a link that logs it in once; with the first, the local reader is no more."""
    from broadsheet.library.accounts import checked_role

    with opened() as library:
        made = library.add_reader(email, name=name, role=checked_role("admin" if admin else role), take_over=take_over)
        link = _link(library, made)
    answer({**_plain(made), "link": link}, f"{made.email} is {_a(made.role)}. To log in, once:\n{link}", as_json=json)


@app.command("list")
def list_(json: Json = False) -> None:
    """List accounts."""
    with opened() as library:
        readers = library.readers(limit=100_000)
    answer({"readers": [_plain(reader) for reader in readers]}, lambda: _table(readers), as_json=json)


@app.command()
def role(
    who: Who,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="reader, editor, moderator or admin.")],
    json: Json = False,
) -> None:
    """Change what a reader may do."""
    from broadsheet.library.accounts import checked_role

    with opened() as library:
        changed = library.set_role(library.find_reader(who), checked_role(role))
    answer(_plain(changed), f"{changed.name} is {_a(changed.role)} now.", as_json=json)


@app.command()
def ban(who: Who, json: Json = False) -> None:
    """Lock a reader out, at once and everywhere; their votes do not count any more."""
    with opened() as library:
        banned = library.ban(library.find_reader(who))
    answer(_plain(banned), f"{banned.name} is locked out.", as_json=json)


@app.command()
def unban(who: Who, json: Json = False) -> None:
    """Let a banned reader in again."""
    with opened() as library:
        free = library.unban(library.find_reader(who))
    answer(_plain(free), f"{free.name} may come in again.", as_json=json)


@app.command()
def link(who: Who, json: Json = False) -> None:
    """Print a link that logs a reader in once, within seven days: for an instance that sends no mail."""
    with opened() as library:
        address = _link(library, library.find_reader(who))
    answer({"link": address}, address, as_json=json)


def _link(library: Library, reader: Reader) -> str:
    return (library.settings.url.rstrip("/") or "http://127.0.0.1:8000") + library.login_link(reader)


def _plain(reader: Reader) -> dict[str, Any]:
    from broadsheet.library.accounts import plain

    return plain(reader)


def _a(role: str) -> str:
    return f"{'an' if role[0] in 'ae' else 'a'} {role}"


def _table(readers: list[Reader]) -> None:
    for reader in readers:
        said = [reader.role, *([reader.state] if reader.state != "active" else [])]
        print(f"{reader.id:>6}  {reader.email or '-':<32}  {reader.name:<24}  {', '.join(said)}")
