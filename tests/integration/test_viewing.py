"""Models look at stored pictures again: what they say is kept once, apart from what people say, and joined in SQL."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from click.testing import Result
from local_picture_models import (
    ANSWERS,
    make_blip_answering,
    make_blip_describing,
    make_blip_matching,
    make_vilt_answering,
)
from PIL import Image
from sqlalchemy.engine import Engine

from clipsql import Searcher
from clipsql.db import model_questions, model_tasks
from clipsql.db.pictures.leases import Lease
from clipsql.db.statements import autocommit_connection
from clipsql.encoding.describing import Describer, load_describer
from clipsql.encoding.matching import load_cross_encoder
from clipsql.errors import InvalidArgument
from clipsql.viewing import models
from clipsql.viewing.working import work

Clipsql = Callable[..., Result]

PICTURES = 5


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model of each kind."""
    made = {
        "matching": make_blip_matching,
        "describing": make_blip_describing,
        "answering": make_blip_answering,
        "choosing": make_vilt_answering,
    }
    root = tmp_path_factory.mktemp("models")
    for name in made:
        (root / name).mkdir()
    return {name: make(root / name) for name, make in made.items()}


@pytest.fixture(scope="module")
def describer(folders: dict[str, Path]) -> Describer:
    return load_describer(str(folders["describing"]))


@pytest.fixture
def pictures(tmp_path: Path, clipsql: Clipsql, model_folder: Path) -> Path:
    """The collection `gate`, of pictures in files, each with a caption."""
    folder = tmp_path / "gate"
    folder.mkdir()
    rows = ["file,caption"]
    for number in range(PICTURES):
        cells = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(cells).resize((40, 40), Image.Resampling.NEAREST).save(folder / f"{number}.png")
        rows.append(f"{number}.png,a dog on the street {number}")
    (folder / "list.csv").write_text("\n".join(rows))
    ingest(clipsql, folder, model_folder)
    return folder


def ingest(clipsql: Clipsql, folder: Path, model_folder: Path) -> None:
    how = ("--collection", "gate", "--model", model_folder, "--dtype", "float32")
    done = clipsql("ingest", folder / "list.csv", *how)
    assert done.exit_code == 0, done.output


def rows_of(engine: Engine, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement), parameters)]


