"""The pages as a browser without script gets them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urljoin, urlsplit

import fakes
import newsstand
import pytest
from lxml import html
from starlette.testclient import TestClient

from broadsheet.errors import NoSnapshot, StoreError
from broadsheet.records import Author, Paper, SourceStatus
from broadsheet.server.addresses import paper_path
from broadsheet.web.rendering import _ENVIRONMENT

HTML = {"accept": "text/html"}
Element = Any  # what XPath finds may be anything, and its types say so
PAGES = (
    "/",
    "/date/2026-03-13",
    "/date/2026-03-01",
    "/week",
    "/week/2026-W11",
    "/week/2026-W53",
    "/month",
    "/month/2026-03",
    "/month/1999-01",
    "/trending",
    "/trending?page=9",
    "/about/trending",
    "/categories",
    "/category/cs.CL",
    "/category/cs.CL?sort=trending",
    "/new",
    "/search",
    "/search?q=paper",
    "/search?q=reading&category=cs.CL&venue=Journal+of+Invented+Results&after=2020&before=2026&sort=new&limit=200",
    "/search?q=nothing+has+these+words+%22at+all%22",
    "/similar?id=arxiv:2603.00001&id=bs:abcdefgh2345",
    "/about",
    "/docs",
    *(paper_path(paper.id) for paper in fakes.PAPERS),
    paper_path(fakes.PAPERS[0].id, "/similar"),
    paper_path(fakes.PAPERS[0].id) + "?q=attention",
    "/authors/ada-example",
    "/venues/journal-of-invented-results",
)
FAILING = (
    *("/papers/arxiv:9999.99999", "/papers/reading-newspapers", "/nowhere", "/date/yesterday", "/new?limit=many"),
    *("/week/2026-W54", "/week/2025-W53", "/week/2026-06", "/month/2026-13", "/month/2026", "/category/cs.XX"),
)


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(newsstand.application(), base_url="http://localhost", headers=HTML)


def page(client: TestClient, address: str, status: int = 200) -> Element:
    response = client.get(address)
    assert response.status_code == status, address
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return html.document_fromstring(response.text)


def text(element: Element) -> str:
    return " ".join(element.text_content().split())


@pytest.fixture(params=[(address, 200) for address in PAGES] + [(address, None) for address in FAILING], ids=str)
def any_page(request: pytest.FixtureRequest, client: TestClient) -> Element:
    address, status = request.param
    return page(client, address, status or client.get(address).status_code)


def test_has_landmarks_and_one_first_heading(any_page: Element) -> None:
    for landmark in ("header", "main", "footer", "header//nav", "main//h1|//header//h1"):
        assert any_page.xpath(f"//{landmark}"), landmark
    assert len(any_page.xpath("//h1")) == 1
    assert any_page.get("lang") == "en"
    assert any_page.findtext(".//title")


def test_headings_are_in_order(any_page: Element) -> None:
    levels = [int(heading.tag[1]) for heading in any_page.xpath("//body//*[self::h1 or self::h2 or self::h3]")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_has_nothing_inline(any_page: Element) -> None:
    assert not any_page.xpath("//style | //*[@style] | //iframe | //object | //base")
    assert not [a for e in any_page.iter() if isinstance(e.tag, str) for a in e.attrib if a.startswith("on")]
    for script in any_page.xpath("//script[not(@src)]"):
        assert script.get("type") == "application/ld+json"
    for address in any_page.xpath("//@href | //@src | //@action"):
        assert urlsplit(address).scheme in ("", "http", "https"), address


def test_takes_nothing_from_elsewhere(any_page: Element) -> None:
    loaded = any_page.xpath("//@src | //link[not(@rel='canonical' or @rel='cite-as')]/@href | //@action")
    assert all(address.startswith("/") for address in loaded)


def test_ids_are_unique_and_fields_are_named(any_page: Element) -> None:
    ids = any_page.xpath("//@id")
    assert len(ids) == len(set(ids))
    for field in any_page.xpath("//input[not(@type='hidden')]"):
        labelled = any_page.xpath("//label[@for=$name]", name=field.get("id") or "-")
        assert field.get("aria-label") or labelled or field.xpath("ancestor::label")


def test_every_link_leads_somewhere(client: TestClient) -> None:
    seen: set[str] = set()
    waiting = ["/", "/search?q=paper"]
    while waiting:
        address = waiting.pop()
        response = client.get(address)
        assert response.status_code < 400, address
        if response.headers["content-type"].startswith("text/html") and len(seen) < 400:
            found = set(_links(response.text, str(response.url))) - seen
            seen |= found
            waiting += found
    assert len(seen) > 100


def _links(source: str, base: str) -> Iterator[str]:
    document: Element = html.document_fromstring(source)
    for address in document.xpath("//a/@href | //link/@href | //script/@src"):
        whole = urlsplit(urljoin(base, address))
        if whole.netloc in ("localhost", "") and whole.path:
            yield whole.path + (f"?{whole.query}" if whole.query else "")


# -- editions ----------------------------------------------------------------------------------------------------------


def test_front_is_the_newest_edition_with_its_neighbours(client: TestClient) -> None:
    front = page(client, "/")
    assert text(front.xpath("//*[@class='dateline']//time")[0]).startswith("Saturday, 14 March 2026")
    assert front.xpath("//a[@rel='prev']/@href") == ["/date/2026-03-13"]
    assert not front.xpath("//a[@rel='next']")
    (lead,) = front.xpath("//article[contains(@class, 'lead')]")
    assert lead.xpath(".//math") and "Ada Example, José Ñandú" in text(lead)
    assert "41 votes" in text(lead) and "7 comments" in text(lead)
    assert not lead.xpath(".//button"), "votes are a fact here, not a button that does nothing"


def test_front_tells_every_paper_of_a_small_edition_once(client: TestClient) -> None:
    shown = page(client, "/").xpath("//@data-paper")
    assert sorted(shown) == sorted(p.id for p in fakes.PAPERS if p.announced == fakes.TODAY)


def test_calendar_links_the_days_that_have_papers(client: TestClient) -> None:
    days = page(client, "/").xpath("//*[contains(@class, 'calendar')]//td/a")
    assert [(day.text, day.get("href")) for day in days] == [("13", "/date/2026-03-13"), ("14", "/date/2026-03-14")]
    assert [day.get("aria-current") for day in days] == [None, "date"]


def test_front_offers_the_rest_of_a_large_edition() -> None:
    client = TestClient(newsstand.application(contents=newsstand.edition(250)), base_url="http://localhost")
    assert len(page(client, "/").xpath("//@data-paper")) == 40
    (more,) = page(client, "/").xpath("//p[@class='rest']/a")
    assert text(more).startswith("The first 200 of the 250 papers of Tuesday 30 June")
    assert len(page(client, more.get("href")).xpath("//@data-paper")) == 200


def test_a_day_without_papers_names_the_nearest(client: TestClient) -> None:
    main = page(client, "/date/2026-03-10").find(".//main")
    assert main is not None and "No paper came out under this date." in text(main)
    assert main.xpath(".//a[text()='Friday, 13 March 2026']/@href") == ["/date/2026-03-13"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2024-02-29"])
def test_any_day_has_a_page(client: TestClient, day: str) -> None:
    page(client, f"/date/{day}")


def test_without_papers_the_first_screen_says_what_to_type() -> None:
    client = TestClient(newsstand.application(contents=()), base_url="http://localhost")
    commands = [text(code) for code in page(client, "/").xpath("//pre/code")]
    assert commands[0] == "broadsheet add --sample"
    assert any(command.startswith("broadsheet harvest arxiv") for command in commands)


def test_without_editions_the_front_shows_what_is_newest() -> None:
    contents = tuple(replace(paper, announced=None) for paper in fakes.PAPERS)
    client = TestClient(newsstand.application(contents=contents), base_url="http://localhost")
    assert text(page(client, "/").xpath("//h1")[0]) == "Newest papers"


# -- searching ---------------------------------------------------------------------------------------------------------


def test_results_say_how_many_and_mark_the_words(client: TestClient) -> None:
    found = page(client, "/search?q=attention")
    assert text(found.xpath("//*[@id='count']")[0]).startswith("1 paper in ")
    assert found.xpath("//*[@id='results']//mark/text()") == ["Attention"]
    assert found.xpath("//*[@id='q']/@value") == ["attention"]
    assert found.xpath("//*[@id='results']//h2/a/@href") == ["/papers/arxiv:2603.00001?q=attention"]


def test_a_hit_says_why(client: TestClient) -> None:
    (why,) = page(client, "/search?q=attention").xpath("//details[@class='why']")
    assert "words 70 %" in text(why) and "meaning 30 %" in text(why)
    assert why.xpath(".//*[name()='rect']/@width") == ["70.0", "30.0"]


def test_long_abstracts_fold_and_short_ones_do_not(client: TestClient) -> None:
    results = page(client, "/search?q=wort").xpath("//*[@id='results']")[0]
    assert text(results.xpath(".//details[@class='whole everywhere']/summary")[0]) == "Whole abstract"
    (abstract,) = results.xpath(".//p[contains(@class, 'sum')]")
    assert text(abstract).count("Ein Wort.") == 400, "the whole abstract is on the page, also without script"
    assert not page(client, "/search?q=note").xpath("//details[contains(@class, 'whole')]")


def test_facets_narrow_and_keep_the_question(client: TestClient) -> None:
    found = page(client, "/search?q=reading&sort=new&limit=50&page=1")
    facets = found.xpath("//*[@id='facets']")[0]
    assert facets.xpath(".//a[@title='cs.CL']/@href") == ["/search?q=reading&category=cs.CL&sort=new&limit=50"]
    assert facets.xpath(".//ol[@class='hist']//a/@href") == [
        "/search?q=reading&after=2026&before=2026&sort=new&limit=50"
    ]
    kept = {field.get("name"): field.get("value") for field in found.xpath("//form[@id='ask']//input[@type='hidden']")}
    assert kept == {"sort": "new", "limit": "50"}


def test_what_narrows_can_be_taken_away(client: TestClient) -> None:
    narrowed = page(client, "/search?q=reading&category=cs.CL&after=2025-11").xpath("//*[@class='narrowed']")[0]
    assert text(narrowed) == "Only Language \u00d7 from November 2025 \u00d7"
    assert narrowed.xpath("./a/@href") == ["/search?q=reading&after=2025-11", "/search?q=reading&category=cs.CL"]


def test_pages_turn_both_ways(client: TestClient) -> None:
    second = page(client, "/search?q=a&limit=1&page=2")
    assert second.xpath("//a[@rel='prev']/@href") == ["/search?q=a&limit=1"]
    assert second.xpath("//a[@rel='next']/@href") == ["/search?q=a&limit=1&page=3"]
    assert second.xpath("//p[@class='rest']/a/@href") == ["/search?q=a&limit=200"]


def test_an_identifier_leads_straight_to_its_paper(client: TestClient) -> None:
    response = client.get("/search?q=arxiv:2603.00001", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (303, "/papers/arxiv:2603.00001")


def test_nothing_found_says_what_to_loosen(client: TestClient) -> None:
    results = page(client, "/search?q=%22zebra%22+unicorn&venue=ACL").xpath("//*[@id='results']")[0]
    assert "No paper answers this." in text(results)
    assert "/search?q=%22zebra%22+unicorn" in results.xpath(".//li/a/@href")


def test_notes_stand_beside_the_results(client: TestClient) -> None:
    assert text(page(client, "/search?q=***").xpath("//p[@class='note']")[0]) == "The query was empty."


def test_the_search_page_teaches_by_examples(client: TestClient) -> None:
    examples = page(client, "/search").xpath("//*[@class='help']//dt/a/@href")
    assert len(examples) == 9 and all(client.get(example).status_code == 200 for example in examples)


# -- a paper -----------------------------------------------------------------------------------------------------------


def test_paper_shows_all_that_is_known(client: TestClient) -> None:
    paper = page(client, "/papers/arxiv:2603.00001")
    links = paper.xpath("//main//a/@href")
    for expected in (
        "/authors/ada-example",
        "https://orcid.org/0000-0002-1825-0097",
        "/venues/journal-of-invented-results",
        "/date/2026-03-14",
        "/search?category=cs.CL",
        "https://doi.org/10.1000/reading",
        "https://arxiv.org/abs/2603.00001",
        "https://example.org/pdf/1",
        "/papers/arxiv:2603.00001.bib",
        "/papers/arxiv:2603.00001.ris",
        "/papers/arxiv:2603.00001.csl.json",
        "/papers/arxiv:2603.00001/similar",
        "/papers/bs:abcdefgh2345",
    ):
        assert expected in links, expected
    words = text(paper.find(".//main"))
    for expected in ("13 March 2026", "CC BY 4.0", "12 pages, 3 figures", "Perhaps the same", "arXiv 2603.00001"):
        assert expected in words, expected


def test_similar_papers_are_tuned_by_topics(client: TestClient) -> None:
    one, other = fakes.CONCEPTS[:2]
    asked = {"id": "arxiv:2603.00001", "more": one, "limit": "5"}
    tuned = page(client, "/similar?" + urlencode(asked)).xpath("//ul[@class='tuned']")[0]
    links = {link.get("aria-label"): parse_qs(link.get("href").partition("?")[2]) for link in tuned.iter("a")}
    assert links[f"Less {one}"] == {"id": [asked["id"]], "less": [one], "page": ["1"], "limit": ["5"]}
    assert links[f"No more {one} than before"] == {"id": [asked["id"]], "page": ["1"], "limit": ["5"]}
    assert links[f"More {other}"]["more"] == [one, other]
    assert f"More {one}" not in links


def test_paper_formulas_are_mathml(client: TestClient) -> None:
    assert page(client, "/papers/arxiv:2603.00001").xpath("//p[@class='abstract']//math")


def test_paper_is_read_by_zotero_and_scholar(client: TestClient) -> None:
    paper = page(client, "/papers/arxiv:2603.00001")
    tags = [(meta.get("name"), meta.get("content")) for meta in paper.xpath("//meta[@name]")]
    for expected in (
        ("citation_title", "Reading Newspapers with O(n log n) Attention"),
        ("citation_author", "Ada Example"),
        ("citation_author", "José Ñandú"),
        ("citation_publication_date", "2026/03/13"),
        ("citation_journal_title", "Journal of Invented Results"),
        ("citation_arxiv_id", "2603.00001"),
        ("citation_pdf_url", "https://example.org/pdf/1"),
        ("citation_public_url", "http://localhost/papers/arxiv:2603.00001"),
        ("DC.creator", "Ada Example"),
    ):
        assert expected in tags, expected
    assert paper.xpath("//link[@rel='cite-as']/@href") == ["https://doi.org/10.1000/reading"]
    (data,) = paper.xpath("//script[@type='application/ld+json']/text()")
    article = json.loads(data)
    assert article["@type"] == "ScholarlyArticle" and article["author"][1] == {"@type": "Person", "name": "José Ñandú"}


def test_paper_says_why_it_matched_a_search(client: TestClient) -> None:
    paper = page(client, "/papers/arxiv:2603.00001?q=attention")
    assert "Why it matched" in text(paper.xpath("//*[@class='matched']")[0])
    assert paper.xpath("//h1/mark/text()") == ["Attention"]
    assert paper.xpath("//*[@class='crumb']/a/@href")[0] == "/search?q=attention"
    assert not page(client, "/papers/arxiv:2603.00001").xpath("//*[@class='matched']")


def test_a_note_is_marked_as_a_note(client: TestClient) -> None:
    paper = page(client, "/papers/bs:abcdefgh2345")
    assert "not the paper's own abstract" in text(paper.xpath("//*[@class='house']")[0])
    assert not paper.xpath("//meta[@name='citation_abstract']")
    assert text(page(client, "/search?q=note").xpath("//*[@class='label']")[0]) == "Note"


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("openreview:AbC-d_1", "No source here has the abstract"),
        ("openreview:AbC-d_1", "Authors unknown"),
        ("openreview:rejected1", "This paper was rejected"),
        ("arxiv:2603.00008", "This paper was withdrawn"),
        ("arxiv:2603.00010", "and 90 more"),
        ("acl:X26-1001", "Published 2026"),
        ("doi:10.1000/data.json", "November 2025"),
    ],
)
def test_paper_says_what_is_odd(client: TestClient, identifier: str, words: str) -> None:
    assert words in text(page(client, paper_path(identifier)).find(".//main"))


def test_other_identifiers_redirect_to_the_best(client: TestClient) -> None:
    response = client.get("/papers/2603.00001?q=attention", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (308, "/papers/arxiv:2603.00001?q=attention")


# -- failures ----------------------------------------------------------------------------------------------------------


def test_a_wrong_address_suggests_papers(client: TestClient) -> None:
    wrong = page(client, "/papers/reading-newspapers", 404)
    assert wrong.xpath("//main//ol//a/@href")[0] == "/papers/arxiv:2603.00001"


@pytest.mark.parametrize(
    ("broken", "status", "words"),
    [
        (NoSnapshot("Nothing is indexed yet: run `broadsheet refresh`."), 503, "run broadsheet refresh"),
        (StoreError("The store cannot be read."), 500, "The store cannot be read."),
        (RuntimeError("secret detail"), 500, "Something went wrong here"),
    ],
)
def test_failures_are_pages_too(broken: Exception, status: int, words: str) -> None:
    app = newsstand.application(broken=broken)
    client = TestClient(app, base_url="http://localhost", headers=HTML, raise_server_exceptions=False)
    failed = page(client, "/search?q=x", status)
    assert words in text(failed.find(".//main"))
    assert "secret detail" not in text(failed)


def test_the_footer_says_how_fresh_every_source_is() -> None:
    app = newsstand.application()
    seen = app.state.now().isoformat()
    late = SourceStatus(name="acl", seen=None, failure="no answer")
    app.state.library.freshness = lambda: [SourceStatus(name="arxiv", seen=seen), late]
    footer = page(TestClient(app, base_url="http://localhost"), "/about").xpath("//footer//p[@class='fresh']/span")
    assert [text(span) for span in footer] == [
        "arXiv seen just now",
        "ACL Anthology never seen, but the last visit failed",
    ]
    assert [span.get("class") for span in footer] == [None, "late"]


# -- hostile text ------------------------------------------------------------------------------------------------------

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></script><script>alert(1)</script>",
    "'-alert(1)-'",
    "${alert(1)} {{7*7}} {% raw %}",
    "$\\href{javascript:alert(1)}{x}$",
    "$\\text{</math><script>alert(1)</script>}$",
    "$\\style{color:red}{\\unicode{<svg onload=alert(1)>}}$",
    "javascript:alert(1)",
    "<!--", "]]>", "\u202e\u2066 backwards", "a" * 3_000, "&lt;b&gt;", "\x00\x0b\ud7ff\ufffe",
)  # fmt: skip


def _hostile(payload: str) -> Paper:
    return Paper(
        key=99,
        id="doi:10.1/hostile",
        identifiers=("doi:10.1/hostile", "bs:" + payload),
        title=payload,
        abstract=payload,
        note=payload,
        authors=(Author(payload, payload), Author("b" + payload)),
        date="2026-03-14",
        updated=payload,
        announced=fakes.TODAY,
        venue=payload,
        categories=(payload,),
        keywords=(payload,),
        links={"page": payload, "pdf": payload, payload: "https://example.org/" + payload},
        comment=payload,
        licence=payload,
        signals={payload: 2.0, "votes": 1.0},
        sources=(payload,),
    )


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_stays_text(payload: str) -> None:
    paper = _hostile(payload)
    client = TestClient(newsstand.application(contents=(paper,)), base_url="http://localhost", headers=HTML)
    for address in ("/", "/new", paper_path(paper.id) + "?q=" + quote(payload), "/search?q=" + quote(payload[:900])):
        response = client.get(address)
        assert response.status_code in (200, 422), address
        _assert_harmless(html.document_fromstring(response.text))


def _assert_harmless(document: Element) -> None:
    assert not document.xpath("//img | //main//script | //*[name()='svg'][@onload]")
    for element in document.iter():
        if isinstance(element.tag, str):
            assert not [name for name in element.attrib if name.startswith("on") or name == "style"]
            for name in ("href", "src", "action", "xlink:href"):
                assert urlsplit(element.get(name, "")).scheme in ("", "http", "https")
    for script in document.xpath("//script[not(@src)]"):
        json.loads(script.text)


# -- size --------------------------------------------------------------------------------------------------------------


def test_the_first_page_is_light() -> None:
    app = newsstand.application(contents=newsstand.edition(40))
    client = TestClient(app, base_url="http://localhost", headers={"accept-encoding": "gzip"})
    front = client.get("/")
    parts = [address for address in _links(front.text, str(front.url)) if re.search(r"\.(css|js|svg)$", address)]
    assert len(parts) == 3
    assert sum(_transferred(client, address) for address in ("/", *parts)) < 30_000  # the aim is 60 kB
    fonts = {address for address in _links(front.text, str(front.url)) if address.endswith(".woff2")}
    style = next(part for part in parts if part.endswith(".css"))
    fonts |= {urljoin(style, name) for name in re.findall(r"url\((.+?)\)", client.get(style).text)}
    assert 0 < sum(len(client.get(font).content) for font in fonts) < 120_000


def _transferred(client: TestClient, address: str) -> int:
    with client.stream("GET", address) as response:
        return sum(len(piece) for piece in response.iter_raw())


def test_templates_use_only_what_they_are_given() -> None:
    for name in _ENVIRONMENT.list_templates():
        _ENVIRONMENT.get_template(name)
