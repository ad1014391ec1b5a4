"""Collections to learn ranking from, made of the papers files: queries of many kinds whose answers are known.

    titles      a title, half of them as a question, to its text       (all papers without title)
    sentences   a sentence of an abstract, to the paper without it     (every paper lacks a sentence)
    halves      the first half of an abstract, to its second half      (all papers without title)
    keywords    a keyword of authors, to the papers that list it
    questions   a question about two keywords, to the papers that list both
    examples    title and abstract of a paper, to those that share rare keywords with it
    mentions    a sentence that names a method, to the paper that introduced it
    contexts    that sentence and its neighbours, half of them without the name, to the same paper
    topics      a keyword with a Boolean search and 100 to 300 words about it, to the papers that list it
    tldr        one-sentence summaries (scitldr train) among other papers of their field
    cites       title and abstract (citeulike), to the papers that cite it or that it cites

Nothing comes from a test query or judgement. What all papers of a collection lack, none can be told by.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import zstandard

from broadsheet.text.normalise import fingerprint
from broadsheet.text.sentences import sentences

_FILES = ("arxiv_history", "arxiv_2025_26", "acl_anthology", "conferences")
_PAPERS = 12_000  # of a collection
_QUERIES = 400
_SHORTEST = 400  # characters of an abstract
_ASKED = (
    "Are there any papers that study {}?",
    "Which papers propose {}?",
    "Can you recommend research on {}?",
    "What work has been done on {}?",
    "I am looking for articles about {}.",
    "How has {} been addressed?",
    "Find studies dealing with {}",
)
_COINED = re.compile(r"([A-Z][A-Za-z]*[A-Z0-9][A-Za-z0-9-]*): ")
_QUOTED = 3  # papers that a topic quotes, which are left out of its collection
_RARE = (3, 60)  # papers that list a keyword which says something

Paper = Mapping[str, Any]


@dataclass
class Made:
    """A collection being made: papers, queries and who answers them."""

    papers: list[dict[str, str]] = field(default_factory=list)
    queries: list[dict[str, str]] = field(default_factory=list)
    judged: list[tuple[str, str, int]] = field(default_factory=list)

    def shelve(self, paper: Paper, *, title: str | None = None, text: str | None = None) -> None:
        """Take a paper in, with another title or text than its own where given."""
        own = {"title": paper["title"] if title is None else title, "text": text or paper.get("abstract") or ""}
        self.papers.append({"id": paper["id"], **own})

    def ask(self, text: str, answers: Iterable[str], made_from: str | None = None) -> None:
        """Take a query in; the paper that it was made from is left out of its results."""
        name = str(len(self.queries) + 1)
        self.queries.append({"id": name, "text": text} | ({"paper_id": made_from} if made_from else {}))
        self.judged += [(name, answer, 1) for answer in answers]

    def write(self, folder: Path) -> None:
        """Write the collection as the bench reads it."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, lines in (("corpus", self.papers), ("queries", self.queries)):
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
        rows = "".join(f"{query}\t{paper}\t{grade}\n" for query, paper, grade in self.judged)
        (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + rows, encoding="utf-8")


def read(folder: Path) -> dict[str, list[Paper]]:
    """Return the papers with an abstract of each file, each title once, in an order of chance that never changes."""
    found = {}
    for name in _FILES:
        distinct = {
            fingerprint(paper["title"]): paper for paper in _lines(folder / f"{name}.jsonl.zst") if _usable(paper)
        }
        found[name] = list(distinct.values())
        random.Random(name).shuffle(found[name])
    return found


def _lines(path: Path) -> Iterator[Paper]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        for line in io.BufferedReader(stream):
            yield orjson.loads(line)


def _plain(path: Path) -> list[Paper]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def _usable(paper: Paper) -> bool:
    return bool(paper.get("title")) and len(paper.get("abstract") or "") >= _SHORTEST


def titles(papers: list[Paper]) -> Made:
    made, chance = Made(), random.Random(1)
    for number, paper in enumerate(papers[:_PAPERS]):
        made.shelve(paper, title="")
        if number < _QUERIES:
            text = paper["title"]
            made.ask(chance.choice(_ASKED).format(text.rstrip(".")) if number % 2 else text, [paper["id"]])
    return made


