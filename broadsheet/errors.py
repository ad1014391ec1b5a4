"""Everything Broadsheet raises on purpose, by who can mend it.

    BroadsheetError
    ├── InputError              the caller gave something that cannot be used (exit 2, HTTP 400)
    │   ├── SourceError         a file, page or service that could not be read as papers
    │   └── SettingsError       a setting that makes no sense
    ├── Forbidden               whoever asks may not do that (exit 3, HTTP 403)
    │   └── LogInFirst          it has to be known who asks (HTTP 401)
    ├── NotFound                no such paper, author, venue, day (exit 4, HTTP 404)
    ├── Unavailable             it may work later: a busy lock, a late network, no snapshot yet (exit 5, HTTP 503)
    │   ├── NoSnapshot          nothing has been indexed yet
    │   └── TooMany             done too often lately (HTTP 429)
    └── StoreError              the store cannot go on (exit 6, HTTP 500)
        ├── NewerSchema         the data was written by a newer Broadsheet
        └── DamagedSnapshot     an index whose checksums do not match; it can be deleted and built again

Each message says what happened and what to do about it, in one or two sentences.
"""


class BroadsheetError(Exception):
    """Base of all errors raised on purpose; `exit_code` and `status` are what the doors answer with."""

    exit_code = 1
    status = 500


class InputError(BroadsheetError):
    """The caller gave something that cannot be used."""

    exit_code = 2
    status = 400

    def __init__(self, message: str, field: str = "") -> None:
        """`field` names the field of the form that it is about, where it is about one."""
        super().__init__(message)
        self.field = field


class SourceError(InputError):
    """A file, page or service could not be read as papers."""


class SettingsError(InputError):
    """A setting makes no sense."""


class Forbidden(BroadsheetError):
    """Whoever asks may not do that."""

    exit_code = 3
    status = 403


class LogInFirst(Forbidden):
    """It has to be known who asks."""

    status = 401


class NotFound(BroadsheetError):
    """There is no such paper, author, venue or day."""

    exit_code = 4
    status = 404


class Unavailable(BroadsheetError):
    """It did not work now and may work later."""

    exit_code = 5
    status = 503


class NoSnapshot(Unavailable):
    """Nothing has been indexed yet."""


class TooMany(Unavailable):
    """Something was done too often lately; `seconds` is how long to wait."""

    status = 429

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


class StoreError(BroadsheetError):
    """The store cannot go on."""

    exit_code = 6


class NewerSchema(StoreError):
    """The data was written by a newer Broadsheet."""


class DamagedSnapshot(StoreError):
    """A snapshot's checksums do not match; it can be deleted and built again."""
