"""Names made comparable: titles, surnames, addresses and the identifiers that decide which records are one paper."""

# ruff: noqa: RUF001 - letters that look alike are what this module is about

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote

SEPARATOR = "\x1f"  # between the parts of a title identity; no cleaned text contains it

_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_PREFERENCE = ("arxiv", "doi", "acl", "openreview", "bs")
_MAXIMUM_IDENTIFIER = 400

# --- titles -----------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"[^\W_]+")
_SPECIAL = re.compile(r"[\\${}_^~<&'’‘`,]").search
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,80}>")
_ACCENT = re.compile(r"\\(?:[`'\"^~=.](?:\\(?=[ij]\b))?|[cvHukrbdt](?=\s*\{|\s+\w))\s*\{?\s*(?=\w)")
_STYLE = re.compile(
    r"\\(?:math(?:bb|cal|rm|bf|it|sf|tt|frak|scr)|text(?:it|bf|rm|tt|sc|sf|sl|normal)?|operatorname|boldsymbol|emph|bm|"
    r"[hm]box|ensuremath|left|right|em|it|bf|rm|sc|tt|sl|sf|protect|xspace|displaystyle)(?![a-zA-Z])\*?"
)
_COMMAND = re.compile(r"\\([a-zA-Z]+)")
_DROPPED = re.compile(r"[\\${}_^'’‘`]|(?<=\d),(?=\d{3}\b)")
_LETTERS = {
    "ø": "o", "ł": "l", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h",
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma",
    "ς": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
}  # fmt: skip
_LETTER_NAMES = str.maketrans(_LETTERS)
_ACCENTS = re.compile("[\u0300-\u036f]")
_GREEK_WORD = re.compile(r"[α-ω]{2,}")


@lru_cache(maxsize=1 << 12)
def fingerprint(title: str) -> str:
    """Return the folded words of a title joined by spaces, the same for all the ways in which sources write it.

    Punctuation, LaTeX and HTML markup are left out, and a formula keeps its letters and digits ("$\\ell_2$" is "ell2"),
    since papers that differ in nothing else do exist.
    """
    return " ".join(_WORD.findall(_plain(_without_markup(title) if _SPECIAL(title) else title)))


def fingerprint_words(title: str) -> int:
    """Return how many words the fingerprint of a title has."""
    return len(fingerprint(title).split())


def title_identity(title: str, authors: Iterable[str], date: str | None) -> str:
    """Return what names a record without an id of its own: fingerprint, first author's surname and year."""
    first = next(iter(authors), "")
    return SEPARATOR.join((fingerprint(title), surname(first), (date or "")[:4]))


def _without_markup(title: str) -> str:
    if "&" in title:
        title = html.unescape(title)
    if "<" in title:
        title = _TAG.sub("", title)
    if "\\" in title:
        title = _COMMAND.sub(r" \1", _STYLE.sub("", _ACCENT.sub("", title)))
    return _DROPPED.sub("", title.replace("~", " "))


def _plain(text: str) -> str:
    """Fold case, accents and compatibility forms; kept apart from the tokenizer's, for identities may never change."""
    if text.isascii():
        return text.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    folded = unicodedata.normalize("NFC", bare.lower())
    return folded if _GREEK_WORD.search(folded) else folded.translate(_LETTER_NAMES)


# --- people and places ------------------------------------------------------------------------------------------------

_ASIDE = re.compile(r"\([^()]*\)")
_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv", "phd", "md"))


def surname(author_name: str) -> str:
    """Return the folded last word of the family name, of "First von Last" and "Last, First" alike ("van Gogh": "gogh").

    Parentheses and suffixes such as "Jr." do not count; a hyphen joins ("Ben-David": "bendavid").
    """
    if "(" in author_name:
        author_name = _ASIDE.sub(" ", author_name)
    for part in author_name.split(","):
        plain = _plain(_without_markup(part) if _SPECIAL(part) else part)
        for name in reversed(plain.split()):
            word = "".join(_WORD.findall(name))
            if word and word not in _SUFFIXES:
                return word
    return ""


def slug(name: str) -> str:
    """Return the address form of an author's or a venue's name: "Jürgen Müller" is "jurgen-muller"; may be empty."""
    return fingerprint(name).replace(" ", "-")


# --- identifiers ------------------------------------------------------------------------------------------------------