def lines_of(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def pixels(folder: Path, number: int) -> Image.Image:
    return Image.open(folder / f"{number}.png").convert("RGB")


def test_scores_are_stored_for_the_nearest_and_read_in_sql(
    clipsql: Clipsql, engine: Engine, pictures: Path, folders: dict[str, Path]
) -> None:
    how = ("--model", folders["matching"], "--in-collection", "gate", "--candidates", "3", "--json")
    (pictures / "texts.txt").write_text("a red car\n\na blue tree\n")
    told = lines_of(clipsql("score", "a green dog", "--file", pictures / "texts.txt", *how))
    assert [line["query"] for line in told] == ["a green dog", "a red car", "a blue tree"]
    assert [line["answered"] for line in told] == [3, 3, 3]
    query_id = told[1]["query_id"]
    nearest = [match.image_id for match in Searcher(engine).search_text("a red car", max_results=3)]
    found = rows_of(
        engine,
        "select i.image_id, i.url, clipsql.itm_score(i.image_id, :query) from clipsql.image as i order by 1",
        query=query_id,
    )
    matcher = load_cross_encoder(str(folders["matching"]))
    for image_id, url, score in found:
        if image_id in nearest:
            expected = matcher.scores([pixels(pictures, int(url[-5]))], ["a red car"])[0]
            assert score == pytest.approx(float(expected), abs=1e-5)
        else:
            assert score is None
    # More candidates: only what is new is looked at; the same text has the same number.
    more = clipsql("score", "a red car", *how[:-2], "5", "--json")
    assert [(line["query_id"], line["answered"]) for line in lines_of(more)] == [(query_id, PICTURES)]
    assert rows_of(engine, "select count(*) from clipsql.model_query") == [(3,)]


@pytest.mark.usefixtures("pictures")
def test_what_others_asked_a_model_to_score_is_scored(
    clipsql: Clipsql, engine: Engine, folders: dict[str, Path]
) -> None:
    how = ("score", "--waiting", "--model", folders["matching"])
    assert "Nothing waits for this model." in clipsql(*how).stderr
    matcher = load_cross_encoder(str(folders["matching"]))
    image_ids = model_questions.filtered_images(engine, {})
    for text, some in (("a red car", image_ids[:2]), ("a green dog", image_ids)):
        query = models.stored_query(engine, "match", text, matcher)
        model_tasks.queue_pictures(engine, query, some)
    stranger = model_questions.ask_model(
        engine, kind="match", body="a cat", model="matching", revision="other"
    )
    model_tasks.queue_pictures(engine, stranger, image_ids)
    told = lines_of(clipsql(*how, "--json"))
    assert [(one["query"], one["answered"], one["waiting"]) for one in told] == [
        ("a red car", 2, 0),
        ("a green dog", PICTURES, 0),
    ]
    assert lines_of(clipsql(*how, "--json")) == []
    left = rows_of(engine, "select query_id, count(*) from clipsql_private.model_task group by 1")
    assert left == [(stranger.query_id, PICTURES)]


def test_a_description_is_a_caption_with_its_source_and_is_written_once(
    clipsql: Clipsql, engine: Engine, pictures: Path, folders: dict[str, Path], describer: Describer
) -> None:
    how = ("describe", "gate", "--model", folders["describing"], "--json")
    assert lines_of(clipsql(*how, "--limit", "2"))[0]["answered"] == 2
    told = lines_of(clipsql(*how))
    assert told == [
        {
            "collection": "gate",
            "model": "describing",
            "pictures": PICTURES,
            "answered": PICTURES,
            "failed": 0,
            "waiting": 0,
        }
    ]
    lines_of(clipsql(*how))
    written = rows_of(
        engine,
        "select i.url, c.body, c.language from clipsql.caption as c join clipsql.image as i using (image_id)"
        " where c.source = 'model:describing' order by i.url",
    )
    assert [body for _, body, _ in written] == describer.describe(
        [pixels(pictures, number) for number in range(PICTURES)]
    )
    assert {language for _, _, language in written} == {"en"}
    people = rows_of(engine, "select count(*) from clipsql.caption where source is null")
    assert people == [(PICTURES,)]


@pytest.mark.usefixtures("pictures")
def test_descriptions_never_pass_for_what_people_say(
    clipsql: Clipsql,
    engine: Engine,
    folders: dict[str, Path],
    model_folder: Path,
) -> None:
    assert clipsql("describe", "gate", "--model", folders["describing"]).exit_code == 0
    worked = clipsql("worker", "--until-empty", "--model", model_folder, "--dtype", "float32")
    assert worked.exit_code == 0, worked.output
    # They have vectors as others have.
    assert rows_of(engine, "select count(*) from clipsql.caption_embedding") == [(2 * PICTURES,)]
    descriptions = {
        body for (body,) in rows_of(engine, "select body from clipsql.caption where source is not null")
    }
    word = next(iter(descriptions)).split()[0]
    searcher = Searcher(engine)
    for match in searcher.search_text("a dog"):
        assert str(match.caption).startswith("a dog on the street")
    for caption, captions, description in rows_of(
        engine, "select caption, captions, description from clipsql.picture"
    ):
        assert captions == [caption]
        assert caption.startswith("a dog on the street")
        assert description in descriptions
    found = searcher.search_captions("a dog", max_results=20)
    assert {one.source for one in found} == {None, "model:describing"}
    assert {one.caption for one in found if one.source} == descriptions
    assert all(one.caption.startswith("a dog on") for one in searcher.suggest_captions(1, max_results=20))

    def matching(caption_query: str) -> int:
        return len(searcher.search_text("a dog", caption_query=caption_query))

    assert matching("dog") == PICTURES
    assert matching("dog source:person") == matching("dog -source:model") == PICTURES
    described = matching(f"{word} source:model")
    assert described > 0
    assert matching(f"{word} -source:person") == described
    assert matching("source:model") == matching("source:person") == PICTURES
    assert matching('dog "source:model"') == 0
    own_word = next(
        one for one in (*WORDS_OF_NO_PERSON,) if any(one in body.split() for body in descriptions)
    )
    assert matching(own_word) > 0
    assert matching(f"{own_word} source:person") == 0


WORDS_OF_NO_PERSON = ("photo", "red", "blue", "green", "car", "cat", "tree", "man")


def test_an_ingest_leaves_descriptions_alone(
    clipsql: Clipsql, engine: Engine, pictures: Path, folders: dict[str, Path], model_folder: Path
) -> None:
    assert clipsql("describe", "gate", "--model", folders["describing"]).exit_code == 0
    described = "select image_id, body from clipsql.caption where source is not null order by 1"
    before = rows_of(engine, described)
    listed = (pictures / "list.csv").read_text().replace("a dog", "one cat")
    (pictures / "list.csv").write_text(listed)
    ingest(clipsql, pictures, model_folder)
    assert rows_of(engine, described) == before
    people = "select body from clipsql.caption where source is null order by image_id"
    assert [body for (body,) in rows_of(engine, people)] == [
        f"one cat on the street {number}" for number in range(PICTURES)
    ]
    # What a person says stays what a person says, though a model said the same.
    with engine.begin() as connection:
        url = connection.execute(sa.text("select url from clipsql.image where image_id = 1")).scalar_one()
        for _ in range(2):
            connection.execute(
                sa.text("select clipsql.put_image('gate', :url, captions => array[:body])"),
                {"url": url, "body": before[0][1]},
            )
    kept = rows_of(engine, "select body, source from clipsql.caption where image_id = 1 order by source")
    assert kept == [(before[0][1], "model:describing"), (before[0][1], None)]


def test_what_cannot_be_looked_at_is_marked_and_tried_again_when_asked(
    clipsql: Clipsql, engine: Engine, pictures: Path, folders: dict[str, Path]
) -> None:
    content = (pictures / "2.png").read_bytes()
    (pictures / "2.png").unlink()
    how = ("describe", "gate", "--model", folders["describing"], "--json")
    done = clipsql(*how)
    assert (lines_of(done)[0]["answered"], lines_of(done)[0]["failed"]) == (PICTURES - 1, 1)
    assert "1 of 5 pictures could not be looked at; --retry-failed" in done.stderr
    [(error,)] = rows_of(engine, "select error from clipsql_private.model_task")
    assert "its file does not lie on this machine" in error
    (pictures / "2.png").write_bytes(content)
    assert lines_of(clipsql(*how))[0]["failed"] == 1
    again = lines_of(clipsql(*how, "--retry-failed"))[0]
    assert (again["answered"], again["failed"]) == (PICTURES, 0)
    assert rows_of(engine, "select * from clipsql_private.model_task") == []


@pytest.mark.usefixtures("pictures")
def test_two_workers_share_the_work_and_one_that_stops_gives_back(
    engine: Engine, describer: Describer
) -> None:
    query = models.stored_query(engine, "describe", "en", describer)
    image_ids = model_questions.filtered_images(engine, {"in_collection": "gate"})
    assert len(image_ids) == PICTURES
    model_tasks.queue_pictures(engine, query, image_ids)
    lease = Lease(worker="another", seconds=60)
    with autocommit_connection(engine) as other:
        held = model_tasks.claim(other, query, lease, limit=2)
        assert len(held) == 2
        work(engine, query, models.describing(describer))
        assert model_questions.standing(engine, query, image_ids) == model_questions.Standing(3, 0, 2)
        model_tasks.give_back(other, query, lease)
        # What is held no more is not written.
        late = {held[0].image_id: model_questions.Answer(text="too late")}
        assert model_tasks.settle(other, query, lease, late, {}) == 0
    stop = threading.Event()
    stop.set()
    work(engine, query, models.describing(describer), stop=stop)
    assert model_questions.standing(engine, query, image_ids).answered == 3

    def broken(_images: object) -> list[model_questions.Answer]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(engine, query, broken)
    assert rows_of(engine, "select count(leased_by), count(*) from clipsql_private.model_task") == [(0, 2)]
    work(engine, query, models.describing(describer))
    assert model_questions.standing(engine, query, image_ids) == model_questions.Standing(PICTURES, 0, 0)
    assert rows_of(engine, "select count(*) from clipsql.caption where body = 'too late'") == [(0,)]


@pytest.mark.usefixtures("pictures")
def test_the_lease_of_a_dead_worker_runs_out(engine: Engine, describer: Describer) -> None:
    query = models.stored_query(engine, "describe", "en", describer)
    model_tasks.queue_pictures(engine, query, model_questions.filtered_images(engine, {}))
    with autocommit_connection(engine) as other:
        assert len(model_tasks.claim(other, query, Lease(worker="dead", seconds=0), limit=9)) == PICTURES
        assert len(model_tasks.claim(other, query, Lease(worker="alive", seconds=60), limit=9)) == PICTURES
        assert model_tasks.claim(other, query, Lease(worker="third", seconds=60), limit=9) == []


def test_questions_are_answered_once_and_counted(
    clipsql: Clipsql, engine: Engine, pictures: Path, folders: dict[str, Path]
) -> None:
    how = ("--model", folders["choosing"], "--json")
    counts = lines_of(clipsql("ask", "is it red", "--in-collection", "gate", *how))
    assert sum(row["count"] for row in counts) == PICTURES
    assert {row["answer"] for row in counts} <= set(ANSWERS)
    stored = rows_of(
        engine,
        "select answer, count(*) from clipsql.picture_answer where question = 'is it red' group by answer",
    )
    assert sorted(stored) == sorted((row["answer"], row["count"]) for row in counts)
    some = lines_of(clipsql("ask", "is it red", "--only-images", "1,2", *how))
    assert sum(row["count"] for row in some) == 2
    assert rows_of(engine, "select count(*) from clipsql.model_answer") == [(PICTURES,)]
    one = lines_of(clipsql("ask", "2", "is it red", *how))
    assert len(one) == 1
    assert (one[0]["answer"], one[0]["probability"]) == rows_of(
        engine, "select answer, probability from clipsql.picture_answer where image_id = 2"
    )[0]
    # A picture that is not stored is asked about and forgotten.
    file = lines_of(clipsql("ask", pictures / "1.png", "is it red", *how))
    same = rows_of(
        engine,
        "select answer from clipsql.picture_answer join clipsql.image using (image_id) where url like '%/1.png'",
    )
    assert [(file[0]["answer"],)] == same
    assert rows_of(engine, "select count(*) from clipsql.model_answer") == [(PICTURES,)]
    said = lines_of(clipsql("ask", "1", "what is it", "--model", folders["answering"], "--json"))
    assert said[0]["answer"]
    assert 0 < said[0]["probability"] <= 1


def test_what_cannot_be_asked_is_refused_in_one_line(
    clipsql: Clipsql, engine: Engine, pictures: Path, folders: dict[str, Path], describer: Describer
) -> None:
    assert pictures.exists()
    how = ("--model", folders["choosing"])
    gone = clipsql("ask", "4711", "is it red", *how)
    assert (gone.exit_code, "There is no picture 4711" in gone.stderr) == (1, True)
    unknown = clipsql("ask", "is it red", "--in-collection", "nowhere", *how)
    assert (unknown.exit_code, "nowhere" in unknown.stderr) == (1, True)
    assert clipsql("describe", "nowhere", "--model", folders["describing"]).exit_code == 1
    assert clipsql("ask", "1", "2", "3", *how).exit_code == 2
    assert clipsql("ask", "1", "is it red", "--in-collection", "gate", *how).exit_code == 2
    assert clipsql("score", "--model", folders["matching"]).exit_code == 2
    for text in (" ", "x" * 2001):
        with pytest.raises(InvalidArgument, match="has 1 to 2000 bytes"):
            models.stored_query(engine, "answer", text, describer)


def test_answers_are_seen_by_who_sees_the_picture(
    clipsql: Clipsql, engine: Engine, pictures: Path, folders: dict[str, Path]
) -> None:
    assert pictures.exists()
    how = ("--model", folders["choosing"], "--json")
    lines_of(clipsql("ask", "is it red", "--only-images", "1,2", *how))
    lines_of(clipsql("ask", "is it blue", "--only-images", "3", *how))
    seen = "select image_id, question from clipsql.picture_answer order by image_id"
    with engine.begin() as connection:
        connection.exec_driver_sql("alter table clipsql.image enable row level security")
        connection.exec_driver_sql("create policy first_alone on clipsql.image using (image_id = 1)")
        connection.exec_driver_sql("select clipsql.enable_tenants()")
        connection.exec_driver_sql("set local role clipsql_reader")
        assert [tuple(row) for row in connection.exec_driver_sql(seen)] == [(1, "is it red")]
        queries = connection.exec_driver_sql("select query from clipsql.model_query").scalars()
        assert list(queries) == ["is it red"]
        scores = connection.exec_driver_sql(
            "select image_id from unnest('{1,2,3}'::bigint[]) as i(image_id)"
            " where clipsql.itm_score(i.image_id, 1) is not null"
        )
        assert list(scores.scalars()) == [1]
    assert [row[0] for row in rows_of(engine, seen)] == [1, 2, 3]