def one_sentence(papers: list[Paper]) -> Made:
    made, chance = Made(), random.Random(2)
    for paper in papers[:_PAPERS]:
        parts = sentences(paper["abstract"])
        chosen = parts.pop(chance.randrange(len(parts)))
        made.shelve(paper, text=" ".join(parts) or " ")
        if len(made.queries) < _QUERIES and len(chosen) > 60 and parts:
            made.ask(chosen, [paper["id"]])
    return made


def halves(papers: list[Paper]) -> Made:
    made = Made()
    for number, paper in enumerate(papers[:_PAPERS]):
        parts = sentences(paper["abstract"])
        middle = (len(parts) + 1) // 2
        made.shelve(paper, title="", text=" ".join(parts[middle:]) or " ")
        if number < _QUERIES and middle < len(parts):
            made.ask(" ".join(parts[:middle]), [paper["id"]])
    return made


def _keywords(paper: Paper) -> set[str]:
    given = paper.get("keywords")
    parts = given.split(";") if isinstance(given, str) else given or []
    return {word.strip().lower() for word in parts if word.strip() and ":" not in word}  # that is a class of a venue


def _listed(papers: list[Paper]) -> tuple[list[Paper], dict[str, list[str]]]:
    """Return the papers that have keywords, and keyword -> papers that list it, of those that say something."""
    having = [paper for paper in papers if _keywords(paper)][:_PAPERS]
    listing: dict[str, list[str]] = defaultdict(list)
    for paper in having:
        for word in _keywords(paper):
            listing[word].append(paper["id"])
    return having, {word: ids for word, ids in sorted(listing.items()) if _RARE[0] <= len(ids) <= _RARE[1]}


def by_keyword(papers: list[Paper]) -> Made:
    made, (having, listing) = Made(), _listed(papers)
    for paper in having:
        made.shelve(paper)
    for word in random.Random(3).sample(sorted(listing), min(_QUERIES, len(listing))):
        made.ask(word, listing[word])
    return made


def by_question(papers: list[Paper]) -> Made:
    made, chance, (having, listing) = Made(), random.Random(4), _listed(papers)
    pairs: dict[tuple[str, str], list[str]] = defaultdict(list)
    for paper in having:
        made.shelve(paper)
        known = sorted(word for word in _keywords(paper) if word in listing)
        for one in known:
            for other in known:
                if one < other:
                    pairs[one, other].append(paper["id"])
    for one, other in chance.sample(sorted(pairs), min(_QUERIES, len(pairs))):
        joint = chance.choice(("{} for {}", "{} and {}", "{} in {}", "{} with {}")).format(one, other)
        made.ask(chance.choice(_ASKED).format(joint), pairs[one, other])
    return made


def by_example(papers: list[Paper]) -> Made:
    made, (having, listing) = Made(), _listed(papers)
    for paper in having:
        made.shelve(paper)
    for paper in random.Random(5).sample(having, len(having)):
        shared = Counter(id for word in _keywords(paper) for id in listing.get(word, ()) if id != paper["id"])
        near = [id for id, words in shared.items() if words >= 2]
        if near and len(made.queries) < _QUERIES:
            made.ask(f"{paper['title']} {paper['abstract']}", near, paper["id"])
    return made


