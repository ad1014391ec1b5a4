"""Letters over SMTP, against a real server that refuses, drops and stalls; and into a folder."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from pathlib import Path

import dkim
import pytest
from servers import ACCEPT, Post, serving

from broadsheet.errors import InputError, SettingsError
from broadsheet.mail import rendering, smtp
from broadsheet.mail.rendering import Envelope
from broadsheet.mail.signing import Signer
from broadsheet.mail.smtp import Letter, carrier

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
TOLD = {
    "home": "https://papers.example.org",
    "host": "papers.example.org",
    "what": "the trending papers of the day",
    "confirm": "https://papers.example.org/x",
    "days": 3,
}


def letter(number: int, to: str = "ada@example.org") -> Letter:
    return Letter(number, "paper@example.org", to, f"{number}@x", f"Subject: {number}\r\n\r\nHello\r\n".encode())


def always(number: int) -> bool:
    return True


def outcomes(url: str, *letters: Letter) -> dict[int, str]:
    return {outcome.number: outcome.kind for outcome in carrier(url).send(letters, always)}


def test_letters_arrive() -> None:
    post = Post()
    with serving(post) as url:
        assert outcomes(url, *(letter(n) for n in range(9))) == dict.fromkeys(range(9), "sent")
    assert sorted(str(one["Subject"]) for one in post.letters) == [str(n) for n in range(9)]


@pytest.mark.parametrize("kind", ["smtp", "file"])
def test_a_letter_that_nobody_wants_any_more_is_not_sent(kind: str, tmp_path: Path) -> None:
    post = Post()
    with serving(post) as url:
        out = carrier(url if kind == "smtp" else f"file://{tmp_path}")
        kinds = [one.kind for one in out.send([letter(n) for n in range(3)], lambda number: number != 1)]
    assert kinds == ["sent", "unwanted", "sent"]
    assert len(post.letters) + len(list(tmp_path.glob("*.eml"))) == 2


def test_what_a_server_says_decides_what_becomes_of_a_letter() -> None:
    replies = {"gone@x.org": "550 5.1.1 no such user", "busy@x.org": "451 4.3.0 later", "ada@example.org": ACCEPT}
    with serving(Post(rcpt=replies.__getitem__)) as url:
        found = outcomes(url, letter(1, "gone@x.org"), letter(2, "busy@x.org"), letter(3))
    assert found == {1: "refused", 2: "later", 3: "sent"}


def test_a_letter_refused_for_what_it_says_does_not_condemn_its_address() -> None:
    with serving(Post(data=lambda address: "554 5.7.1 looks like spam")) as url:
        (outcome,) = carrier(url).send([letter(1)], always)
    assert (outcome.kind, outcome.reason) == ("later", "554 5.7.1 looks like spam")


def test_a_server_that_refuses_us_does_not_condemn_its_addresses() -> None:
    with serving(Post(rcpt=lambda address: "554 5.7.1 Client host blocked")) as url:
        assert outcomes(url, letter(1)) == {1: "later"}


@pytest.mark.parametrize("where", ["rcpt", "data"])
def test_a_dropped_connection_delays_one_letter_and_not_the_others(where: str) -> None:
    def reply(address: str) -> str:
        return "drop" if address.startswith("drop") else ACCEPT

    post = Post(rcpt=reply) if where == "rcpt" else Post(data=reply)
    with serving(post) as url:
        found = outcomes(url, letter(0), letter(1), letter(2), letter(3), letter(4, "drop@x.org"), letter(8), letter(9))
    assert found == {0: "sent", 1: "sent", 2: "sent", 3: "sent", 4: "later", 8: "sent", 9: "sent"}


def test_a_server_that_stalls_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "LETTER", 0.3)
    with serving(Post(data=lambda address: "stall" if address.startswith("slow") else ACCEPT)) as url:
        assert outcomes(url, letter(1, "slow@x.org"), letter(2)) == {1: "later", 2: "sent"}


def test_everything_together_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "ALL", 0.5)
    with serving(Post(data=lambda address: "stall")) as url:
        assert outcomes(url, letter(1), letter(2)) == {1: "later", 2: "later"}


def test_a_dead_server_says_nothing_about_letters() -> None:
    (outcome,) = carrier("smtp://127.0.0.1:9").send([letter(1)], always)
    assert outcome.kind == "down"
    assert "127.0.0.1 cannot be used" in outcome.reason


def test_a_folder_holds_a_letter_once_however_often_it_is_sent(tmp_path: Path) -> None:
    out = carrier(f"file://{tmp_path / 'out'}")
    assert [one.kind for one in (*out.send([letter(1)], always), *out.send([letter(1), letter(2)], always))] == [
        "sent"
    ] * 3
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["1@x.eml", "2@x.eml"]


def test_a_folder_that_cannot_be_written_is_down(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (outcome,) = carrier(f"file://{tmp_path / 'file' / 'below'}").send([letter(1)], always)
    assert outcome.kind == "down"


@pytest.mark.parametrize("url", ["", "http://x", "smtp:", "file:relative", "smtp://"])
def test_other_addresses_are_refused_and_no_password_is_shown(url: str) -> None:
    with pytest.raises(SettingsError, match="smtp_url"):
        carrier(url)
    with pytest.raises(SettingsError) as refused:
        carrier("ftp://ada:secret@x")
    assert "secret" not in str(refused.value)


def made(**headers: str) -> bytes:
    envelope = Envelope("Broadsheet <paper@example.org>", "ada@example.org", "a.1.b@example.org", NOON, headers)
    return rendering.letter("confirm", TOLD, envelope)


def test_a_letter_is_the_same_byte_for_byte_and_has_both_forms() -> None:
    content = made()
    assert content == made()
    message = message_from_bytes(content)
    assert [part.get_content_type() for part in message.walk()][1:] == ["text/plain", "text/html"]
    assert (message["Message-ID"], message["Date"]) == ("<a.1.b@example.org>", "Sat, 14 Mar 2026 12:00:00 +0000")


def test_nobody_smuggles_headers_or_markup_into_a_letter() -> None:
    paper = {"title": "A\r\nBcc: all@x <b>&", "url": "u", "by": "", "facts": [], "summary": "<script>", "why": ""}
    told = {
        "home": "h", "day": "d", "count": 1, "why_sent": "w", "manage": "m", "unsubscribe": "s",
        "sections": [{"name": "<i>Mine</i>", "papers": [paper], "more": 0, "url": "u"}],
    }  # fmt: skip
    envelope = Envelope("a@example.org", "b@example.org", "1@x", NOON)
    message = message_from_bytes(rendering.letter("digest", told, envelope))
    assert message["Bcc"] is None
    assert str(make_header(decode_header(message["Subject"]))) == "A Bcc: all@x <b>&"
    html = rendering.html("digest", told)
    assert "<script>" not in html and "<i>" not in html and "&lt;script&gt;" in html


def test_addresses_that_are_none_and_kinds_that_are_not_there_are_input_errors() -> None:
    with pytest.raises(InputError, match="no mail address"):
        rendering.letter("confirm", TOLD, Envelope("a@example.org", "not an address", "1@x", NOON))
    with pytest.raises(InputError, match=r"there is .*digest"):
        rendering.letter("postcard", TOLD, Envelope("a@example.org", "b@example.org", "1@x", NOON))


@pytest.mark.parametrize("kind", rendering.kinds())
def test_no_mail_loads_anything_from_anywhere(kind: str) -> None:
    for part in ("body.html",):
        source = (Path(rendering.__file__).parent / kind / part).read_text()
        assert not any(sign in source for sign in ("<img", "src=", "url(", "@import", "<link", "<script"))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("key") / "dkim.pem"
    subprocess.run(["openssl", "genrsa", "-out", str(file), "2048"], check=True, capture_output=True)
    return file


def test_a_signature_covers_one_click_and_breaks_with_it(key: Path) -> None:
    public = subprocess.run(["openssl", "rsa", "-in", str(key), "-pubout"], capture_output=True, text=True, check=True)
    record = "v=DKIM1; k=rsa; p=" + "".join(public.stdout.split("-----")[2].split())
    one_click = {"List-Unsubscribe": "<https://x/u/1>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    signed = Signer(key, "news", "Broadsheet <paper@example.org>").sign(made(**one_click))

    def answer(name: bytes, timeout: int = 0) -> bytes:
        assert name == b"news._domainkey.example.org."
        return record.encode()

    assert dkim.verify(signed, dnsfunc=answer)
    assert not dkim.verify(signed.replace(b"https://x/u/1", b"https://x/u/2"), dnsfunc=answer)


def test_a_key_that_is_none_is_a_settings_error(tmp_path: Path, key: Path) -> None:
    (tmp_path / "none.pem").write_text("no key")
    for file, selector in ((tmp_path / "none.pem", "news"), (tmp_path / "missing.pem", "news"), (key, "")):
        with pytest.raises(SettingsError, match=r"DKIM|dkim"):
            Signer(file, selector, "paper@example.org")
