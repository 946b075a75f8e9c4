"""Tell which column of a manifest holds what: by its usual names, or as the caller maps them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from clipsql.errors import SourceError

ALIASES: dict[str, tuple[str, ...]] = {
    "file": ("file", "path", "filename", "file_name", "image", "image_path"),
    "url": ("url", "image_url", "photo_image_url"),
    "caption": ("caption", "captions", "text", "title", "photo_description"),
    "taken_at": ("taken_at", "time", "timestamp", "datetime", "date", "photo_submitted_at"),
    "longitude": ("longitude", "lon", "lng", "photo_location_longitude"),
    "latitude": ("latitude", "lat", "photo_location_latitude"),
}
"""Our name -> usual column names, those of the Unsplash dataset too; of several that are there the first counts."""

EMBEDDING = "embedding"
CAPTION_EMBEDDING = "caption_embedding"
"""Our names of what holds vectors, which are no columns of a list: they are read apart."""

_USUAL = frozenset(alias for aliases in ALIASES.values() for alias in aliases)

_NUMBERED_CAPTION = re.compile(r"captions?_?\d+", re.IGNORECASE)


@dataclass(frozen=True)
class Columns:
    """The manifest's own column names, by what they hold; `metadata` is every other column."""

    file: str | None
    url: str | None
    captions: tuple[str, ...]
    taken_at: str | None
    longitude: str | None
    latitude: str | None

    @cached_property
    def mapped(self) -> frozenset[str]:
        """All columns that do not go into metadata."""
        single = (self.file, self.url, self.taken_at, self.longitude, self.latitude)
        return frozenset(name for name in (*single, *self.captions) if name is not None)

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that say which picture a row is about."""
        return tuple(name for name in (self.file, self.url) if name is not None)


def find_columns(
    names: Sequence[str], column_map: Mapping[str, str], *, manifest: str, names_picture: bool = True
) -> Columns:
    """The columns among `names`; `column_map` {our name: their column} wins over the usual names.

    Several captions are mapped as "c1,c2"; an empty column maps to nothing. Raises SourceError when a mapped
    column is not there, or when neither file nor url is though one `names_picture`.
    """
    unknown = sorted(set(column_map) - set(ALIASES))
    if unknown:
        raise SourceError(f'"{unknown[0]}" cannot be mapped; what can is {", ".join(ALIASES)}.')
    found = {ours: _columns(ours, names, column_map.get(ours), manifest) for ours in ALIASES}
    if names_picture and not found["file"] and not found["url"]:
        raise SourceError(
            f"{manifest} has no file or url column, it has {_listed(names)}; "
            "name the one with the pictures by --map file=COLUMN or --map url=COLUMN."
        )
    single = {ours: columns[0] if columns else None for ours, columns in found.items() if ours != "caption"}
    return Columns(captions=found["caption"], **single)


def only_there(column_map: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """What of `column_map` a table with columns of these names can follow; others of its source may have the rest."""
    lower = {name.lower() for name in names}
    return {
        ours: theirs
        for ours, theirs in column_map.items()
        if all(
            part.strip().lower() in lower
            for part in (theirs.split(",") if ours == "caption" else [theirs])
            if part
        )
    }


def is_usual(name: str) -> bool:
    """Whether a column of this name is known without being mapped."""
    return name.lower() in _USUAL or _NUMBERED_CAPTION.fullmatch(name) is not None


def _columns(ours: str, names: Sequence[str], wanted: str | None, manifest: str) -> tuple[str, ...]:
    if wanted is None:
        return _usual(ours, names)
    if not wanted:
        return ()
    # A column's name may hold a comma itself, so the whole is tried first.
    parts = [wanted] if ours != "caption" or wanted in names else wanted.split(",")
    return tuple(named_column(part.strip(), names, manifest) for part in parts)


def named_column(wanted: str, names: Sequence[str], manifest: str) -> str:
    """The column of that name, or else the one so named in other case. Raises SourceError."""
    for name in names:
        if name == wanted:
            return name
    for name in names:
        if name.lower() == wanted.lower():
            return name
    raise SourceError(
        f'{manifest} has no column "{wanted}", it has {_listed(names)}; correct --map or the manifest.'
    )


def _usual(ours: str, names: Sequence[str]) -> tuple[str, ...]:
    by_lower = {name.lower(): name for name in reversed(names)}
    first = [by_lower[alias] for alias in ALIASES[ours] if alias in by_lower][:1]
    if ours != "caption":
        return tuple(first)
    numbered = [name for name in names if _NUMBERED_CAPTION.fullmatch(name)]
    return (*first, *sorted(numbered, key=lambda name: int(re.sub(r"\D", "", name))))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names) or "none at all"
