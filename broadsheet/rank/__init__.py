"""A query and a view to a ranking; pure: knows no store and no source."""

from broadsheet.rank.alike import alike
from broadsheet.rank.called import meant
from broadsheet.rank.duplicates import Collapse
from broadsheet.rank.gate import Gate
from broadsheet.rank.personal import Personal, because
from broadsheet.rank.pipeline import MOST, Stage
from broadsheet.rank.profiles import PROFILES, run, run_all
from broadsheet.rank.ranking import Ranking, Taste, View
from broadsheet.rank.reasons import categories, explain, facets
from broadsheet.rank.rerank import Rerank, unread
from broadsheet.rank.similar import Similar
from broadsheet.rank.stages import Blend, Dense, Features, Lexical, Trending
from broadsheet.rank.understanding import understood
from broadsheet.rank.usage import Nearest

__all__ = [
    "MOST",
    "PROFILES",
    "Blend",
    "Collapse",
    "Dense",
    "Features",
    "Gate",
    "Lexical",
    "Nearest",
    "Personal",
    "Ranking",
    "Rerank",
    "Similar",
    "Stage",
    "Taste",
    "Trending",
    "View",
    "alike",
    "because",
    "categories",
    "explain",
    "facets",
    "meant",
    "run",
    "run_all",
    "understood",
    "unread",
]
