"""A month of digests in minutes: 1,000 readers, 5,000 follows, workers that are killed, a mail server that misbehaves.

    python benchmarks/month.py ../shared/papers [--readers 1000] [--kills 200] [--days 31] [--json]

March 2026, when clocks change in America and in Europe: real front-page days and arXiv papers are published day by
day; three processes plan and send, and are killed at random (SIGKILL); the mail server (aiosmtpd on localhost)
refuses, stalls, drops connections before and after it has taken a letter, is dead for a while, and sends reports of
failures and complaints; readers leave by one click. Then everything is counted: exits 1 if anything is not as promised.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import zstandard
from aiosmtpd.controller import Controller
from starlette.testclient import TestClient

from broadsheet.app import create
from broadsheet.jobs import Post
from broadsheet.library import Library
from broadsheet.mail import smtp
from broadsheet.records import Author, Batch, Signal, SourceRecord
from broadsheet.settings import Settings

SEED = 20260301
START, DAYS = datetime(2026, 3, 1, tzinfo=UTC), 31
URL = "https://papers.example.org"
ZONES = (
    *("UTC", "Europe/Paris", "Europe/London", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo"),
    *("Asia/Tokyo", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Sydney", "Pacific/Auckland", "Africa/Lagos"),
)
WORKERS = 3
STEP = timedelta(minutes=5, seconds=5)  # by which the clock moves where something waits for it: a lease, a second try
PATIENCE = 0.7  # seconds without any progress until it does
HANDS = 16  # threads that enrol readers: what they write goes into common transactions
PUBLISHED = 4  # o'clock UTC, when a day's papers come
DEAD = range(9 * 24 + 6, 9 * 24 + 12)  # hours of the month in which there is no mail server
PAPER = re.compile(r"^  " + re.escape(URL) + r"/papers/(\S+)$", re.M)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# -- workers -----------------------------------------------------------------------------------------------------------


class Clock:
    """The time of the simulated month: a file that all processes read."""

    def __init__(self, home: Path) -> None:
        self._file = home / "now"

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(float(self._file.read_text()), UTC)

    def set(self, now: datetime) -> None:
        aside = self._file.with_suffix(".new")
        aside.write_text(str(now.timestamp()))
        aside.replace(self._file)


def settings(home: Path, port: int) -> Settings:
    return Settings(
        home=home,
        url=URL,
        smtp_url=f"smtp://127.0.0.1:{port}",
        registration="open",
        bounces=str(home / "bounces"),
        mail_from="Broadsheet <paper@papers.example.org>",
    )


def work(home: Path, port: int) -> None:
    """Plan and send until killed; the limits of SMTP are seconds instead of minutes."""
    smtp.COMMAND, smtp.LETTER, smtp.ALL = 2.0, 2.0, 10.0
    clock = Clock(home)
    with Library(settings(home, port), clock=clock) as library:
        post = Post(library, now=clock, report=lambda event: None if event.ok else say(f"  {event.detail}"))
        post.turn()
        (home / f"ready-{os.getpid()}").touch()
        while os.getppid() != 1:
            if not post.turn():
                time.sleep(0.05)


class Crew:
    """Worker processes, and a hand that kills one of them at random and starts another in its place.

    It kills up to as many as are `wanted` by now, so that kills are spread over the whole month.
    """

    def __init__(self, home: Path, port: int) -> None:
        self._home = home
        self._command = [sys.executable, __file__, "--worker", str(home), str(port)]
        self._random = random.Random(SEED)
        self.killed = self.wanted = 0
        self._workers = [self._start() for _ in range(WORKERS)]
        self._end = threading.Event()
        self._hand = threading.Thread(target=self._kill, daemon=True)
        self._hand.start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, env=os.environ | {"OMP_NUM_THREADS": "1"})

    def _kill(self) -> None:
        while not self._end.wait(self._random.uniform(0.02, 0.4)):
            if self.killed >= self.wanted:
                continue
            place = self._random.randrange(WORKERS)
            while not self._at_work(place) and not self._end.wait(0.05):
                pass  # one that is only starting would be no loss
            self._workers[place].send_signal(signal.SIGKILL)
            self._workers[place].wait()
            self.killed += 1
            self._workers[place] = self._start()

    def _at_work(self, place: int) -> bool:
        return (self._home / f"ready-{self._workers[place].pid}").exists()

    @property
    def at_work(self) -> bool:
        """Whether any of them has begun to work."""
        return any(worker.poll() is None and self._at_work(n) for n, worker in enumerate(list(self._workers)))

    def check(self, *, wait: bool = True) -> None:
        """See that none ended by itself, and wait until all are killed that should be by now."""
        while True:
            ended = [worker.returncode for worker in self._workers if worker.poll() not in (None, -signal.SIGKILL)]
            if ended:
                raise RuntimeError(f"a worker ended by itself: {ended}")
            if self.killed >= self.wanted or not wait:
                return
            time.sleep(0.02)

    def stop(self) -> None:
        self._end.set()
        self._hand.join()
        for worker in self._workers:
            worker.kill()
            worker.wait()


# -- the mail server ---------------------------------------------------------------------------------------------------


class Server:
    """Takes letters, or does not, by chance; remembers when and for whom it took which."""

    def __init__(self) -> None:
        self._random = random.Random(SEED + 1)
        self.taken: list[tuple[str, bytes]] = []
        self.gone: set[str] = set()
        self.did: Counter[str] = Counter()

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.gone:
            self.did["refused for good"] += 1
            return "550 5.1.1 no such user"
        chance = self._random.random()
        if chance < 0.02:
            self.did["refused for now"] += 1
            return "451 4.3.0 try again later"
        if chance < 0.03:
            self.did["dropped before the letter"] += 1
            server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        import asyncio

        chance = self._random.random()
        if chance < 0.003:
            self.did["stalled"] += 1
            await asyncio.sleep(4)
            return "250 OK"  # nobody is there any more
        self.taken.append((envelope.rcpt_tos[0], envelope.content))
        if chance < 0.013:
            self.did["dropped after the letter"] += 1
            server.transport.abort()
        return "250 OK"


def report(letter: Message, *, complaint: bool) -> bytes:
    """Return what a receiver's server writes about a letter that it first took."""
    made = MIMEMultipart("report", report_type="feedback-report" if complaint else "delivery-status")
    made.attach(MIMEText("About a letter of yours."))
    if complaint:
        told = MIMEText("Feedback-Type: abuse\nVersion: 1\n")
        told.set_type("message/feedback-report")
        made.attach(told)
    else:
        status, one = Message(), Message()
        status.set_type("message/delivery-status")
        one["Action"], one["Status"], one["Final-Recipient"] = "failed", "5.1.1", f"rfc822; {letter['To']}"
        status.set_payload([Message(), one])
        made.attach(status)
    made.attach(MIMEMessage(letter))
    return made.as_bytes()


