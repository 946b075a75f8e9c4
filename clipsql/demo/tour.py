"""The demo's guided tour: each step is a question in words, and the SQL that answers it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from clipsql.db.engine import database_errors
from clipsql.db.tables.pictures import Caption, Image
from clipsql.demo import NAME
from clipsql.search.results import Match

COLLECTION = "demo"
MODEL = NAME


@dataclass(frozen=True)
class Step:
    """One question; `:image` in its SQL stands for the best hit of the step before."""

    title: str
    sql: str


@dataclass(frozen=True)
class Answer:
    """A step as it was run, with its result."""

    title: str
    sql: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    @property
    def image_ids(self) -> list[int]:
        """Pictures that the result names, best first."""
        return self.column("image_id")

    def column(self, name: str) -> list[Any]:
        """Values of one column; none when the result does not have it."""
        if name not in self.columns:
            return []
        position = list(self.columns).index(name)
        return [row[position] for row in self.rows]


STEPS = (
    Step(
        "A text finds pictures (the text becomes a vector inside PostgreSQL)",
        """\
select rank, image_id, similarity, metadata->>'camera' as camera, taken_at, caption
from clipsql.search_text('a red truck', max_results => 4, in_collection => 'demo', model => 'clipsql-demo')""",
    ),
    Step(
        "The same in Chinese, on two days, within 800 m of camera cam-02",
        """\
select rank, image_id, similarity, metadata->>'camera' as camera, taken_at, caption
from clipsql.search_text('红色卡车', max_results => 4, in_collection => 'demo', model => 'clipsql-demo',
    taken_from => '2026-03-18 00:00+08', taken_until => '2026-03-20 00:00+08',
    near_longitude => 121.4785, near_latitude => 31.2312, within_m => 800)""",
    ),
    Step(
        "More like the best of these",
        """\
select rank, image_id, similarity, metadata->>'camera' as camera, taken_at, caption
from clipsql.search_similar(:image, max_results => 4, in_collection => 'demo', model => 'clipsql-demo')""",
    ),
    Step(
        "Two texts mixed with weights: a bus, and twice as much night",
        """\
select rank, image_id, similarity, metadata->>'camera' as camera, taken_at, caption
from clipsql.search(
    clipsql.mix(array[clipsql.embed_text('a bus', 'clipsql-demo'), clipsql.embed_text('at night', 'clipsql-demo')],
                weights => '{1, 2}'),
    max_results => 4, in_collection => 'demo', model => 'clipsql-demo')""",
    ),
    Step(
        "A picture plus a text: the best of these, but in the snow",
        """\
select rank, image_id, similarity, metadata->>'camera' as camera, taken_at, caption
from clipsql.search(
    clipsql.mix(array[clipsql.image_vector(:image, 'clipsql-demo'), clipsql.embed_text('in the snow', 'clipsql-demo')]),
    max_results => 4, in_collection => 'demo', model => 'clipsql-demo', except_images => '{:image}')""",
    ),
    Step(
        "Zero-shot labels: what the weather was, as every frame of the first two days shows it",
        """\
select c.label, count(*) as frames, avg(c.probability) as mean_probability
from clipsql.classify_images(array['clear weather', 'rain', 'fog', 'snow'], template => 'in the {}',
    in_collection => 'demo', taken_until => '2026-03-18 00:00+08', model => 'clipsql-demo') as c
group by c.label
order by frames desc, c.label""",
    ),
    Step(
        "Hits joined with business records: who owns the red trucks that the cameras saw",
        """\
select r.owner_type, count(*) as sightings, count(distinct r.plate) as vehicles, min(s.taken_at) as first_seen
from clipsql.search_text('a red truck', max_results => 12, in_collection => 'demo', model => 'clipsql-demo') as s
join clipsql_demo.vehicle_registry as r on r.plate = s.metadata->>'plate'
group by r.owner_type
order by sightings desc, r.owner_type""",
    ),
    Step(
        "Looked at again: two vehicles with their colours, by a model that reads picture and text together",
        """\
select s.image_id, clipsql.itm_score(s.image_id, q.query_id) as matching, s.similarity, s.taken_at, s.caption
from clipsql.search_text('a green car and a black truck', max_results => 30, in_collection => 'demo',
    model => 'clipsql-demo') as s
join clipsql.model_query as q on q.query = 'a green car and a black truck' and q.kind = 'match'
order by matching desc nulls last, s.rank
limit 4""",
    ),
    Step(
        "What another model says that these show, beside what people said",
        """\
select p.image_id as picture, p.description, p.caption
from clipsql.picture as p
where p.collection = 'demo' and p.description is not null
order by p.image_id
limit 4""",
    ),
    Step(
        "What the collection holds",
        """\
select collection, model, images, embedded, failed, captions, first_taken_at, last_taken_at
from clipsql.collection_stats
where collection = 'demo' and model = 'clipsql-demo'""",
    ),
)

LOOKED_FOR = "a green car and a black truck"
"""What the steps about other models look for; `world.look_again` has them look."""

NEXT_QUERIES = (
    "select * from clipsql.search_text('黄色公交车', in_collection => 'demo', model => 'clipsql-demo');",
    "select metadata->>'road' as road, count(*) from clipsql.search_text('a bus', max_results => 50, "
    "in_collection => 'demo', model => 'clipsql-demo') group by road order by count desc;",
    "select * from clipsql.search_text('a motorcycle', caption_query => 'highway -night', "
    "having_metadata => '{\"road\": \"Ring Highway\"}', in_collection => 'demo', model => 'clipsql-demo');",
)
"""Three queries to try after the tour."""


def run_tour(engine: Engine) -> Iterator[Answer]:
    """The answers to all steps, in order."""
    image_id = 0
    with database_errors(engine), engine.connect() as connection:
        for step in STEPS:
            answer = _ask(connection, step.title, step.sql.replace(":image", str(image_id)))
            image_id = answer.image_ids[0] if answer.image_ids else image_id
            yield answer


def _ask(connection: Connection, title: str, sql: str) -> Answer:
    result = connection.exec_driver_sql(sql)
    return Answer(title, sql, list(result.keys()), [tuple(row) for row in result])


def matches_of(engine: Engine, answer: Answer) -> list[Match]:
    """The pictures of an answer, with all that a page shows of them."""
    similarity = dict(zip(answer.image_ids, answer.column("similarity"), strict=True))
    rows = (
        sa.select(
            Image.image_id,
            Image.url,
            sa.select(Caption.body)
            .where(Caption.image_id == Image.image_id, Caption.source.is_(None))
            .order_by(Caption.caption_id)
            .limit(1)
            .scalar_subquery()
            .label("caption"),
            Image.taken_at,
            Image.longitude,
            Image.latitude,
            Image.metadata_.label("metadata"),
        )
        .where(Image.image_id.in_(answer.image_ids))
        .order_by(sa.func.array_position(answer.image_ids, Image.image_id))
    )
    with database_errors(engine), engine.connect() as connection:
        return [
            Match(rank=rank, similarity=similarity[row.image_id], **row._mapping)
            for rank, row in enumerate(connection.execute(rows), start=1)
        ]