_OLD_ARCHIVES = (
    "acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat|cs|dg-ga|"
    "funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math-ph|math|mtrl-th|nlin|nucl-ex|nucl-th|patt-sol|physics|plasm-ph|"
    "q-alg|q-bio|quant-ph|solv-int|stat|supr-con"
)
# Four digits until 2014, five since: a shorter number is one that was cut off.
_NEW_ARXIV_ID = r"(?:0[7-9]|1[0-4])(?:0[1-9]|1[0-2])\.\d{4}|(?:1[5-9]|[2-9]\d)(?:0[1-9]|1[0-2])\.\d{5}"
_ARXIV_ID = rf"(?:({_NEW_ARXIV_ID})|({_OLD_ARCHIVES})(?:\.[a-z-]{{2,8}})?/(\d{{7}}))(?:v\d{{1,3}})?"
_ARXIV = re.compile(
    r"(?:arxiv:\s?|oai:arxiv\.org:|(?:https?://)?(?:[\w-]+\.){0,3}(?:arxiv|ar5iv|alphaxiv)\.org/"
    r"(?:abs|pdf|html|format|ps|e-print|src|overview)/|(?:https?://[\w.:-]{1,100})?/papers/|"
    rf"(?:doi:|(?:https?://)?(?:dx\.)?doi\.org/)?10\.48550/arxiv\.)?{_ARXIV_ID}(?:\.pdf)?/?(?:[?#].*)?",
    re.IGNORECASE,
).fullmatch
_DOI = re.compile(
    r"(?:doi:\s?|(?:https?://)?(?:dx\.)?doi\.org/(?:doi:)?|https?://[^/\s]{1,100}/doi/(?:abs/|pdf/|full/|epdf/)?)?"
    r"(10\.\d{4,9}/\S+)",
    re.IGNORECASE,
).fullmatch
_ACL_ID = r"([a-z]\d\d-\d{4,5}|\d{4}\.[a-z0-9_]+-[a-z0-9_]+\.(?:\d{1,5}|report))(?:v\d)?"
_ACL = re.compile(
    r"(?:acl:\s?|(?:https?://)?(?:www\.)?(?:aclanthology\.(?:org|info)(?:/papers)?|aclweb\.org/anthology)/|"
    rf"(?=\d{{4}}\.)){_ACL_ID}(?:\.pdf|\.bib)?/?(?:[?#].*)?",
    re.IGNORECASE,
).fullmatch
_BARE_OLD_ACL = re.compile(r"[A-Z]\d\d-\d{4,5}").fullmatch
_OPENREVIEW = re.compile(
    r"(?:openreview:|(?:https?://)?(?:www\.)?openreview\.net/(?:forum|pdf)\?(?:[^\s#]*&)?id=)([\w-]{5,40})(?:[&#].*)?",
    re.IGNORECASE,
).fullmatch
_OWN = re.compile(r"bs:([a-z2-7]{12})", re.IGNORECASE).fullmatch


def identifiers(text: str) -> tuple[str, ...]:
    """Return the normalised identifiers in an id, URL or DOI, or several of them with spaces between.

    An arXiv id loses its version and its subject class; a DOI is lower-cased, and one that arXiv made of its own id
    gives that id too. (The ACL Anthology's are not read so: four of 52,260 stand at another paper.) Anything else
    gives ().
    """
    found: list[str] = []
    for token in text.split():
        if len(token) <= _MAXIMUM_IDENTIFIER:
            found += _identifiers_of(token)
    return tuple(dict.fromkeys(found)) if len(found) > 1 else tuple(found)


def parse_identifier(text: str) -> str | None:
    """Return the identifier that someone typed or put in an address, when the text is exactly one, else None."""
    text = text.strip()
    if " " in text and not re.fullmatch(r"\w+:\s\S+", text):
        return None
    text = text.replace(" ", "")
    if _BARE_OLD_ACL(text):
        return f"acl:{text}"
    found = identifiers(text)
    return best(found) if found else None


def best(identifiers: Iterable[str]) -> str:
    """Return the identifier that stands for a paper: arxiv before doi, acl, openreview and bs; ties by the alphabet.

    Raises:
        ValueError: there is none of a known scheme.
    """
    known = [name for name in identifiers if name.partition(":")[0] in _PREFERENCE]
    return min(known, key=lambda name: (_PREFERENCE.index(name.partition(":")[0]), name))


def fallback(scheme: str, own_id: str) -> str:
    """Return "bs:" and twelve base32 characters of the SHA-256 of scheme, a NUL byte and the record's own id."""
    digest = hashlib.sha256(f"{scheme}\0{own_id}".encode(errors="surrogatepass")).digest()
    number = int.from_bytes(digest[:8], "big")
    return "bs:" + "".join([_BASE32[number >> shift & 31] for shift in range(59, 0, -5)])


def _identifiers_of(token: str) -> list[str]:
    if "%" in token and "doi.org/" in token:
        token = unquote(token)
    if (match := _ARXIV(token)) is not None:
        name = match[1] or f"{match[2].lower()}/{match[3]}"
        return [f"arxiv:{name}", f"doi:10.48550/arxiv.{name}"] if "10.48550/" in token else [f"arxiv:{name}"]
    if "10." in token and (match := _DOI(token)) is not None:
        return _of_doi(match[1], token)
    if (match := _ACL(token)) is not None:
        return [f"acl:{_acl_name(match[1])}"]
    if (match := _OPENREVIEW(token)) is not None:
        return [f"openreview:{match[1]}"]
    if (match := _OWN(token)) is not None:
        return [f"bs:{match[1].lower()}"]
    return []