# -- papers and readers ------------------------------------------------------------------------------------------------


def papers(folder: Path) -> dict[str, list[SourceRecord]]:
    """Return the records of each day from a month before the first: front pages, and 3 in 10 of arXiv."""
    first, last = (START - timedelta(days=28)).date().isoformat(), (START + timedelta(days=DAYS)).date().isoformat()
    by_day: dict[str, list[SourceRecord]] = defaultdict(list)
    for row in _lines(folder / "front_pages.jsonl.zst"):
        day = row.get("daily_date") or row.get("date") or ""
        if first <= day <= last:
            by_day[day].append(_record(row, day, announced=day, votes=float(row.get("upvotes") or 0)))
    for row in _lines(folder / "arxiv_2025_26.jsonl.zst"):
        day = str(row.get("date") or "")
        if first <= day <= last and str(row["id"]).endswith(("1", "5", "9")):
            by_day[day].append(_record(row, day))
    return by_day


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with zstandard.open(file, "rt", encoding="utf-8") as stream:
        for line in stream:
            yield orjson.loads(line)


def _record(row: dict[str, Any], day: str, *, announced: str | None = None, votes: float = 0) -> SourceRecord:
    identifier = str(row["id"]).removeprefix("arxiv:")
    names = [name if isinstance(name, str) else str(name.get("name", "")) for name in row.get("authors") or ()]
    categories = row.get("categories") or ()
    return SourceRecord(
        source="front_page" if announced else "arxiv",
        scheme="arxiv" if not announced else "front_page",
        own_id=identifier,
        title=row["title"],
        abstract=row.get("abstract"),
        authors=tuple(Author(name) for name in names if name),
        date=str(row.get("date") or day)[:10],
        announced=announced,
        categories=tuple(categories.split() if isinstance(categories, str) else categories),
        keywords=tuple(row.get("ai_keywords") or ()) if announced else (),
        identifiers=(f"arxiv:{identifier}",),
        signals=(Signal("votes", announced, votes, "front_page"),) if announced else (),
    )


