"""What is posted to a hook: as signed JSON, or as Slack, Matrix, Discord and Telegram take it. Pure."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import orjson

from broadsheet.mail import letters, rendering
from broadsheet.records import Follow, Hook, Paper, Pick, Section
from broadsheet.text import cite

TEST = "This is a test: what matches this follow will be posted here."
_MOST_EMBEDS = 10  # of one message at Discord
_MOST_SHOWN = 2_000  # characters of a message at Discord
_LONGEST_TITLE, _LONGEST_TEXT = 256, 300
_MOST_TELEGRAM = 4_096  # characters that Telegram takes


@dataclass(frozen=True, slots=True)
class Call:
    """One request: where it goes, and what it says."""

    url: str
    body: bytes
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)


def call(
    number: int,
    hook: Hook,
    follow: Follow,
    section: Section | None,
    papers: Mapping[int, Paper],
    base: str,
    now: datetime,
) -> Call:
    """Return the request that brings what was found, or a test where nothing is given, signed.

    Without a `base`, the public address of this paper, papers are linked where their source has them. `number` is the
    post's own, for ever the same: a receiver knows by it what came twice.
    """
    made = _FORMATS[hook.format](hook, _told(follow, section, papers, base, now), f"msg_{number}")
    agent = {"User-Agent": f"broadsheet/{version('broadsheet')}", "Content-Type": "application/json"}
    signed = signature(hook.secret, f"msg_{number}", round(now.timestamp()), made.body)
    return Call(made.url, made.body, made.method, {**agent, **signed, **made.headers})


def signature(secret: str, name: str, moment: int, body: bytes) -> dict[str, str]:
    """Return the headers of Standard Webhooks: the message's name, the time (s), and HMAC-SHA-256 over these and it."""
    key = b64decode(secret.removeprefix("whsec_"))
    made = hmac.new(key, f"{name}.{moment}.".encode() + body, sha256).digest()
    return {
        "webhook-id": name,
        "webhook-timestamp": str(moment),
        "webhook-signature": f"v1,{b64encode(made).decode()}",
    }


def _told(
    follow: Follow, section: Section | None, papers: Mapping[int, Paper], base: str, now: datetime
) -> dict[str, Any]:
    picks = [pick for pick in section.picks if pick.key in papers] if section else []
    shown = [_paper(papers[pick.key], pick, papers, base) for pick in picks]
    return {
        "type": "follow.matched" if section else "follow.test",
        "timestamp": now.isoformat(timespec="seconds"),
        "follow": follow.name,
        "url": base and base + follow.path,
        "more": section.more if section else 0,
        "papers": shown if section else [_test(base)],
        "hits": [_hit(papers[pick.key], pick.score, told) for pick, told in zip(picks, shown, strict=True)],
    }


def _test(base: str) -> dict[str, Any]:
    return {"title": TEST, "url": base and f"{base}/follows", "by": "", "summary": ""}


def _paper(paper: Paper, pick: Pick, papers: Mapping[int, Paper], base: str) -> dict[str, Any]:
    told = letters.paper_told(paper, pick, papers, base)
    return told if base else {**told, "url": cite.source_url(paper)}


def _hit(paper: Paper, score: float, told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": paper.id,
        "title": paper.title,
        "url": told["url"] or None,
        "abstract": paper.text,
        "authors": [author.name for author in paper.authors],
        "date": paper.date,
        "venue": paper.venue,
        "categories": list(paper.categories),
        "score": score,
        "why": told["why"],
    }


def _json(hook: Hook, told: dict[str, Any], name: str) -> Call:
    follow = {"id": hook.follow, "name": told["follow"], "url": told["url"] or None}
    data = {"follow": follow, "more": told["more"], "papers": told["hits"]}
    return Call(hook.url, orjson.dumps({"type": told["type"], "timestamp": told["timestamp"], "data": data}))


def _slack(hook: Hook, told: dict[str, Any], name: str) -> Call:
    text = rendering.part("hook/slack.txt", told).strip()
    return Call(hook.url, orjson.dumps({"text": text, "unfurl_links": False, "unfurl_media": False}))


def _discord(hook: Hook, told: dict[str, Any], name: str) -> Call:
    where = f": {told['url']}" if told["url"] else ""
    more = f" (and {told['more']} more{where})" if told["more"] else ""
    embeds = [
        {
            "title": paper["title"][:_LONGEST_TITLE],
            **({"url": paper["url"]} if paper["url"] else {}),
            "description": "\n".join(filter(None, (paper["by"], paper["summary"])))[:_LONGEST_TEXT],
        }
        for paper in told["papers"][:_MOST_EMBEDS]
    ]
    content = f"{told['follow']}{more}"[:_MOST_SHOWN]
    return Call(hook.url, orjson.dumps({"content": content, "embeds": embeds, "allowed_mentions": {"parse": []}}))


def _telegram(hook: Hook, told: dict[str, Any], name: str) -> Call:
    parts = urlsplit(hook.url)
    text = _fitting("hook/telegram.html", told, _MOST_TELEGRAM)
    body = {
        "chat_id": parse_qs(parts.query)["chat_id"][-1],
        "text": text,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
    }
    return Call(parts._replace(query="").geturl(), orjson.dumps(body))


def _fitting(template: str, told: dict[str, Any], most: int) -> str:
    """Return a message without the last papers that there is no room for: one cut in the middle would not be taken."""
    shown = list(told["papers"])
    while True:
        left_out = len(told["papers"]) - len(shown)
        text = rendering.part(template, {**told, "papers": shown, "more": told["more"] + left_out}).strip()
        if len(text) <= most or not shown:
            return text
        shown.pop()


def _matrix(hook: Hook, told: dict[str, Any], name: str) -> Call:
    """Return the request that sends a message to a room; sent again it is known by its name, and shown once."""
    body = {
        "msgtype": "m.text",
        "body": rendering.part("hook/plain.txt", told).strip(),
        "format": "org.matrix.custom.html",
        "formatted_body": rendering.part("hook/matrix.html", told).strip(),
    }
    room = hook.url.rstrip("/").removesuffix("/send/m.room.message")
    url = f"{room}/send/m.room.message/{quote(f'broadsheet-{hook.id}-{name}')}"
    return Call(url, orjson.dumps(body), "PUT", {"Authorization": f"Bearer {hook.token}"})


_FORMATS: Mapping[str, Callable[[Hook, dict[str, Any], str], Call]] = {
    "json": _json,
    "slack": _slack,
    "discord": _discord,
    "telegram": _telegram,
    "matrix": _matrix,
}
