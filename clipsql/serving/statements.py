"""The SQL that a gallery's search is: what a page shows is what this SQL gives anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from psycopg import sql

from clipsql.errors import InvalidArgument
from clipsql.serving.picture_vector import read_vector
from clipsql.serving.wanted import FILTERS, Wanted, short

Texts = Mapping[str, Sequence[float]]
"""Vectors of texts, made where SQL cannot embed them."""

_COLUMNS = "s.rank, s.image_id, s.similarity, s.percentile, s.caption, s.taken_at, s.metadata"
_REGION_COLUMNS = (
    "s.rank, s.image_id, s.similarity, null::float8 as percentile, s.caption, s.taken_at, s.metadata,\n"
    "    s.region_id, s.box, s.label"
)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A search under a model, by default the database's; `terms` are those of its query, as parse_query has them."""

    wanted: Wanted
    model: str | None
    terms: Sequence[Any] = ()
    texts: Texts = field(default_factory=dict)

    def but(self, **changes: Any) -> Self:
        """The same with parts of what is wanted changed."""
        return replace(self, wanted=replace(self.wanted, **changes))

    def search(self, max_results: int) -> sql.Composed:
        """Columns rank, image_id, similarity, percentile, caption, taken_at, metadata; best first, or by date.

        Of parts region_id, box and label are there beside them, with stored scores itm_score.
        """
        wanted = self.wanted
        if not wanted.has_question:
            return _browsing(wanted, max_results)
        columns: list[sql.Composable] = [sql.SQL(_REGION_COLUMNS if wanted.in_regions else _COLUMNS)]
        order = sql.SQL("s.rank")
        if wanted.scored_by is not None:
            score = sql.SQL("clipsql.itm_score(s.image_id, {})").format(sql.Literal(wanted.scored_by))
            columns.append(sql.SQL("{} as itm_score").format(score))
            order = sql.SQL("itm_score desc nulls last, s.rank")
        if wanted.by_date:
            order = sql.SQL("s.taken_at desc nulls last, s.rank")
        function, arguments = self._called(max_results)
        return sql.SQL("select {}\nfrom clipsql.{}(\n    {}) as s\norder by {}").format(
            sql.SQL(", ").join(columns), sql.SQL(function), _named(arguments), order
        )

    def _called(self, max_results: int) -> tuple[str, dict[str, sql.Composable]]:
        """The function that searches so, and its arguments."""
        wanted = self.wanted
        arguments: dict[str, sql.Composable] = {}
        pictures: Sequence[int] = ()
        if wanted.in_regions:
            function, arguments["query"], pictures = "search_regions", self._joint(), self._pictures()
        elif wanted.query and not wanted.picture and not self.texts:
            function, arguments["query"] = "search_query", sql.Literal(wanted.query)
        elif not wanted.query:
            function, arguments["query"] = "search", sql.Literal(read_vector(wanted.picture))
        else:
            function = "search_vectors"
            arguments["vectors"], arguments["weights"] = _array(self._vectors()), _weights(self._signed())
            pictures = self._pictures()
        return function, arguments | self._options(max_results, pictures)

    def shown(self) -> str:
        """The search as a person takes it home."""
        text = self.search(self.wanted.shown).as_string() + ";"
        is_daily = self.wanted.has_question and (self.wanted.daily_from or self.wanted.daily_until)
        return f"set timezone to 'UTC';  -- of the hours of the day\n{text}" if is_daily else text

    def plan(self) -> sql.Composed:
        """The row of search_plan: how the search is answered."""
        options = self._options(self.wanted.shown, self._pictures())
        return sql.SQL("select p.* from clipsql.search_plan(\n    {}) as p").format(
            _named({"query": self._joint(), **options})
        )

    def fits(self, image: int) -> sql.Composed:
        """One row of one column: the cosine of a stored picture with each term, in order."""
        vector = _vector_of_picture(image, self.model)
        cosines = [sql.SQL("1 - ({} <=> {})").format(vector, one) for one in self._vectors()]
        return sql.SQL("select array[{}]").format(sql.SQL(", ").join(cosines))

    @property
    def text(self) -> str | None:
        """The text, where a text is all that is looked for."""
        alone = len(self.terms) == 1 and not self.wanted.picture
        return (
            self.terms[0].body
            if alone and self.terms[0].kind == "text" and self.terms[0].weight > 0
            else None
        )

    def _joint(self) -> sql.Composable:
        """What is looked for as one vector."""
        vectors, weights = self._vectors(), self._signed()
        if weights == [1.0]:
            return vectors[0]
        return sql.SQL("clipsql.mix({}, {})").format(_array(vectors), _weights(weights))

    def _vectors(self) -> list[sql.Composable]:
        """The vector of each term, and of the picture beside them."""
        vectors: list[sql.Composable] = [self._vector_of(term) for term in self.terms]
        return vectors + ([sql.Literal(read_vector(self.wanted.picture))] if self.wanted.picture else [])

    def _signed(self) -> list[float]:
        return [*(float(term.weight) for term in self.terms), *([1.0] if self.wanted.picture else [])]

    def _pictures(self) -> list[int]:
        return [term.image_id for term in self.terms if term.image_id is not None]

    def _options(self, max_results: int, pictures: Sequence[int]) -> dict[str, sql.Composable]:
        wanted = self.wanted
        options: dict[str, sql.Composable] = {}
        if pictures:
            options["except_images"] = _ids(pictures)
        options["max_results"] = sql.Literal(max_results)
        for name in FILTERS:
            if (value := getattr(wanted, name)) not in ("", None):
                options[name] = sql.Literal(value)
        if wanted.metadata:
            options["metadata_matches"] = sql.Literal(wanted.metadata_path)
        if wanted.only_images:
            options["only_images"] = _ids(wanted.only_images)
        if self.model is not None:
            options["model"] = sql.Literal(self.model)
        return options

    def _vector_of(self, term: Any) -> sql.Composable:
        if term.kind == "file":
            raise InvalidArgument(
                f"Column {term.position} of the query: a file is chosen or dropped here, not written."
            )
        if term.kind == "image":
            return _vector_of_picture(term.image_id, self.model)
        if term.body in self.texts:
            numbers = ",".join(f"{number:.7g}" for number in self.texts[term.body])
            return sql.SQL("{}::vector").format(sql.Literal(f"[{numbers}]"))
        return sql.SQL("clipsql.embed_text({}{})").format(sql.Literal(term.body), _under(self.model))