def publish(library: Library, day: str, records: list[SourceRecord], now: datetime) -> None:
    if records:
        library.store.add(Batch(tuple(records), day), cursor_name="file:month", source="month", now=now)
        library.refresh()


def enrol(library: Library, count: int, by_day: dict[str, list[SourceRecord]]) -> dict[str, tuple[str, int, str]]:
    """Make readers, five follows each; return zone, hour and rhythm of each address."""
    chance = random.Random(SEED + 2)
    known = [record for records in by_day.values() for record in records]
    words = sorted({word for record in known for word in record.keywords if 3 < len(word) < 40})
    asked = [_asked(chance, number, words, known) for number in range(count)]
    with ThreadPoolExecutor(HANDS) as hands:
        list(hands.map(partial(_enrol, library), asked))
    return {one.address: (one.zone, one.hour, one.every) for one in asked}


@dataclass(frozen=True)
class Asked:
    """What one reader asks for: when, and of each follow its kind, text and size."""

    address: str
    zone: str
    hour: int
    weekday: int
    every: str
    follows: dict[tuple[str, str], int]


def _asked(chance: random.Random, number: int, words: list[str], known: list[SourceRecord]) -> Asked:
    zone, hour, weekday = chance.choice(ZONES), chance.randrange(24), chance.randrange(7)
    every = chance.choices(("daily", "weekdays", "weekly"), (50, 25, 25))[0]
    follows = {("front", ""): 10}
    while len(follows) < 5:
        kind = chance.choices(("search", "category", "like"), (70, 15, 15))[0]
        text = {
            "search": chance.choice(words),
            "category": chance.choice(("cs.CL", "cs.CV", "cs.AI", "cs.LG", "cs.RO", "cs.IR", "stat.ML")),
            "like": " ".join(chance.choice(known[:3_000]).identifiers[0] for _ in range(2)),
        }[kind]
        follows[kind, text] = chance.choice((3, 5, 10))
    return Asked(f"reader{number}@example.org", zone, hour, weekday, every, follows)


def _enrol(library: Library, asked: Asked) -> None:
    number = library.store.readers.with_address(asked.address, now=library.now).id
    reader = library.store.readers.confirm(number, asked.address, now=library.now)
    assert reader is not None
    library.deliver(reader, hour=asked.hour, weekday=asked.weekday, timezone=asked.zone)
    for (kind, text), size in asked.follows.items():
        library.follow(reader, kind, text, every=asked.every, size=size)


# -- the month ---------------------------------------------------------------------------------------------------------