def _of_doi(doi: str, token: str) -> list[str]:
    if "://" in token:
        doi = re.split(r"[?#]", doi)[0]
    doi = doi.rstrip(".,;:\"'").lower()
    if doi.endswith(")") and doi.count("(") < doi.count(")"):
        doi = doi[:-1]
    return [f"doi:{doi}"] if doi.isprintable() and " " not in doi else []


def _acl_name(name: str) -> str:
    return name.lower() if name[0].isdigit() else name.upper()


# --- front matter -----------------------------------------------------------------------------------------------------

_FRONT_TITLES = frozenset(
    line.strip()
    for line in """
    abstracts of current literature; about the authors; about these proceedings; acknowledgements; acknowledgments
    addresses of participants; advertisement; advertisements; advertising; advertisment; advertisments; announcement
    announcements; announcing a new section; back matter; backmatter; book notices; book of abstracts; books received
    briefly noted; calendar; calendar of events; closing remarks; closing session; concluding remarks; conclusion
    conference organization; conference program; contents; copyright; copyright notice; cover; current bibliography
    discussion; editorial; editors introduction; editors note; foreword; forewords; frontmatter and preface
    guidelines for submission; guidelines for submissions; index; index of authors; instructions for authors
    introduction; introduction preface; invited presentation; invited speaker; invited speakers; invited talk
    invited talks; keynote; keynote address; keynote speech; keynotes; letter to the editor; letters to the editor
    masthead; membership; news; obituary; opening address; opening remarks; opening session; organizers; panel
    panel discussion; panels; participants; personal notes; poster session; preface; prefaces; presentation; program
    programme; publications received; referees; reviewers; session introduction; site report; sponsors
    summation by chairman; table of contents; title page; tutorial abstracts; tutorials; welcome; welcome address
    welcome message; welcoming remarks; workshop program
    """.replace(";", "\n").splitlines()
)
_CHAIRS = (
    r"(?:(?:general|program(?:me)?|local|conference|workshop|organi[sz]\w+|steering|tutorials?|publications?|industry|"
    r"scientific|technical|area|demos?|student|senior|honorary|executive|acl|co)\b.{0,40}?\b)?"
    r"(?:chairs?|cochairs?|committee|organi[sz]ers|editors?|president|director|board|team)\b"
)
_FRONT_BEGINNINGS = re.compile(
    r"proceedings of |book reviews?\b|errat(?:um|a)\b|corrigend(?:um|a)\b|the finite string\b|avant propos\b|"
    r"(?:(?:author|title|subject|keyword|name|topic)s? (?:and )?){1,3}index(?: volumes? .*)?$|"
    r"(?:a )?(?:messages?|letter|welcome|greetings|report|words?|notes?|remarks) (?:from|by) (?:the |our )?"
    rf"{_CHAIRS}|welcome message\b|welcome (?:address|to the) .{{0,60}}(?:chairs?|conference|workshop|proceedings)|"
    r"(?:front|back) ?matter\b.{0,40}$|biographical notes on speakers|"
    r"(?:prefaces?|foreword|editorial) (?:to|for|by|from|of|volume|special|foreword|editorial|preface)\b|"
    r"(?:guest )?(?:editors |editorial )?introduction to (?:the|this) (?:special|theme|thematic|inaugural) |"
    r"calls? for (?:papers|participation|bids)\b|"
    r"list of (?:participants|reviewers|referees|speakers|authors|contributors)\b|"
    r"reviewers for (?:this|volume)|(?:panel|session) \d+$|"
    r"(?:program(?:me)?|organi[sz]ing|conference|workshop) (?:committee|chairs?|organi[sz]\w+)$"
).match
_FRONT_ENDINGS = (" preface", " foreword")
_LONGEST_WITH_ENDING = 90


@lru_cache(maxsize=1 << 12)
def is_front_matter(title: str) -> bool:
    """Return whether a title names no paper but a part of a volume ("Briefly Noted", "Proceedings of ...", "Errata").

    Read from the most repeated titles of the ACL Anthology and of conference proceedings; talks and introductions that
    name a subject of their own ("Introduction to the CoNLL-2005 Shared Task: ...") stay papers.
    """
    plain = fingerprint(title)
    if plain.endswith(_FRONT_ENDINGS) and len(plain) <= _LONGEST_WITH_ENDING:
        return True
    return plain in _FRONT_TITLES or _FRONT_BEGINNINGS(plain) is not None