def _browsing(wanted: Wanted, max_results: int) -> sql.Composed:
    """All pictures that pass, the latest first; what is not embedded yet, too."""
    conditions = []
    for name, condition in (
        ("in_collection", "p.collection = {}"),
        ("taken_from", "p.taken_at >= {}"),
        ("taken_until", "p.taken_at < {}"),
    ):
        if value := getattr(wanted, name):
            conditions.append(sql.SQL(condition).format(sql.Literal(value)))
    hours = [
        sql.SQL(f"(p.taken_at at time zone 'UTC')::time {sign} {{}}").format(sql.Literal(hour))
        for sign, hour in ((">=", wanted.daily_from), ("<", wanted.daily_until))
        if hour
    ]
    if hours:
        is_over_midnight = wanted.daily_from > wanted.daily_until and wanted.daily_until
        either = sql.SQL(" or " if is_over_midnight else " and ").join(hours)
        conditions.append(sql.SQL("({})").format(either))
    if wanted.metadata:
        conditions.append(sql.SQL("p.metadata @@ {}").format(sql.Literal(wanted.metadata_path)))
    if wanted.caption_query:
        conditions.append(
            sql.SQL(
                "exists (select from clipsql.caption as c where c.image_id = p.image_id\n"
                "        and c.words @@ clipsql_private.any_caption_query({0})\n"
                "        and c.words @@ clipsql_private.caption_query({0}, c.language))"
            ).format(sql.Literal(wanted.caption_query))
        )
    if wanted.only_images:
        conditions.append(sql.SQL("p.image_id = any ({})").format(_ids(wanted.only_images)))
    circle = (wanted.near_longitude, wanted.near_latitude, wanted.within_m)
    if None not in circle:
        conditions.append(
            sql.SQL("clipsql_private.distance_m(p.place[0], p.place[1], {}, {}) <= {}").format(
                *map(sql.Literal, circle)
            )
        )
    where = (
        sql.SQL("\nwhere {}").format(sql.SQL("\n    and ").join(conditions)) if conditions else sql.SQL("")
    )
    return sql.SQL(
        "select row_number() over newest as rank, p.image_id, null::float8 as similarity,\n"
        "    null::float8 as percentile, p.caption, p.taken_at, p.metadata\n"
        "from clipsql.picture as p{}\n"
        "window newest as (order by p.taken_at desc nulls last, p.image_id desc)\n"
        "order by rank\nlimit {}"
    ).format(where, sql.Literal(max_results))


def _vector_of_picture(image: int, model: str | None) -> sql.Composed:
    return sql.SQL("clipsql.image_vector({}{})").format(sql.Literal(image), _under(model))


def _under(model: str | None) -> sql.Composable:
    return sql.SQL("") if model is None else sql.SQL(", {}").format(sql.Literal(model))


def _named(arguments: Mapping[str, sql.Composable]) -> sql.Composed:
    return sql.SQL(",\n    ").join(
        sql.SQL("{} => {}").format(sql.SQL(name), value) for name, value in arguments.items()
    )


def _array(vectors: Sequence[sql.Composable]) -> sql.Composed:
    return sql.SQL("array[{}]").format(sql.SQL(", ").join(vectors))


def _weights(weights: Sequence[float]) -> sql.Literal:
    return sql.Literal("{" + ",".join(map(short, weights)) + "}")


def _ids(images: Sequence[int]) -> sql.Literal:
    return sql.Literal("{" + ",".join(map(str, images)) + "}")