def by_topic(papers: list[Paper]) -> Made:
    made, (having, listing), chance = Made(), _listed(papers), random.Random(9)
    known = {paper["id"]: paper for paper in having}
    broad = [word for word, ids in listing.items() if len(ids) >= 2 * _QUOTED]
    quoted = {
        word: chance.sample(listing[word], _QUOTED) for word in chance.sample(broad, min(_QUERIES // 2, len(broad)))
    }
    left_out = {id for ids in quoted.values() for id in ids}
    for paper in having:
        if paper["id"] not in left_out:
            made.shelve(paper)
    for word, ids in quoted.items():
        beside = Counter(other for id in listing[word] for other in _keywords(known[id]) if other != word)
        near = [f'"{other}"' for other, _ in beside.most_common(6)]
        search = f'("{word}" OR {" OR ".join(near[:2])}) AND ({" OR ".join(near[2:])}) NOT (review OR survey)'
        told = " ".join(part for id in ids for part in sentences(known[id]["abstract"])[: chance.randint(1, 4)])
        if answers := [id for id in listing[word] if id not in left_out]:
            made.ask(f"Studies of {word}. {search} {told}", answers)
    return made


def mentions(papers: list[Paper], around: int = 0) -> Made:
    made, coined = Made(), dict[str, Paper | None]()
    for paper in papers:
        if match := _COINED.match(paper["title"]):
            coined[match.group(1)] = None if match.group(1) in coined else paper
    named = dict[str, tuple[str, Paper, Paper]]()
    for paper in papers:
        parts = sentences(paper["abstract"])
        for place, sentence in enumerate(parts):
            context = " ".join(parts[max(place - around, 0) : place + around + 1])
            for name in set(re.findall(r"[A-Za-z0-9-]+", sentence)) & coined.keys():
                other = coined[name]
                if other and other["id"] != paper["id"] and name not in paper["title"]:
                    named.setdefault(name, (context, paper, other))
    names = random.Random(6).sample(sorted(named), min(_QUERIES, len(named)))
    chosen = [named[name] for name in names]
    shelf = {paper["id"]: paper for _, one, other in chosen for paper in (one, other)}
    shelf |= {paper["id"]: paper for paper in papers[: _PAPERS - len(shelf)]}
    for paper in shelf.values():
        made.shelve(paper)
    for number, (name, (context, paper, other)) in enumerate(zip(names, chosen, strict=True)):
        hidden = around and number % 2
        made.ask(context.replace(name, "[1]") if hidden else context, [other["id"]], paper["id"])
    return made


def tldr(papers: list[Paper], folder: Path) -> Made:
    made, chance = Made(), random.Random(7)
    own = _plain(folder / "scitldr" / "corpus.jsonl")
    known = {fingerprint(paper["title"]) for paper in own}
    others = [paper for paper in papers if fingerprint(paper["title"]) not in known]
    for paper in [*own, *others[: _PAPERS - len(own)]]:
        made.shelve(paper, text=paper.get("text"))
    asked = _plain(folder / "scitldr" / "queries_train.jsonl")
    for query in chance.sample(asked, _QUERIES):
        made.ask(query["text"], [query["id"].partition("#")[0]])
    return made


def cites(folder: Path) -> Made:
    made = Made()
    items = _plain(folder / "citeulike_a" / "items.jsonl")
    having = {item["id"]: item for item in items if item.get("title") and item.get("abstract")}
    linked: dict[str, set[str]] = defaultdict(set)
    for paper in having.values():
        made.shelve(paper)
        for other in having.keys() & set(paper.get("cites") or ()):
            linked[paper["id"]].add(other)
            linked[other].add(paper["id"])
    for id in random.Random(8).sample(sorted(linked), min(_QUERIES, len(linked))):
        made.ask(f"{having[id]['title']} {having[id]['abstract']}", sorted(linked[id]), id)
    return made


def make(papers: Path, collections: Path, out: Path) -> list[Path]:
    """Make the collections that are not there yet, and return the folders of all."""
    known: dict[str, list[Paper]] = {}

    def of(*names: str) -> list[Paper]:
        known.update({} if known else read(papers))
        mixed = [paper for name in names for paper in known[name][: 10 * _PAPERS]]
        random.Random(0).shuffle(mixed)
        return mixed

    recipes: dict[str, Callable[[], Made]] = {
        "titles": lambda: titles(of("arxiv_history", "arxiv_2025_26")),
        "sentences": lambda: one_sentence(of("arxiv_history", "acl_anthology")),
        "halves": lambda: halves(of("arxiv_history", "arxiv_2025_26", "acl_anthology")),
        "keywords": lambda: by_keyword(of("conferences")),
        "questions": lambda: by_question(of("conferences")),
        "examples": lambda: by_example(of("conferences")),
        "mentions": lambda: mentions(of("arxiv_2025_26", "acl_anthology")),
        "contexts": lambda: mentions(of("acl_anthology", "arxiv_2025_26", "conferences"), around=1),
        "topics": lambda: by_topic(of("conferences")),
        "tldr": lambda: tldr(of("conferences"), collections),
        "cites": lambda: cites(collections),
    }
    for name, recipe in recipes.items():
        if not (out / name / "qrels.tsv").exists():
            recipe().write(out / name)
    return [out / name for name in recipes]


def main() -> None:
    """Make the collections that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=Path, required=True, help="folder with the papers files")
    parser.add_argument("--collections", type=Path, required=True, help="folder with the test collections")
    parser.add_argument("--out", type=Path, required=True, help="folder to make a folder for each collection in")
    chosen = parser.parse_args()
    for folder in make(chosen.papers, chosen.collections, chosen.out):
        print(folder)


if __name__ == "__main__":
    main()
