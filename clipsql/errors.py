"""Every error that clipsql raises on purpose, the SQLSTATEs of its SQL functions, the classes of failed pictures.

Each message names the thing and the remedy, in one line.

    ClipsqlError
    ├── ConfigurationError          a setting or option is missing or wrong
    ├── DatabaseError               the database refused or failed
    │   ├── DatabaseUnreachable     no server answers at the given URL
    │   ├── DatabaseNotReady        CQ007  wrong revision or encoding, no pgvector or too old, missing privilege
    │   └── EmbeddedServerError     the server that clipsql runs itself did not start
    ├── SourceError                 a folder or manifest cannot be read as a source of pictures
    ├── ImageError                  one picture cannot be read
    │   └── DownloadError           one picture cannot be had from the web; `failure` says of which class that is
    ├── ModelError                  a model cannot be loaded or is no dual encoder
    │   ├── UnknownModel            CQ001  the database has no such model
    │   ├── TextEncoderUnavailable  CQ005  the database cannot embed this text under this model
    │   └── EncodingError           the model gave no usable embedding
    └── SearchError                 a search was asked for something impossible
        ├── UnknownImage            CQ002  no such picture, or it has no embedding under the model
        ├── InvalidVector           CQ003  wrong dimensions, zero or not finite
        ├── InvalidArgument         CQ004  an argument is out of its range or contradicts another
        ├── InvalidText             CQ006  a text without a word, too long, or with what PostgreSQL cannot store
        ├── UnknownCollection       CQ008  no collection has that name; in SQL a warning
        └── UnknownWatch            CQ009  no watch has that name, no alarm that number
"""

from __future__ import annotations

from enum import StrEnum


class FailureClass(StrEnum):
    """Why a picture could not be had: few enough to count, named as people type them."""

    BAD_URL = "bad_url"
    """No http or https URL with a host, or one with a user name in it."""
    PRIVATE_ADDRESS = "private_address"
    """The host, or one that it redirects to, is inside a private network or this machine."""
    DNS = "dns"
    """The host's name is not known, or nobody could be asked."""
    REFUSED = "refused"
    """Nothing listens at the host's address, or there is no way to it."""
    TIMEOUT = "timeout"
    """The host took too long to connect, to answer or to send."""
    TLS = "tls"
    """No trusted encrypted connection: an expired certificate, another host's, an old protocol."""
    DISCONNECTED = "disconnected"
    """The host hung up before it answered, or what it said is no HTTP."""
    NOT_FOUND = "not_found"
    """HTTP 404 and 410."""
    FORBIDDEN = "forbidden"
    """HTTP 401, 402, 403 and 451."""
    RATE_LIMITED = "rate_limited"
    """HTTP 429."""
    SERVER_ERROR = "server_error"
    """HTTP 500 to 599."""
    HTTP_ERROR = "http_error"
    """Any other answer that is no picture: HTTP 204, 400, 418, a redirect to nowhere."""
    REDIRECTS = "redirects"
    """A loop of redirects, or too long a chain."""
    ROBOTS = "robots"
    """The host's robots.txt asks programs to stay away."""
    NOAI = "noai"
    """The picture came with `X-Robots-Tag: noai` or one of its sisters."""
    TOO_LARGE = "too_large"
    """More bytes than wanted, as sent or unpacked, or more pixels."""
    TRUNCATED = "truncated"
    """The connection ended before the picture did."""
    NOT_AN_IMAGE = "not_an_image"
    """A web page, a video, nothing at all: whatever the host calls it."""
    FILE_URL = "file_url"
    """A file of the own machine that nobody who may asked to be read."""
    NO_FILE = "no_file"
    """The local file does not exist or cannot be opened."""
    DAMAGED = "damaged"
    """The bytes begin like a picture, but cannot be decoded."""
    UNSUPPORTED = "unsupported"
    """A whole picture, but of a kind that is not decoded: an odd TIFF, a lossless JPEG."""
    UNEXPECTED = "unexpected"
    """What nobody foresaw; the reason names it."""
    FATAL = "fatal"
    """One worker after another died with this picture in hand."""

    @property
    def is_passing(self) -> bool:
        """Whether trying again may help by itself, without anybody changing anything."""
        return self in _PASSING


_PASSING = frozenset(
    {
        FailureClass.DNS,
        FailureClass.REFUSED,
        FailureClass.TIMEOUT,
        FailureClass.DISCONNECTED,
        FailureClass.RATE_LIMITED,
        FailureClass.SERVER_ERROR,
        FailureClass.TRUNCATED,
    }
)


class ClipsqlError(Exception):
    """Base of all errors that clipsql raises on purpose."""


class ConfigurationError(ClipsqlError):
    """A setting or option is missing or wrong."""


class DatabaseError(ClipsqlError):
    """The database refused or failed."""


class DatabaseUnreachable(DatabaseError):
    """No server answers at the given URL."""


class DatabaseNotReady(DatabaseError):
    """The database is at another revision, or lacks pgvector, a role or a privilege."""


class EmbeddedServerError(DatabaseError):
    """The server that clipsql runs itself did not start or stop."""


class SourceError(ClipsqlError):
    """A folder or manifest cannot be read as a source of pictures."""


class ImageError(ClipsqlError):
    """One picture cannot be read; `failure` is the class that is stored with it."""

    def __init__(self, message: str, *, failure: FailureClass = FailureClass.DAMAGED) -> None:
        super().__init__(message)
        self.failure = failure


class DownloadError(ImageError):
    """One picture cannot be had from the web; when the host said how long to stay away, `retry_after_s` has it."""

    def __init__(self, message: str, *, failure: FailureClass, retry_after_s: float | None = None) -> None:
        super().__init__(message, failure=failure)
        self.retry_after_s = retry_after_s


def unexpected(error: Exception) -> str:
    """What a picture's failure says of an error that nobody foresaw, in one line."""
    said = " ".join(str(error).split())[:200]
    return f"{type(error).__name__}" + (f": {said}" if said else "") + "; report it, with this picture"


class ModelError(ClipsqlError):
    """A model cannot be loaded or is no dual encoder."""


class UnknownModel(ModelError):
    """The database has no such model."""


class TextEncoderUnavailable(ModelError):
    """The database cannot embed this text: no text tower of the model, and the text is not remembered."""


class EncodingError(ModelError):
    """The model gave no usable embedding."""


class SearchError(ClipsqlError):
    """A search was asked for something impossible."""


class UnknownImage(SearchError):
    """No such picture, or it has no embedding under the model."""


class InvalidVector(SearchError):
    """A vector of the wrong dimensions, of length zero, or not finite."""


class InvalidArgument(SearchError):
    """An argument is out of its range or contradicts another."""


class InvalidText(SearchError):
    """A text without a word, too long a one, or one with a character that PostgreSQL cannot store."""


class UnknownCollection(SearchError):
    """No collection has that name."""


class UnknownWatch(SearchError):
    """No watch has that name, or no alarm that number."""


ERRORS_BY_SQLSTATE: dict[str, type[ClipsqlError]] = {
    "CQ001": UnknownModel,
    "CQ002": UnknownImage,
    "CQ003": InvalidVector,
    "CQ004": InvalidArgument,
    "CQ005": TextEncoderUnavailable,
    "CQ006": InvalidText,
    "CQ007": DatabaseNotReady,
    "CQ008": UnknownCollection,
    "CQ009": UnknownWatch,
}
"""SQLSTATE raised, as an error or a warning, by a function in sql/functions -> the Python error it becomes."""
