"""Object stores that the operator names, such as s3://bucket/photos: what may be read of them, and reading it.

An object has a path as files have one, "s3:/bucket/photos/1.jpg", so that it goes wherever a file goes.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from clipsql.errors import ClipsqlError, ConfigurationError
from clipsql.extras import require_extra

PROTOCOLS = {
    "s3": "s3fs",
    "gs": "gcsfs",
    "hf": "huggingface_hub",
    "abfs": "adlfs",
    "az": "adlfs",
    "oss": "ossfs",
    "memory": "fsspec",
}
"""Protocols of fsspec that a store may have, and the package that each needs.

Never those that read this machine, fetch from the web or wrap another: file, local, http, simplecache, zip ...
"""

VARIABLE = "CLIPSQL_STORES"
"""The environment variable that names stores, separated by spaces."""

_ADDRESS = re.compile(r"(?P<protocol>[a-z][a-z0-9]*)://?(?P<key>[^/].*)", re.DOTALL)
_named: set[str] = set()


class Object(NamedTuple):
    """One object: its address and its size in bytes."""

    address: str
    size: int


def address_of(path: Path | str) -> str | None:
    """The address "s3://bucket/key" of an object's path or address; None for what is in no store."""
    found = _ADDRESS.fullmatch(str(path))
    if found is None or found["protocol"] not in PROTOCOLS:
        return None
    return f"{found['protocol']}://{found['key']}"


def path_of(address: Path | str) -> Path | None:
    """The path of an object; None for an address that is in no store, or that a path cannot spell."""
    spelled = address_of(address)
    path = Path(spelled or "")
    return path if spelled is not None and address_of(path) == spelled and ".." not in path.parts else None


def name_store(address: str) -> None:
    """Let this process read what lies below an address, as if VARIABLE named it."""
    _named.add(address.rstrip("/"))


def may_read(address: str) -> bool:
    """Whether an object lies below a store that the operator named."""
    stores = [one.rstrip("/") for one in (*_named, *os.environ.get(VARIABLE, "").split())]
    return path_of(address) is not None and any(f"{address}/".startswith(f"{one}/") for one in stores)


def read(path: Path, *, most_bytes: int) -> bytes:
    """The bytes of an object. Raises OSError, also for one that no named store has, and ConfigurationError."""
    address = _readable(path)
    with _errors():
        files = _files(address)
        size = files.info(address)["size"] or 0
        if size > most_bytes:
            raise OSError(
                errno.EFBIG, f"it has {size / 2**30:.1f} GB, at most {most_bytes / 2**30:.0f} are read"
            )
        data: bytes = files.cat_file(address)
        return data


def read_part(path: Path, offset: int, size: int) -> bytes:
    """Some bytes of an object. Raises OSError, ConfigurationError."""
    address = _readable(path)
    with _errors():
        data: bytes = _files(address).cat_file(address, start=offset, end=offset + size)
        return data


def write(path: Path, data: bytes) -> None:
    """Write an object, unless one of that name and size is there. Raises OSError, ConfigurationError."""
    if size_of(path) == len(data):
        return
    address = _readable(path)
    with _errors():
        _files(address).pipe_file(address, data)


def size_of(path: Path) -> int | None:
    """The size of an object; None where there is none of that name, as for a folder. Raises OSError."""
    address = _readable(path)
    with _errors():
        try:
            told = _files(address).info(address)
        except FileNotFoundError:
            return None
    return int(told["size"] or 0) if told["type"] == "file" else None


def open_stream(path: Path) -> BinaryIO:
    """An object, to be read from its beginning to its end. Raises OSError."""
    address = _readable(path)
    with _errors():
        opened: BinaryIO = _files(address).open(address, "rb", cache_type="readahead")
        return opened


def listed(path: Path) -> Iterator[Object]:
    """The objects below a folder, in the order of their names, hidden ones left out. Raises OSError."""
    address = _readable(path)
    protocol, _, folder = address.partition("://")
    with _errors():
        found = _files(address).find(address, detail=True)
    for name in sorted(found):
        key = str(name).removeprefix(f"{protocol}://").lstrip("/")
        inside = key.removeprefix(folder).lstrip("/")
        if not any(part.startswith(".") for part in inside.split("/")):
            yield Object(f"{protocol}://{key}", int(found[name]["size"] or 0))


def _readable(path: Path) -> str:
    address = address_of(path)
    if address is None or not may_read(address):
        raise PermissionError(errno.EACCES, f"it lies in a store that {VARIABLE} does not name")
    return address


def _files(address: str) -> Any:
    """The file system of fsspec. Raises ConfigurationError where a package is absent."""
    require_extra("stores", f'"{address.partition("://")[0]}://"')
    protocol = address.partition("://")[0]
    package = PROTOCOLS[protocol]
    if find_spec(package) is None:
        raise ConfigurationError(f'"{protocol}://" needs the package {package}; run: pip install {package}')
    import fsspec

    return fsspec.filesystem(protocol, use_listings_cache=False)


@contextmanager
def _errors() -> Iterator[None]:
    """Raise an OSError of one line for whatever a store's client raises; its own words may hold parts of a key."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, "the store has no such object") from error
    except PermissionError as error:
        raise PermissionError(errno.EACCES, "the store refuses it to these credentials") from error
    except ClipsqlError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            raise
        raise OSError(errno.EIO, f"the store says {type(error).__name__}") from error
