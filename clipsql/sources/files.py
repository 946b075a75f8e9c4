"""Find the file that a list means, however its name is spelled there."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path, PurePosixPath


def find_file(folder: Path, name: str) -> Path:
    """The file `name`, below `folder` unless it is absolute, with links resolved; it may turn out to be missing.

    A name that is not there as it stands is also looked for with backslashes as Windows writes them, and with its
    accented letters composed or decomposed, as file systems differ in that.
    """
    found = folder / name
    if not _is_there(found) and not (name.isascii() and "\\" not in name):
        found = _composed_otherwise(folder, name)
        if not _is_there(found):
            found = _composed_otherwise(folder, name.replace("\\", "/"))
    # Path.resolve would raise for a link to itself; such a file is for its reader to complain about.
    return Path(os.path.realpath(found))


def _composed_otherwise(folder: Path, name: str) -> Path:
    """The path whose every part is composed or decomposed as what is there is."""
    found = folder
    for part in PurePosixPath(name).parts:
        spellings = (part, unicodedata.normalize("NFC", part), unicodedata.normalize("NFD", part))
        found = next(filter(os.path.lexists, map(found.joinpath, spellings)), found / part)
    return found


def _is_there(path: Path) -> bool:
    """Whether there is such a file, or the path goes on inside one."""
    try:
        path.lstat()
    except NotADirectoryError:
        return True
    except (OSError, ValueError):
        return False
    return True
