"""Attacks on the pages: stored scripts through everything that is shown, and other people's things by their numbers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

import desk
import pytest
from lxml import html
from people import People
from starlette.testclient import TestClient

from broadsheet.records import Author, Batch
from broadsheet.server.addresses import paper_path

# Known payloads, each a class of its own: elements, attributes, addresses, encodings, Markdown, mathematics, mutation.
PAYLOADS = (
    "<script>alert(1)</script>",
    "<ScRiPt/x>alert(1)</sCrIpT>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror=alert(1)//",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "` onmouseover=`alert(1)",
    "<svg onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><script>alert&#40;1)</script>",
    "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import'//evil.example/x.css'</style>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<marquee onstart=alert(1)>",
    "<template><script>alert(1)</script></template>",
    "<form action=//evil.example><button>Send</button></form>",
    "<button form=act formaction=//evil.example>x</button>",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java&#115;cript:alert(1))",
    "[x](&#x6A;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](<javascript:alert(1)>)",
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "![x](x onerror=alert(1))",
    '[x](https://a.example "onmouseover=alert(1)")',
    "[x](https://a.example' onmouseover='alert(1))",
    "`<script>alert(1)</script>`",
    "```\n</code></pre><script>alert(1)</script>\n```",
    "```<script>alert(1)</script>\nx\n```",
    "$\\href{javascript:alert(1)}{x}$",
    "$<script>alert(1)</script>$",
    "$\\text{<img src=x onerror=alert(1)>}$",
    "$\\style{x:expression(alert(1))}{x}$",
    "$\\unicode{<script>}$",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\u003cscript\\u003ealert(1)",
    "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "\ufeff<script>alert(1)</script>",
    "<scr\x00ipt>alert(1)</script>",
    "{{ 7*7 }}{% raw %}{{ config }}{% endraw %}",
    "@ada <script>alert(1)</script>",
    "\u202e<script>alert(1)</script>\u2066",
)
SCHEMES = ("", "http", "https")


def harmless(page: str) -> None:
    """Fail where anything in a page could run, or lead where no link of ours leads."""
    document: Any = html.document_fromstring(page)
    assert not document.xpath("//iframe | //object | //embed | //base | //style | //template | //noscript | //img")
    assert not document.xpath("//video | //audio | //marquee | //meta[@http-equiv] | //*[local-name()='animate']")
    for script in document.xpath("//script"):
        assert script.get("src", "").startswith("/static/") or script.get("type") == "application/ld+json"
    for element in document.iter():
        if not isinstance(element.tag, str):
            continue
        assert not [name for name in element.attrib if name.startswith("on") or name in ("style", "srcdoc")]
        for name in ("href", "src", "action", "formaction", "xlink:href"):
            value = str(element.get(name, ""))
            assert urlsplit(value).scheme in SCHEMES, value
            assert not re.match(r"\s*(javascript|data|vbscript)", value.replace("\t", ""), re.I), value
        if element.tag in ("form", "button", "link"):
            address = element.get("action") or element.get("formaction") or ""
            assert not address or re.match(r"/(?!/)", address), address


def stored(people: People) -> list[str]:
    """Put every payload into every field that is shown; return the addresses of the pages that show them."""
    library = people.library
    records = [
        desk.paper(
            f"arxiv:2604.{number:05}",
            title=f"Paper number {number} {payload}",
            abstract=f"It says {payload}.",
            authors=(Author(f"Ann {payload}"),),
            venue=f"Venue {payload}",
            comment=payload,
            licence=payload,
            categories=(payload,),
            keywords=(payload,),
            links={"page": payload, "pdf": f"https://a.example/{payload}", "code": payload, payload: payload},
            announced="2026-03-13",
        )
        for number, payload in enumerate(PAYLOADS)
    ]
    added = library.store.add(Batch(tuple(records), "2"), cursor_name="file:2", source="test", now=desk.NOW)
    assert added.new + added.set_aside == len(PAYLOADS)
    for number, payload in enumerate(PAYLOADS):
        library.store.comments.add(people.eve.id, 1, payload, parent=None, mentioned=(), now=desk.NOW)
        library.store.shelves.save(people.bob.id, 1 + number % 3, shelf=payload, note=payload, now=desk.NOW)
        library.store.moderation.report("comment", number + 1, people.eve.id, payload, now=desk.NOW)
        library.store.readers.change(people.eve.id, name=payload)
        library.store.comments.tell(people.bob.id, "claim", payload, actor=people.eve.id, now=desk.NOW)
        library.store.moderation.claim(people.eve.id, payload, payload, state="open", now=desk.NOW)
        library.store.moderation.act(people.ada.id, payload, "comment", 1, payload, now=desk.NOW)
        sent, _ = library.store.submissions.add(people.bob.id, "url", payload, payload, now=desk.NOW)
        if number % 2:
            library.store.submissions.postpone(sent, payload, until=desk.NOW)
        else:
            library.store.submissions.settle(sent, "refused", payload, now=desk.NOW)
    library.store.moderation.pick("2026-03-13", 4, people.ada.id, byline=PAYLOADS[0], why=PAYLOADS[7], now=desk.NOW)
    shown = [paper_path(f"arxiv:2604.{number:05}") for number in range(0, len(PAYLOADS), 3)]
    return ["/", "/date/2026-03-13?limit=200", "/new?limit=200", paper_path(desk.CRANES), *shown]


def test_nothing_that_is_stored_ever_runs(people: People) -> None:
    addresses = stored(people)
    for reader, more in (
        (None, []),
        (people.bob, ["/shelf", "/me", "/notifications", "/submit", "/submissions/8", "/submissions/9"]),
        (people.ada, ["/moderation", "/moderation/submissions", "/readers"]),
    ):
        client = people.browser(reader)
        for address in addresses + more:
            answer = client.get(address)
            assert answer.status_code == 200, (address, answer.text[:500])
            harmless(answer.text)


def test_nothing_in_an_address_ever_runs(people: People) -> None:
    client, stranger = people.browser(people.bob), people.browser()
    for payload in PAYLOADS:
        given = {"q": payload, "next": payload, "category": payload, "id": payload}
        for address in ("/search", "/nowhere", "/papers/x", "/report/comment/" + quote(payload, safe="")):
            harmless(client.get(address, params=given).text)
        harmless(stranger.get("/login", params=given).text)


# -- other people's things by their numbers ----------------------------------------------------------------------------


def test_other_peoples_comments_are_theirs(people: People) -> None:
    library = people.library
    number = library.comment(people.bob, desk.CRANES, "Bob's own words")
    eve, nobody = people.browser(people.eve), people.browser()
    page = paper_path(desk.CRANES)
    assert eve.get(f"/comments/{number}/edit").status_code == 403
    assert desk.send(eve, f"/comments/{number}/edit", page=page, text="owned").status_code == 403
    assert desk.send(eve, f"/comments/{number}/delete", page=page).status_code == 403
    assert desk.send(eve, f"/moderation/comments/{number}", page=page, reason="x").status_code == 403
    token = desk.token(eve, page)
    assert nobody.post(f"/comments/{number}/delete", data={"csrf": token}).status_code == 403
    assert library.one_comment(number).text == "Bob's own words"


def _acts_of_others(people: People, number: int) -> list[tuple[str, dict[str, str]]]:
    return [
        ("/moderation/reports", {"kind": "comment", "target": str(number)}),
        (f"/moderation/comments/{number}", {"reason": "x"}),
        (f"/moderation/comments/{number}", {"undo": "1"}),
        ("/moderation/claims/1", {"grant": "1"}),
        ("/moderation/submissions/1", {"reason": "x"}),
        ("/submissions/1", {"act": "take-back"}),
        (f"/readers/{people.bob.id}", {"role": "admin"}),
        (f"/readers/{people.eve.id}", {"role": "admin"}),
        (f"/readers/{people.ada.id}", {"reason": "x"}),
        (f"/readers/{people.bob.id}", {"undo": "1"}),
        (f"/papers/{desk.HATS}/lead", {"day": "2026-03-13"}),
        ("/date/2026-03-13/lead", {}),
    ]


def test_what_only_others_may_do_a_reader_cannot(people: People) -> None:
    library = people.library
    number = library.comment(people.bob, desk.CRANES, "Bob's own words")
    library.report(people.bob, "reader", str(people.eve.id), "because")
    eve = people.browser(people.eve)
    for address, fields in _acts_of_others(people, number):
        answer = desk.send(eve, address, page="/me", **fields)
        assert answer.status_code in (403, 404), (address, answer.status_code)
    for address in ("/moderation", "/readers"):
        assert eve.get(address).status_code == 403
    assert [reader.role for reader in library.readers()] == ["admin", "reader", "reader"]
    assert len(library.reports(people.ada)) == 1


def test_moderators_cannot_make_themselves_admins_nor_lock_them_out(people: People) -> None:
    library = people.library
    moderator = people.browser(library.set_role(people.eve, "moderator"))
    for number, fields in ((people.eve.id, {"role": "admin"}), (people.ada.id, {"reason": "x"})):
        assert desk.send(moderator, f"/readers/{number}", page="/me", **fields).status_code == 403
    assert "ada@example.org" not in moderator.get("/readers").text, "addresses are for admins"
    assert desk.send(moderator, f"/readers/{people.bob.id}", page="/me", reason="spam").status_code == 303
    assert library.find_reader("bob").state == "banned"


def test_shelves_are_ones_own(people: People) -> None:
    people.library.save(people.bob, desk.CRANES, shelf="Bob's", note="a secret note")
    (shelf,) = people.library.shelves(people.bob)
    eve = people.browser(people.eve)
    desk.send(eve, f"/papers/{desk.CRANES}/save", page="/me", undo="1")
    desk.send(eve, f"/papers/{desk.CRANES}/save", page="/me", undo="1", shelf="Bob's")
    assert people.library.saved(people.bob)[0].note == "a secret note"
    assert "a secret note" not in eve.get(f"/shelf?shelf={shelf.id}").text


FORMS: tuple[tuple[str, dict[str, str]], ...] = (
    ("/papers/arxiv:2603.00001/vote", {}),
    ("/papers/arxiv:2603.00001/save", {}),
    ("/papers/arxiv:2603.00001/hide", {}),
    ("/papers/arxiv:2603.00001/comments", {"text": "x"}),
    ("/papers/arxiv:2603.00001/lead", {"day": "2026-03-13"}),
    ("/date/2026-03-13/lead", {}),
    ("/comments/1/edit", {"text": "x"}),
    ("/comments/1/delete", {}),
    ("/report/comment/1", {"reason": "x"}),
    ("/moderation/comments/1", {"reason": "x"}),
    ("/moderation/reports", {"kind": "comment", "target": "1"}),
    ("/moderation/claims/1", {}),
    ("/readers/2", {"role": "admin"}),
    ("/authors/x/claim", {"words": "x"}),
    ("/notifications", {}),
    ("/login", {"email": "ada@example.org"}),
    ("/login/x", {}),
    ("/logout", {}),
    ("/me", {"name": "Owned"}),
    ("/me/password", {"new": "x" * 20}),
    ("/me/address", {"email": "evil@example.org"}),
    ("/me/sessions", {}),
    ("/me/invite", {"email": "evil@example.org"}),
    ("/me/delete", {"sure": "Ada"}),
    ("/follows", {"kind": "front"}),
    ("/follows/settings", {}),
    ("/follows/1/hooks", {"url": "https://evil.example/"}),
    ("/hooks/1/test", {}),
    ("/hooks/1/remove", {}),
    ("/feeds/renew", {}),
    ("/shelf/import", {}),
    ("/submit", {"what": "2603.01234"}),
    ("/submit/file", {}),
    ("/submissions/1", {"act": "take-back"}),
    ("/moderation/submissions/1", {"reason": "x"}),
    ("/shelf/import/zotero", {}),
    ("/subscribe", {"address": "evil@example.org"}),
    ("/shelf/1", {"act": "share"}),
    ("/unseen", {}),
    ("/me/identities", {"issuer": "https://orcid.org", "subject": "x"}),
)
# What a link in a mail lets in, and not a cookie: a form on another site does there what anybody can do.
BY_LINK = {"/mail/confirm/{sealed}", "/mail/stop/{sealed}", "/mail/manage/{sealed}"}


def test_the_list_of_forms_is_all_of_them(people: People) -> None:
    app: Any = people.browser().app
    posts = {route.path for route in _routes(app) if "POST" in (getattr(route, "methods", None) or ())}
    missing = {path for path in posts - BY_LINK if not any(_matches(path, address) for address, _ in FORMS)}
    assert not missing, f"forms that no test attacks: {missing}"


def _routes(app: Any) -> list[Any]:
    found = []
    for route in app.routes:
        found += _routes(route.original_router) if hasattr(route, "original_router") else [route]
    return found


def _matches(path: str, address: str) -> bool:
    pattern = re.sub(r"\\\{[^}]*:path\\\}", ".+", re.escape(path))
    return re.fullmatch(re.sub(r"\\\{[^}]*\\\}", "[^/]+", pattern), address) is not None


@pytest.mark.parametrize(("address", "fields"), FORMS)
def test_no_form_is_taken_from_another_site(people: People, address: str, fields: dict[str, str]) -> None:
    """CSRF: with the admin's cookies, without a token, with a stranger's, and with the right one from elsewhere."""
    ada, eve = people.browser(people.ada), people.browser(people.eve)
    own, strange = desk.token(ada, "/me"), desk.token(eve, "/me")
    attempts: list[tuple[dict[str, str], dict[str, str]]] = [
        ({}, {}),
        ({"csrf": ""}, {}),
        ({"csrf": strange}, {}),
        ({"csrf": own[:-9] + ("A" if own[-9] != "A" else "B") + own[-8:]}, {}),
        ({"csrf": own}, {"Origin": "https://evil.example"}),
        ({"csrf": own}, {"Sec-Fetch-Site": "cross-site"}),
    ]
    before = _state(people)
    for token, headers in attempts:
        file = {"file": ("x.bib", b"@misc{x,title={Owned}}")} if address in ("/shelf/import", "/submit/file") else None
        answer = ada.post(address, data={**fields, **token}, files=file, headers=headers)
        assert answer.status_code == 403, (address, token, headers)
        assert ada.post(address, json={**fields, **token}, headers=headers).status_code in (400, 403)
    assert _state(people) == before


def _state(people: People) -> Any:
    library: Any = people.library
    return [library.readers(), library.votes_of(people.ada), library.saved(people.ada), library.comments(desk.CRANES)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_forms_change_anything(people: People, method: str) -> None:
    ada = people.browser(people.ada)
    before = _state(people)
    for address, fields in FORMS:
        ada.request(method, address, params={**fields, "csrf": desk.token(ada, "/me")})
    assert _state(people) == before
    assert _logged_in(ada)


def _logged_in(client: TestClient) -> bool:
    return client.get("/me").status_code == 200
