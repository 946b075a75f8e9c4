"""Watch for pictures to come from an application's own code: the part of a `Searcher` that is about alarms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Unpack, cast

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.sql.elements import ColumnElement

from clipsql.db.calls import searches, watching
from clipsql.db.calls.arguments import refuse_unknown
from clipsql.db.calls.watching import WatchOptions
from clipsql.db.moved_watches import move_watches
from clipsql.db.transactions import reading, writing
from clipsql.errors import InvalidArgument, TextEncoderUnavailable
from clipsql.search.counter import MatchCounter
from clipsql.search.embedding import numbers
from clipsql.watching.watches import AlertRow, BacktestDay, WatchRow, list_alerts, list_watches


class PictureWatcher(MatchCounter):
    """Makes, changes and removes watches, and tells of their alarms."""

    def watch(
        self,
        name: str,
        query: str | None = None,
        *,
        image: int | None = None,
        images: Sequence[int] | None = None,
        query_vector: Sequence[float] | NDArray[np.float32] | None = None,
        **options: Unpack[WatchOptions],
    ) -> int:
        """Watch for pictures to come, each of which raises an alarm when it is similar enough; returns the watch_id.

        What is looked for is a query, as for `search_query`, a stored picture, several of one object, or a vector. A
        watch of that name becomes this one. A text that the database cannot embed needs the extra `clip`. Raises
        InvalidArgument, also for a rate that the stored pictures are too few to tell.

            pictures.watch("red lorry", "a red truck", having_metadata={"gate": "north"}, alarms_per_day=5)
        """
        refuse_unknown(options, WatchOptions)
        options = cast(WatchOptions, {"model": self.model.name, **options})
        vector = None if query_vector is None else numbers(query_vector)

        def watch(vector: list[float] | ColumnElement[Any] | None) -> int:
            call = watching.watch(name, query, image=image, images=images, query_vector=vector, **options)
            return int(self._changed(call))

        terms = self._terms(query) if query is not None and vector is None else ()
        if all(term.kind != "file" for term in terms):
            try:
                return watch(vector)
            except TextEncoderUnavailable:
                pass
        pictures = [term.image_id for term in terms if term.kind == "image"]
        options["except_images"] = searches.ids(options.get("except_images"), pictures)
        return watch(searches.mix(self._term_vectors(terms), weights=[term.weight for term in terms]))

    def unwatch(self, name: str) -> None:
        """Remove a watch with its alarms. Raises UnknownWatch."""
        self._changed(watching.about_watch("unwatch", name))

    def pause_watch(self, name: str) -> None:
        """Have a watch raise nothing until `resume_watch`. Raises UnknownWatch."""
        self._changed(watching.about_watch("pause_watch", name))

    def resume_watch(self, name: str) -> None:
        """Let a paused watch go on with the pictures that come from now on. Raises UnknownWatch."""
        self._changed(watching.about_watch("resume_watch", name))

    def move_watches(self) -> int:
        """Have watches compare the embeddings of this searcher's model; returns how many moved.

        Rates and percentiles are found again. Other watches stay as they are and say why, as their `problem`. Texts
        that the database cannot embed need the extra `clip`.
        """
        return move_watches(self._database, self.model, lambda texts: self._encoder.encode_texts(texts))

    def judge_alert(self, alert: int, is_right: bool | None) -> None:
        """Say whether an alarm was right; None takes that back. Raises UnknownWatch when there is no such alarm."""
        self._changed(watching.judge_alert(alert, is_right))

    def watches(self) -> list[WatchRow]:
        """All watches, by name, with what became of them."""
        return list_watches(self._database)

    def alerts(self, name: str | None = None, *, max_results: int = 100) -> list[AlertRow]:
        """The newest alarms, of one watch or of all, latest first. Raises UnknownWatch."""
        return list_alerts(self._database, name, max_results=max_results)

    def backtest(
        self, name: str, taken_from: dt.datetime | None = None, taken_until: dt.datetime | None = None
    ) -> list[BacktestDay]:
        """What a watch would have raised for the stored pictures, exactly, day by day. Raises UnknownWatch."""
        for called, moment in (("taken_from", taken_from), ("taken_until", taken_until)):
            if moment is not None and moment.tzinfo is None:
                raise InvalidArgument(f"{called} ({moment}) has no time zone; give an aware datetime.")
        found = watching.backtest(name, taken_from, taken_until)
        with reading(self._database) as connection:
            rows = connection.execute(sa.select(found).order_by(found.c.day)).mappings()
            return [BacktestDay(**row) for row in rows]

    def _changed(self, call: ColumnElement[Any]) -> Any:
        with writing(self._database) as connection:
            if self._timezone is not None:
                connection.execute(sa.select(sa.func.set_config("timezone", self._timezone, True)))
            return connection.execute(sa.select(call)).scalar_one()
