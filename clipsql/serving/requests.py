"""What the API takes: searches, pictures, watches, verdicts, with the names that they have in SQL."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""A picture's or an alarm's number."""
MOST_RESULTS = 100_000
"""Of one search, as clipsql_private.most has it."""
Longitude = Annotated[float, Field(ge=-180, le=180)]
Latitude = Annotated[float, Field(ge=-90, le=90)]


class _Body(BaseModel):
    """No member that is not known; what is not given is not sent to the database."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    def given(self) -> dict[str, Any]:
        """The members that were given, as Python has them."""
        return {name: value for name in self.model_fields_set if (value := getattr(self, name)) is not None}


class _Filters(_Body):
    in_collection: str | None = None
    near_longitude: float | None = None
    near_latitude: float | None = None
    within_m: float | None = None
    inside: list[tuple[float, float]] | None = None
    having_metadata: dict[str, Any] | None = None
    metadata_matches: str | None = Field(None, examples=["$.price < 50"])
    caption_query: str | None = None
    only_images: list[Id] | None = None
    except_images: list[Id] | None = None
    min_similarity: float | None = None
    min_percentile: float | None = None
    model: str | None = None


class SearchRequest(_Filters):
    """A search as clipsql.search_request takes it: one of text, image, vector and query, and filters."""

    text: str | None = Field(None, examples=["a red truck"])
    image: Id | None = None
    vector: list[float] | None = None
    query: str | None = Field(None, examples=["flower + 2*bee - night"])
    max_results: int | None = Field(None, ge=1, le=MOST_RESULTS)
    taken_from: str | None = Field(None, examples=["2026-03-18T00:00:00+08:00"])
    taken_until: str | None = None
    daily_from: str | None = Field(None, examples=["22:00"])
    daily_until: str | None = None
    distinct_above: float | None = None
    fusion: str | None = None
    search_in: Literal["pictures", "regions"] | None = Field(
        None, description="Compare whole pictures, or find each by its nearest region."
    )
    having_label: str | None = Field(None, description="Of regions: only those of this label.")
    after: str | None = Field(None, description="That of an earlier answer: go on behind it.")


class _Picture(_Body):
    collection: str
    url: str
    captions: list[str] | None = None
    metadata: dict[str, Any] | None = None
    taken_at: AwareDatetime | None = None
    longitude: Longitude | None = None
    latitude: Latitude | None = None


class PictureRequest(_Picture):
    """A picture to put: what is not given stays as it is stored; without an embedding a worker makes it."""

    embedding: list[float] | None = None
    model: str | None = None


class DownloadRequest(_Picture):
    """A picture on the web to fetch and keep: what is not given is what its file says of itself."""

    url: str = Field(max_length=2000, examples=["https://pictures.example/7.jpg"])


class WatchRequest(_Filters):
    """A watch: what is looked for, and one of alarms_per_day, min_percentile and min_similarity."""

    query: str | None = None
    image: Id | None = None
    images: list[Id] | None = None
    query_vector: list[float] | None = None
    taken_from: AwareDatetime | None = None
    taken_until: AwareDatetime | None = None
    daily_from: dt.time | None = None
    daily_until: dt.time | None = None
    alarms_per_day: float | None = None
    once_per: dt.timedelta | None = Field(None, examples=["PT15M"])
    once_per_key: str | None = None


class RemovalRequest(_Body):
    """Pictures to remove."""

    images: list[Id] = Field(max_length=200_000)


class Verdict(_Body):
    """Whether an alarm was right; null takes that back."""

    is_right: bool | None