class Month:
    """The simulation, from the first hour to the last."""

    def __init__(self, home: Path, folder: Path, readers: int, kills: int, days: int) -> None:
        self.home, self.clock, self.server = home, Clock(home), Server()
        self._at(START)
        (home / "bounces").mkdir()
        for name in ("new", "cur", "tmp"):
            (home / "bounces" / name).mkdir()
        self.controller = Controller(self.server, hostname="127.0.0.1", port=_free_port())
        self.library = Library(settings(home, self.controller.port), clock=self.clock)
        self.page = TestClient(
            create(self.library.settings, library=self.library), base_url="https://papers.example.org"
        )
        self.by_day = papers(folder)
        self.left: dict[str, int] = {}  # how many letters had been taken when an address left
        self.why: Counter[str] = Counter()
        self.asked: list[str] = []
        self.missed = 0
        self.readers, self.kills, self.days = readers, kills, days
        self._chance = random.Random(SEED + 3)

    def run(self) -> dict[str, Any]:
        begin = time.monotonic()
        before = [day for day in sorted(self.by_day) if day < START.date().isoformat()]
        records = [record for day in before for record in self.by_day[day]]
        publish(self.library, "before", records, START)
        self.enrolled = enrol(self.library, self.readers, {day: self.by_day[day] for day in before})
        follows = sum(len(self.library.store.follows.of(n)) for n in range(1, self.readers + 1))
        say(f"{len(records):,} papers, {self.readers:,} readers, {follows:,} follows: {time.monotonic() - begin:.0f} s")
        self.controller.start()
        self.crew = crew = Crew(self.home, self.controller.port)
        self.began = began = time.monotonic()
        try:
            for hour in range(self.days * 24):
                crew.wanted = self.kills * (hour + 1) // (self.days * 24)
                self._hour(hour)
                crew.check()
            self._settle(last=True)
        finally:
            crew.stop()
            self.controller.stop()
        took = round(time.monotonic() - began)
        return {"readers": self.readers, "follows": follows, "seconds": took, "kills": crew.killed, **self._counted()}

    def _hour(self, hour: int) -> None:
        self._at(max(self.now, START + timedelta(hours=hour)))
        if hour == DEAD.start:
            self.controller.stop()
        if hour == DEAD.stop:
            self.controller = Controller(self.server, hostname="127.0.0.1", port=self.controller.port)
            self.controller.start()
        if hour % 24 == PUBLISHED:
            day = self.now.date().isoformat()
            publish(self.library, day, self.by_day.get(day, []), self.now)
            done = f"{len(self.server.taken):,} letters taken, {self.crew.killed} kills, {dict(self.server.did)}"
            say(f"{time.monotonic() - self.began:5.0f} s, {day}: {done}")
        if hour % 24 == 15:
            self._people()
        self._settle()
        self.missed += bool(self.library.digests_due)

    def _at(self, now: datetime) -> None:
        self.now = now
        self.clock.set(now)

    def _settle(self, *, last: bool = False) -> None:
        """Wait until nothing is due that somebody alive is at; what a killed worker held waits for the clock."""
        mark, since, steps = None, time.monotonic(), 0
        while steps < 200:
            due = self.library.digests_due
            counts = self.library.store.outbox.counts(now=self.now, since=self.now)
            waiting = counts["waiting" if last else "due"]
            self.crew.check(wait=False)
            if not due and not waiting:
                return
            if (seen := (waiting, len(self.server.taken), due)) != mark or not self.crew.at_work:
                mark, since = seen, time.monotonic()
            if time.monotonic() - since > PATIENCE:
                if not due and not last:
                    return  # a letter whose worker is dead or stalled: its lease ends within the hour
                self._at(self.now + STEP)
                steps, since = steps + 1, time.monotonic()
            time.sleep(0.03)

    def _people(self) -> None:
        """What people do in a day: leave by one click, lose their mailbox, complain, subscribe."""
        letters = self._last_letters()
        staying = [address for address in letters if address not in self.left and address in self.enrolled]
        self._chance.shuffle(staying)
        for address in staying[:2]:
            where = letters[address]["List-Unsubscribe"].strip("<>").removeprefix(URL)
            self.page.cookies.clear()
            assert self.page.post(where, data={"List-Unsubscribe": "One-Click"}).status_code == 200
            self._leaves(address, "left by one click")
        for place, address in enumerate(staying[2:4]):
            content = report(letters[address], complaint=bool(place))
            (self.home / "bounces" / "new" / f"{len(self.left)}.{place}").write_bytes(content)
            self._reported(address, "complained" if place else "bounced later")
        for address in staying[4:5]:
            self.server.gone.add(address)
            self._leaves(address, "refused for good")
        for _ in range(2):
            address = f"new{len(self.asked)}@example.org"
            assert self.page.post("/subscribe", data={"address": address}).status_code == 200
            self.asked.append(address)

    def _reported(self, address: str, why: str) -> None:
        """Wait until a report was read: it takes effect then."""
        reader = self.library.find_reader(address)
        for _ in range(200):
            if self.library.delivery(reader).stopped:
                break
            self._at(self.now + timedelta(seconds=10))
            time.sleep(0.05)
        self._leaves(address, why)

    def _leaves(self, address: str, why: str) -> None:
        self.left[address] = len(self.server.taken)
        self.why[why] += 1

    def _last_letters(self) -> dict[str, Message]:
        return {
            address: message_from_bytes(content)
            for address, content in self.server.taken[-400:]
            if b"\r\nList-Unsubscribe:" in content
        }

    # -- counting ------------------------------------------------------------------------------------------------------

    def _counted(self) -> dict[str, Any]:
        taken = [(address, message_from_bytes(content)) for address, content in self.server.taken]
        names: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        shown: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        after = 0
        for place, (address, letter) in enumerate(taken):
            name = str(letter["Message-ID"])
            names[(address, name.partition(".")[0])][name] += 1
            for paper in PAPER.findall(_text(letter)):
                shown[address][paper].add(name)
            after += address in self.left and place >= self.left[address] and name.startswith("<digest")
        return {
            "letters": len(taken),
            "digests made": self._made(),
            "digests delivered": sum(len(found) for (_, kind), found in names.items() if kind == "<digest"),
            "again with the same Message-ID": sum(sum(found.values()) - len(found) for found in names.values()),
            "server": dict(self.server.did),
            "readers who left": dict(self.why),
            "hours after which a reader who was due had not been looked at": self.missed,
            "follows whose next due time is wrong": self._wrong_dues(),
            "digests never delivered": self._undelivered(names),
            "papers twice to one reader": sum(len(ids) > 1 for own in shown.values() for ids in own.values()),
            "digests after leaving": after,
            "addresses asked": len(self.asked),
            "not asked exactly once": sum(len(names[(address, "<confirm")]) != 1 for address in self.asked),
        }

    def _made(self) -> int:
        readers = (self.library.find_reader(address) for address in [*self.enrolled, *self.asked])
        return sum(len(self.library.digests(reader, 1_000)) for reader in readers)

    def _undelivered(self, names: dict[tuple[str, str], Counter[str]]) -> int:
        """Digests that were made and not taken by the server, of readers who have not left."""
        missing = 0
        for address in self.enrolled:
            if address not in self.left:
                reader = self.library.find_reader(address)
                delivered = {int(name.split(".")[1]) for name in names[(address, "<digest")]}
                missing += sum(d.id not in delivered for d, _ in self.library.digests(reader, 1_000))
        return missing

    def _wrong_dues(self) -> int:
        """Follows that are not due at the first moment after the month at which the reader's clock shows the hour."""
        wrong = 0
        for address, (zone, hour, every) in self.enrolled.items():
            if address in self.left:
                continue
            reader = self.library.find_reader(address)
            weekday = self.library.delivery(reader).weekday
            expected = _next(ZoneInfo(zone), hour, every, weekday, self.now)
            wrong += sum(follow.due != expected for follow in self.library.follows(reader))
        return wrong


