# ruff: noqa: RUF001 - signs that look like others are tested here
"""LaTeX in titles and abstracts: what is read, what is left alone, and that nothing hostile comes through."""

from __future__ import annotations

import re
import time
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broadsheet.records import Span
from broadsheet.text.latex import LONGEST_FORMULA, to_html, to_text

ELEMENTS = set(
    """math mrow mi mn mo mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover mmultiscripts
    mprescripts mtable mtr mtd mstyle mpadded mphantom menclose em strong code mark""".split()  # noqa: SIM905
)
ATTRIBUTES = set(
    """display mathvariant stretchy fence form largeop movablelimits accent accentunder minsize maxsize lspace rspace
    width linethickness displaystyle scriptlevel columnalign""".split()  # noqa: SIM905
)


class Outline(HTMLParser):
    """Reads HTML as a browser would begin to: the elements in it, whether they nest, and the text between."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, "elements cross"

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(f"a declaration: {decl}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"a processing instruction: {data}")


def assert_harmless(page: str) -> Outline:
    outline = Outline(page)
    assert set(outline.elements) <= ELEMENTS
    assert {name for name, _ in outline.attributes} <= ATTRIBUTES
    assert not any(":" in (value or "") or "(" in (value or "") for _, value in outline.attributes)
    assert not outline.open
    return outline


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Plain words, 5 < 6 & more", "Plain words, 5 < 6 & more"),
        (
            r"Schr\"odinger, Erd\H{o}s, {\'E}tale, na\"{\i}ve, Ho\v{r}ava, \c{C}",
            "Schrödinger, Erdős, Étale, naïve, Hořava, Ç",
        ),
        (r"\AA ngstr\"om by S\o ren, Stra\ss{}e", "Ångström by Søren, Straße"),
        ("``quoted'' words --- and 2--3 pages", "“quoted” words — and 2–3 pages"),
        (r"12\% of \$5, \& \_ \#", "12% of $5, & _ #"),
        ("costs $5 and $10 or $20-$30", "costs $5 and $10 or $20-$30"),
        ("pass --flag to ~/bin, see Fig.~3", "pass --flag to ~/bin, see Fig.\xa03"),
        (r"\emph{some \textbf{bold} text} {\it slanted} \textsc{Caps}", "some bold text slanted Caps"),
        (r"{BERT}: {0,1}-matrices", "BERT: {0,1}-matrices"),
        (r"as shown \cite{knuth84}, see \url{https://example.org/a_b}", "as shown, see https://example.org/a_b"),
        (r"\href{https://example.org}{our page}", "our page"),
        (r"$O(n \log n)$ and $\frac{a}{b} \leq \alpha_i$ in $\mathbb{R}^{d}$", "O(n log n) and a/b ≤ α_i in R^d"),
        (r"\(x^2\), \[y\] and $$z$$", "x^2, y and z"),
        (r"over $\sim$100 nm, $ Z\alpha$, $x_1 $, $ k $ and $n$-grams", "over ∼100 nm, Zα, x_1, k and n-grams"),
        (r"an \unknown{command} stays", r"an \unknown{command} stays"),
        ("5.2times faster, ell_2 norm, texttt{D}ual", "5.2× faster, ℓ_2 norm, Dual"),
        ("five times a day", "five times a day"),
        (r"$\sqrt{", "$√{"),
        ("}}} {{{ $ $$ \\( \\", "}}} {{{ $ $$ \\( \\"),
        ("", ""),
    ],
)
def test_text_reads_as_one_would_say_it(source: str, text: str) -> None:
    assert to_text(source) == text


@pytest.mark.parametrize(
    ("source", "page"),
    [
        ("5 < 6 & <b>", "5 &lt; 6 &amp; &lt;b&gt;"),
        (r"\emph{a \textbf{b} c}", "<em>a <strong>b</strong> c</em>"),
        (r"\texttt{never closed", "<code>never closed</code>"),
        ("$x^2$", '<math display="inline"><mrow><msup><mi>x</mi><mn>2</mn></msup></mrow></math>'),
        ("$a<b$", '<math display="inline"><mrow><mi>a</mi><mo>&lt;</mo><mi>b</mi></mrow></math>'),
        (r"$\R$", '<math display="inline"><mrow><mi>R</mi></mrow></math>'),
        (r"$\mathbb{R}$", '<math display="inline"><mrow><mi>ℝ</mi></mrow></math>'),
    ],
)
def test_html_has_elements_and_mathml(source: str, page: str) -> None:
    assert to_html(source) == page


def marked(source: str, *words: str) -> str:
    return to_html(source, [Span(m.start(), m.end()) for word in words for m in re.finditer(re.escape(word), source)])


def test_marks_stand_around_their_words_and_join() -> None:
    assert marked("deep & wide nets", "deep", "nets") == "<mark>deep</mark> &amp; wide <mark>nets</mark>"
    assert marked("deepnets", "deep", "nets", "epne") == "<mark>deepnets</mark>"


def test_a_mark_inside_a_formula_is_dropped_and_its_neighbours_stay() -> None:
    formula = r"$\log n$"
    assert marked(f"log {formula} log", "log") == f"<mark>log</mark> {to_html(formula)} <mark>log</mark>"
    across = to_html("see $x$ there", [Span(0, 13)])
    assert across == f"<mark>see </mark>{to_html('$x$')}<mark> there</mark>"


def test_marks_nest_within_elements() -> None:
    assert to_html(r"a \emph{b c} d", [Span(0, 9)]) == "<mark>a </mark><em><mark>b</mark> c</em> d"
    assert marked('Schr\\"odinger', 'Schr\\"odinger') == "<mark>Schrödinger</mark>"


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(-5, 80), st.integers(-5, 80)), max_size=8))
def test_marks_change_no_text(source: str, places: list[tuple[int, int]]) -> None:
    page = to_html(source, [Span(start, end) for start, end in places])
    assert assert_harmless(page).text == Outline(to_html(source)).text


PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<math href='javascript:alert(1)'>x</math>",
    "<a href=javascript:alert(1)>x</a>",
    "<style>*{display:none}</style>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<!-- comment --><![CDATA[<script>]]>",
    "<annotation-xml encoding='text/html'><script>alert(1)</script></annotation-xml>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    r"\href{javascript:alert(1)}{x}",
    r"\url{javascript:alert(1)}",
    r"\text{<script>alert(1)</script>}",
    r"\text{&lt;img src=x onerror=alert(1)&gt;}",
    r"\mbox{</mtext></math><script>alert(1)</script>}",
    r"\style{background:url(javascript:alert(1))}{x}",
    r"\class{evil}{x}",
    r"\cssId{evil}{x}",
    r"\unicode{60}script\unicode{62}",
    r"\unicode{x3c}script\unicode{x3e}",
    r"\color{red;background:url(//example.org)}x",
    r"\textcolor{javascript:alert(1)}{x}",
    r"\operatorname{<script>alert(1)</script>}",
    r"\begin{<script>}x\end{<script>}",
    r"\begin{array}{<script>}x\end{array}",
    r"\def\x{\x\x}\x",
    r"\newcommand{\a}{\b\b}\newcommand{\b}{\a\a}\a",
    r"\newcommand{\a}[1]{#1#1#1#1}\a{\a{\a{\a{\a{\a{x}}}}}}",
    r"\DeclareMathOperator{\x}{<script>alert(1)</script>}\x",
    r"\newenvironment{e}{<script>}{</script>}\begin{e}x\end{e}",
    r"\hspace{100000em}x\rule{100000em}{100000em}",
    r"\kern-99em\raisebox{99em}{x}",
    r"\left" * 200,
    r"\sqrt" * 150 + "x",
    r"\frac" * 150,
    r"\begin{matrix}" * 50,
    "{" * 700,
    "}" * 700,
    "^" * 700,
    "x^{" * 200,
    "x_" * 300,
    "&" * 700,
    r"\\" * 300,
    "\0\x01\x1b\u202e\ud800\uffff",
    r"\left( \middle| \right",
    r"\substack{" * 60,
]
PLACES = [
    "{}",
    "${}$",
    "$${}$$",
    r"\({}\)",
    r"\[{}\]",
    r"\emph{{{}}}",
    "a {} b $x$",
    "${}",
    "x$ {} $",
    r"$\text{{{}}}$",
]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_comes_out_as_text(payload: str) -> None:
    for place in PLACES:
        source = place.format(payload)
        began = time.perf_counter()
        outline = assert_harmless(to_html(source, [Span(0, 3), Span(5, len(source))]))
        assert time.perf_counter() - began < 2.0
        assert "script" not in outline.elements
        to_text(source).encode()


def test_a_formula_that_is_refused_is_shown_as_typed() -> None:
    for formula in (r"$\href{javascript:alert(1)}{x}$", r"$\def\x{y}\x$", "$" + "{" * 60 + "x" + "}" * 60 + "$"):
        assert unescape(to_html(formula)) == formula
    too_long = "$" + "x+" * LONGEST_FORMULA + "y$"
    assert to_html(too_long) == too_long


def test_a_formula_cannot_push_the_page_about() -> None:
    assert "em" not in to_html(r"$\hspace{1000em}x$").replace("mspace", "")


SIGNS = r"""$ $$ \( \) \[ \] { } ^ _ & \\ ~ ' '' ` `` -- --- ( ) | . [ ] < > " = + a b x 1 times ell_"""
COMMANDS = r"""\frac \sqrt \left \right \text{ \begin{matrix} \end{matrix} \begin{array}{c} \end{array} \alpha \emph{
\textbf{ {\it \' \" \c \H \% \$ \over \atop \limits \sum \prime \href{ \url{ \cite{ \color{red} \mathbb \operatorname*
\substack{ \binom \overset \xrightarrow[ \hat \not \middle \big \bmod \mathrm{ \displaystyle \, \! \hspace{1em}
\unicode{ \cfrac \genfrac \tag{ \label{ <script> </script> &lt; &#60;"""
TYPED = st.sampled_from([*SIGNS.split(), *COMMANDS.split(), " "]) | st.text(max_size=3)
TEX = st.lists(TYPED, max_size=60).map("".join)


@settings(max_examples=400, deadline=2000)
@given(TEX)
def test_whatever_is_typed_gives_harmless_html_and_text(source: str) -> None:
    assert_harmless(to_html(source))
    to_html(source).encode()
    to_text(source).encode()


@settings(max_examples=400, deadline=2000)
@given(TEX)
def test_whatever_stands_in_a_formula_is_harmless(source: str) -> None:
    assert_harmless(to_html(f"a ${source}$ b \\({source}\\)"))


@pytest.mark.parametrize(
    "unit", ["$", "$x", "\\(", "\\[x", "{", "\\emph{", "\\'", "``", "--", "$ x $", "\\href{", "~a", "<", "$x$"]
)
def test_long_texts_take_little_time(unit: str) -> None:
    source = unit * (100_000 // len(unit))
    began = time.perf_counter()
    assert_harmless(to_html(source, [Span(start, start + 1) for start in range(0, len(source), 7)]))
    to_text(source)
    assert time.perf_counter() - began < 5.0
