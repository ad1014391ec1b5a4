"""Mail that came back, from each place it may come back to."""

from __future__ import annotations

import mailbox
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage, Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadsheet.errors import SettingsError, Unavailable
from broadsheet.mail import bounces
from broadsheet.mail.bounces import Report, collect

OURS = "digest.7.abcdef@papers.example.org"


def letter(name: str = OURS) -> EmailMessage:
    made = EmailMessage()
    made["Message-ID"] = f"<{name}>"
    made["Subject"] = "Ten papers"
    made.set_content("Hello")
    return made


def report(status: str = "5.1.1", action: str = "failed", *, name: str = OURS, head_only: bool = False) -> bytes:
    """Return a delivery report as Postfix writes it."""
    made = MIMEMultipart("report", report_type="delivery-status")
    made["From"], made["Subject"] = "MAILER-DAEMON@mx.example.net", "Undelivered Mail Returned to Sender"
    made.attach(MIMEText("I'm sorry to have to inform you that your message could not be delivered."))
    groups = Message()
    groups.set_type("message/delivery-status")
    about_all, about_one = Message(), Message()
    about_all["Reporting-MTA"] = "dns; mx.example.net"
    about_one["Final-Recipient"] = "rfc822; ada@example.org"
    about_one["Action"], about_one["Status"] = action, status
    about_one["Diagnostic-Code"] = "smtp; 550 5.1.1\r\n    <ada@example.org>: no such user"
    groups.set_payload([about_all, about_one])
    made.attach(groups)
    made.attach(_returned(name, head_only))
    return made.as_bytes()


def complaint() -> bytes:
    made = MIMEMultipart("report", report_type="feedback-report")
    made.attach(MIMEText("This is an email abuse report."))
    told = MIMEText("Feedback-Type: abuse\nVersion: 1\n")
    told.set_type("message/feedback-report")
    made.attach(told)
    made.attach(_returned(OURS, False))
    return made.as_bytes()


def _returned(name: str, head_only: bool) -> Message:
    if not head_only:
        return MIMEMessage(letter(name))
    made = MIMEText(f"From: paper@example.org\nMessage-ID: <{name}>\n")
    made.set_type("text/rfc822-headers")
    return made


@pytest.mark.parametrize("status", ["5.1.1", "5.2.1", "5.0.0", "5.4.4"])
def test_a_mailbox_that_is_gone(status: str) -> None:
    assert bounces.read(report(status)) == Report(OURS, "gone", "smtp; 550 5.1.1 <ada@example.org>: no such user")


@pytest.mark.parametrize("status", ["5.2.2", "5.7.1", "5.6.0"])
def test_a_letter_that_was_refused(status: str) -> None:
    found = bounces.read(report(status, head_only=True))
    assert found is not None and found.kind == "refused"


def test_a_complaint() -> None:
    found = bounces.read(complaint())
    assert found is not None and (found.kind, found.message_id) == ("complaint", OURS)


@pytest.mark.parametrize(
    "content", [report("4.4.1", "delayed"), report("2.0.0", "delivered"), letter().as_bytes(), b"", b"\xff\x00:"]
)
def test_what_is_no_failure_says_nothing(content: bytes) -> None:
    assert bounces.read(content) is None


@given(st.binary(max_size=400), st.integers(0, 1500))
def test_no_mail_is_too_strange_to_be_read(noise: bytes, cut: int) -> None:
    whole = report()
    bounces.read(noise)
    bounces.read(whole[:cut] + noise + whole[cut:])


def nested() -> bytes:
    """Return a report that holds letters within letters, deeper than they can be taken apart."""
    head = b"Content-Type: multipart/report; boundary=a\r\n\r\n--a\r\n"
    return head + b"Content-Type: message/rfc822\r\n\r\n" * 2_000 + b"Hello\r\n--a--\r\n"


def test_a_mail_that_cannot_be_read_does_not_stop_the_others(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    (tmp_path / "box" / "new" / "0.first").write_bytes(nested())
    (tmp_path / "box" / "new" / "0.folder").mkdir()
    box.add(report())
    found: list[Report] = []
    assert collect(str(tmp_path / "box"), found.append) == 2
    assert [one.kind for one in found] == ["gone"]


def test_a_mailbox_file_is_read_and_emptied(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box")
    for content in (report(), letter().as_bytes(), complaint()):
        box.add(content)
    box.close()
    found: list[Report] = []
    assert collect(str(tmp_path / "box"), found.append) == 3
    assert [one.kind for one in found] == ["gone", "complaint"]
    assert collect(str(tmp_path / "box"), found.append) == 0


def test_a_maildir_keeps_what_was_read_as_seen(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    box.add(report())
    found: list[Report] = []
    assert collect(f"file://{tmp_path / 'box'}", found.append) == 1
    assert [one.kind for one in found] == ["gone"]
    assert collect(str(tmp_path / "box"), found.append) == 0
    assert len(mailbox.Maildir(tmp_path / "box")) == 1


def test_a_crash_between_has_a_mail_read_again(tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    box.add(report())

    def crash(_: Report) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        collect(str(tmp_path / "box"), crash)
    found: list[Report] = []
    assert collect(str(tmp_path / "box"), found.append) == 1
    assert found


def test_a_place_that_is_not_there_is_a_settings_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="bounces"):
        collect(str(tmp_path / "nowhere"), lambda _: None)


class Imap(socketserver.StreamRequestHandler):
    """As much of IMAP4rev1 as reading one mailbox takes."""

    mails: list[bytes]
    seen: set[int]

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        for line in self.rfile:
            tag, command, *rest = line.decode().split()
            getattr(self, f"do_{command.lower()}", lambda *_: None)(*rest)
            self.wfile.write(f"{tag} OK done\r\n".encode())

    def do_capability(self) -> None:
        self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")

    def do_search(self, *_: str) -> None:
        unseen = [str(n) for n in range(1, len(self.mails) + 1) if n not in self.seen]
        self.wfile.write(f"* SEARCH {' '.join(unseen)}\r\n".encode())

    def do_fetch(self, number: str, _: str) -> None:
        mail = self.mails[int(number) - 1]
        self.wfile.write(f"* {number} FETCH (BODY[] {{{len(mail)}}}\r\n".encode() + mail + b")\r\n")

    def do_store(self, number: str, *_: str) -> None:
        self.seen.add(int(number))


@contextmanager
def imap(*mails: bytes) -> Iterator[str]:
    handler = type("Handler", (Imap,), {"mails": list(mails), "seen": set()})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"imap://ada:secret@127.0.0.1:{server.server_address[1]}/Bounces"
        server.shutdown()


def test_imap_mail_is_read_once() -> None:
    found: list[Report] = []
    with imap(report(), complaint()) as address:
        assert collect(address, found.append) == 2
        assert collect(address, found.append) == 0
    assert [one.kind for one in found] == ["gone", "complaint"]


def test_an_imap_server_that_is_dead_may_work_later() -> None:
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1"):
        collect("imap://ada:secret@127.0.0.1:9/INBOX", lambda _: None)
