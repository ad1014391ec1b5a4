"""What people see of listings, papers and status in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from broadsheet.records import Edition, Hit, Listing, Paper, Span, Topic

if TYPE_CHECKING:
    from broadsheet.checks import Check
    from broadsheet.store import Merge

_NAMED = 4  # authors named in a list before "and others"


def listing(found: Listing) -> None:
    """Print a list of papers."""
    console = _console()
    for note in found.notes:
        console.print(Text(note, style="yellow"))
    first = 1 + (found.page - 1) * max(len(found.hits), 1)
    for place, hit in enumerate(found.hits, first):
        _hit(console, place, hit)
    console.print(_count(found), style="dim")


def edition(found: Edition) -> None:
    """Print the front page of a day, week or month."""
    console = _console()
    console.print(Text(f"{found.day} · {found.total:,} papers", style="bold"))
    for place, paper in enumerate(found.papers, 1):
        votes = f"▲ {paper.signals['votes']:.0f}" if paper.signals.get("votes") else ""
        _placed(console, place, paper, votes)
    near = [f"{word} {name}" for word, name in (("before", found.earlier), ("after", found.later)) if name]
    console.print(Text("; ".join(near) or "No other has papers."), style="dim")


def trending(found: Listing) -> None:
    """Print what trends, with scores."""
    console = _console()
    first = 1 + (found.page - 1) * max(len(found.hits), 1)
    for place, hit in enumerate(found.hits, first):
        _placed(console, place, hit.paper, f"{hit.score:.0f}")
    if not found.hits:
        console.print("No paper here has a day yet, so nothing can trend.", style="dim")


def topics(month: str, found: Sequence[Topic]) -> None:
    """Print the concepts of a month, with the papers that have them."""
    console = _console()
    for topic in found:
        times = f"{topic.papers / topic.expected:.1f} times as many as in the year before"
        console.print(Text(topic.name, style="bold") + Text(f"  {topic.papers} papers, {times}", style="dim"))
    if not found:
        console.print(f"No paper of {month} has a topic here.", style="dim")


def _placed(console: Console, place: int, paper: Paper, figure: str) -> None:
    console.print(Text(f"{place:>3}  ") + Text(paper.title, style="bold"), soft_wrap=True)
    facts = " · ".join(part for part in (paper.id, figure, paper.announced, _byline(paper)) if part)
    console.print(Text(f"     {facts}", style="dim"), soft_wrap=True)


def _count(found: Listing) -> str:
    if not found.hits:
        return "Nothing was found."
    more = f" --page {found.next} shows more." if found.next else ""
    return f"{found.total:,} papers match, in {found.milliseconds:.0f} ms.{more}"


def _hit(console: Console, place: int, hit: Hit) -> None:
    title = Text(f"{place:>3}  ") + _marked(hit.paper.title, hit.title_marks, "bold")
    console.print(title, soft_wrap=True)
    near = " · by meaning" if hit.by_meaning else ""
    console.print(Text(f"     {hit.paper.id} · {_byline(hit.paper)}{near}", style="dim"), soft_wrap=True)
    if hit.because is not None:
        console.print(Text(f"     because you saved {hit.because.title}", style="dim"), soft_wrap=True)
    if hit.reasons is not None:
        console.print(Text(f"     {_why(hit)}", style="dim"), soft_wrap=True)


def _why(hit: Hit) -> str:
    assert hit.reasons is not None
    parts = {**hit.reasons.words, **hit.reasons.shares}
    return ", ".join(f"{name} {value:.2f}" for name, value in parts.items())


def _marked(text: str, marks: Sequence[Span], style: str) -> Text:
    shown = Text(text)
    for mark in marks:
        shown.stylize(style, mark.start, mark.end)
    return shown


def _byline(paper: Paper) -> str:
    names = [author.name for author in paper.authors[:_NAMED]]
    people = ", ".join(names) + (" and others" if len(paper.authors) > _NAMED else "")
    return " · ".join(part for part in (people, paper.date, paper.venue) if part)


def paper(found: Paper, perhaps_same: Sequence[Paper], merges: Sequence[Merge]) -> None:
    """Print one paper."""
    console = _console()
    console.print(Text(found.title, style="bold"))
    console.print(Text(", ".join(author.name for author in found.authors)))
    console.print(_facts(found))
    if found.text:
        console.print(Padding(Text(found.text), (1, 0)))
    for other in perhaps_same:
        console.print(Text(f"Perhaps the same: {other.id} {other.title}", style="dim"))
    for merge in (merge for merge in merges if merge.undone is None):
        console.print(Text(f"Merged, undone by `broadsheet unmerge {merge.id}`.", style="dim"))


def _facts(found: Paper) -> Table:
    facts = {
        "id": " ".join((found.id, *(name for name in found.identifiers if name != found.id))),
        "date": found.date,
        "announced": found.announced,
        "venue": found.venue,
        "categories": " ".join(found.categories),
        "signals": ", ".join(f"{value:g} {kind}" for kind, value in found.signals.items()),
        "status": None if found.status == "published" else found.status,
        **found.links,
        "sources": ", ".join(found.sources),
    }
    return _table((name, Text(value)) for name, value in facts.items() if value)


def status(document: dict[str, Any]) -> None:
    """Print what `broadsheet status` found."""
    console = _console()
    rows = [(name.replace("_", " "), _figure(value)) for name, value in document.items() if _is_plain(value)]
    rows.append(("snapshot", _snapshot(document["snapshot"])))
    rows.append(("mail", _mail(document["mail"])))
    rows.append(("submissions", _submissions(document["submissions"])))
    rows += [(f"source {source['name']}", _source(source)) for source in document["sources"]]
    console.print(_table(rows))
    for record in document.get("set_aside_records", ()):
        console.print(Text(f"{record['source']} {record['where']}: {record['reason']}"), soft_wrap=True)


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int)


def _figure(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _mail(mail: dict[str, Any]) -> str:
    if mail["off"] and not mail["waiting"]:
        return f"none is sent: {mail['off']}"
    said = f"{mail['sent']:,} sent and {mail['failed']:,} given up in the last day, {mail['waiting']:,} waiting"
    trouble = mail["off"] or mail["server"] or mail["last_refusal"]
    return f"{said}; {trouble}" if mail["waiting"] and trouble else said


def _submissions(counts: dict[str, Any]) -> str:
    since = f" since {counts['waiting_since'][:16].replace('T', ' ')} UTC" if counts["waiting"] else ""
    settled = f"{counts['taken']:,} taken and {counts['refused']:,} refused in the last day"
    return f"{settled}, {counts['waiting']:,} to be fetched{since}"


def _snapshot(snapshot: dict[str, Any] | None) -> str:
    if snapshot is None:
        return "none yet: run `broadsheet refresh`"
    lag = f"{snapshot['lag']:,} changes behind" if snapshot["lag"] else "up to date"
    return f"{snapshot['papers']:,} papers, {snapshot['bytes'] / 1e6:,.1f} MB, change {snapshot['change']:,}, {lag}"


def _source(source: dict[str, Any]) -> str:
    seen = f"seen {source['seen'][:16].replace('T', ' ')} UTC" if source["seen"] else "never seen"
    aside = f", {source['set_aside']:,} set aside" if source["set_aside"] else ""
    failure = f"; FAILED: {source['failure']}" if source["failure"] else ""
    return f"{source['records']:,} records, {seen}{aside}{failure}"


def checks(found: Sequence[Check]) -> None:
    """Print what `broadsheet doctor` found."""
    console = _console()
    for check in found:
        mark = Text("well   ", style="green") if check.ok else Text("not so ", style="red")
        console.print(mark + Text(f"{check.name}: {check.detail}"), soft_wrap=True)


def _table(rows: Any) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in rows:
        table.add_row(Text(name, style="dim"), value)
    return table


def _console() -> Console:
    return Console(highlight=False, markup=False, emoji=False)