def _next(zone: ZoneInfo, hour: int, every: str, weekday: int, after: datetime) -> str:
    """Return the next due time, found by looking at a clock every quarter of an hour."""
    moment = after.replace(minute=after.minute // 15 * 15, second=0, microsecond=0)
    while True:
        moment += timedelta(minutes=15)
        local = moment.astimezone(zone)
        day = {"daily": True, "weekdays": local.weekday() < 5, "weekly": local.weekday() == weekday}[every]
        if local.hour == hour and local.minute == 0 and day:
            return moment.isoformat(timespec="seconds")


def _text(letter: Message) -> str:
    part = next(part for part in letter.walk() if part.get_content_type() == "text/plain")
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content.decode().replace("\r\n", "\n")


def _free_port() -> int:
    import socket

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


PROMISED = dict.fromkeys(
    (
        "hours after which a reader who was due had not been looked at",
        "follows whose next due time is wrong",
        "digests never delivered",
        "papers twice to one reader",
        "digests after leaving",
        "not asked exactly once",
    ),
    " (promised: 0)",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where front_pages.jsonl.zst and arxiv_2025_26.jsonl.zst are")
    parser.add_argument("--readers", type=int, default=1_000)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="broadsheet-month-") as name:
        counted = Month(Path(name), given.folder, given.readers, given.kills, given.days).run()
    broken = [what for what in PROMISED if counted[what]] + ["kills"] * (counted["kills"] < given.kills)
    marked = [f"{what}: {n}{PROMISED.get(what, '')}" for what, n in counted.items()]
    verdict = f"NOT AS PROMISED: {', '.join(broken)}" if broken else "All is as promised."
    print(json.dumps(counted, indent=2) if given.json else "\n".join([*marked, verdict]))
    sys.exit(bool(broken))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
