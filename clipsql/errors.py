"""Every error that clipsql raises on purpose, and the SQLSTATEs that its SQL functions use.

Each message names the thing and the remedy, in one line.

    ClipsqlError
    ├── ConfigurationError          a setting or option is missing or wrong
    ├── DatabaseError               the database refused or failed
    │   ├── DatabaseUnreachable     no server answers at the given URL
    │   ├── DatabaseNotReady        CQ007  wrong revision or encoding, no pgvector or too old, missing privilege
    │   └── EmbeddedServerError     the server that clipsql runs itself did not start
    ├── SourceError                 a folder or manifest cannot be read as a source of pictures
    ├── ImageError                  one picture cannot be read
    ├── ModelError                  a model cannot be loaded or is no dual encoder
    │   ├── UnknownModel            CQ001  the database has no such model
    │   ├── TextEncoderUnavailable  CQ005  the database cannot embed this text under this model
    │   └── EncodingError           the model gave no usable embedding
    └── SearchError                 a search was asked for something impossible
        ├── UnknownImage            CQ002  no such picture, or it has no embedding under the model
        ├── InvalidVector           CQ003  wrong dimensions, zero or not finite
        ├── InvalidArgument         CQ004  an argument is out of its range or contradicts another
        └── InvalidText             CQ006  a text without a word
"""

from __future__ import annotations


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
    """One picture cannot be read."""


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
    """A text without a word."""


ERRORS_BY_SQLSTATE: dict[str, type[ClipsqlError]] = {
    "CQ001": UnknownModel,
    "CQ002": UnknownImage,
    "CQ003": InvalidVector,
    "CQ004": InvalidArgument,
    "CQ005": TextEncoderUnavailable,
    "CQ006": InvalidText,
    "CQ007": DatabaseNotReady,
}
"""SQLSTATE raised by a function in sql/functions -> the Python error it becomes."""
