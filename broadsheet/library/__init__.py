"""The facade that every door calls: it fills views, turns rankings into hits, takes in papers, and decides nothing."""

from broadsheet.library.base import Report
from broadsheet.library.belongings import Belongings
from broadsheet.library.feeds import Feeds
from broadsheet.library.fronts import Fronts
from broadsheet.library.gathering import Gathering
from broadsheet.library.hooks import Hooks
from broadsheet.library.identities import Identities
from broadsheet.library.importing import Importing
from broadsheet.library.keeping import Keeping
from broadsheet.library.reading import Format
from broadsheet.library.rereading import Rereading
from broadsheet.library.searching import RANKED
from broadsheet.library.submitting import Submitting
from broadsheet.library.taste import Recommending
from broadsheet.library.topics import Topics
from broadsheet.library.visits import Visits

__all__ = ["RANKED", "Format", "Library", "Report"]


class Library(
    Recommending,
    Topics,
    Feeds,
    Importing,
    Submitting,
    Fronts,
    Hooks,
    Keeping,
    Visits,
    Identities,
    Belongings,
    Gathering,
    Rereading,
):
    """All papers of one home folder and those who read them: search, read, gather, submit, index, vote, save, follow.

    Safe to share between threads. Long calls take `progress`, which is told how far they have come.
    """
