"""`clipsql ingest` of pictures whose vectors were made elsewhere, as people run it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from integration.filling import unit_vectors
from numpy.typing import NDArray
from sqlalchemy.engine import Engine

from clipsql.ingest import vectors
from clipsql.ingest.readings import Outcome
from clipsql.search.searcher import Searcher
from clipsql.sources import open_vectors

Clipsql = Callable[..., Result]
Table = dict[str, Any]
Query = Callable[[str], list[tuple[Any, ...]]]

VECTORS = unit_vectors(np.random.default_rng(14), 12, 4).astype(np.float32)
URLS = [f"https://pictures.example/{number}.jpg" for number in range(len(VECTORS))]


@pytest.fixture
def space(clipsql: Clipsql) -> str:
    """A vector space of 4 dimensions, the default model."""
    assert clipsql("model", "add", "space", "--dimensions", 4).exit_code == 0
    return "space"


@pytest.fixture
def query(database_url: str) -> Query:
    """Ask the database that the commands write into."""

    def ask(statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
            return connection.execute(statement.encode()).fetchall()

    return ask


EMBEDDINGS = "select url, embedding::text from clipsql.image_embedding join clipsql.image using (image_id)"
STORED = """
    select i.collection, i.url, i.file, i.metadata, i.taken_at, i.longitude, i.latitude, i.status, i.image_id,
           i.added_at, i.xmin::text,
           array(select c.caption_id || c.body || c.language from clipsql.caption as c
                 where c.image_id = i.image_id order by c.caption_id),
           array(select e.xmin || e.embedding::text from clipsql.image_embedding as e where e.image_id = i.image_id)
    from clipsql.image as i order by i.url
"""


def lists(vectors: Sequence[Any], kind: pa.DataType) -> pa.Array:
    return pa.array([None if vector is None else list(vector) for vector in vectors], type=kind)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(pa.list_(pa.float32()), id="list"),
        pytest.param(pa.list_(pa.float16()), id="list of half precision"),
        pytest.param(pa.large_list(pa.float64()), id="large list of double precision"),
        pytest.param(pa.list_(pa.float32(), 4), id="fixed-size list"),
        pytest.param(pa.list_(pa.float64(), 4), id="fixed-size list of double precision"),
    ],
)
def test_a_parquet_column_of_lists_is_stored_as_unit_vectors(
    clipsql: Clipsql, space: str, query: Query, tmp_path: Path, kind: pa.DataType
) -> None:
    given = (VECTORS * 3).astype(np.float16)
    table = pa.table({"url": URLS, "vector": lists(given, kind)})
    pq.write_table(table, tmp_path / "v.parquet", row_group_size=5)
    done = clipsql("ingest", tmp_path / "v.parquet", "--map", "embedding=Vector", "--model", space)
    assert done.exit_code == 0, done.output
    assert "12 added" in done.stdout
    rows = dict(query(EMBEDDINGS))
    found = np.array([json.loads(rows[url]) for url in URLS])
    unit = given.astype(np.float64) / np.linalg.norm(given.astype(np.float64), axis=1, keepdims=True)
    assert np.abs(found - unit).max() < 1e-3
    assert query("select distinct metadata from clipsql.image") == [({},)]


@pytest.mark.usefixtures("space")
def test_rows_with_a_wrong_vector_are_left_out_and_named_and_all_others_stored(
    clipsql: Clipsql, query: Query, tmp_path: Path
) -> None:
    vectors: list[Any] = [list(map(float, vector)) for vector in VECTORS]
    vectors[1] = [float("nan"), 0, 0, 1]
    vectors[3] = [0.0] * 4
    vectors[4] = [1.0, 2.0, 3.0]
    vectors[6] = None
    vectors[7] = [1.0, None, 0.0, 0.0]
    vectors[8] = []
    vectors[9] = [1e300, 0.0, 0.0, 0.0]
    urls: list[str | None] = [*URLS]
    urls[10] = None
    for kind in (pa.list_(pa.float64()), pa.large_list(pa.float64())):
        pq.write_table(pa.table({"url": urls, "v": pa.array(vectors, kind)}), tmp_path / "v.parquet")
        done = clipsql(
            "ingest",
            tmp_path / "v.parquet",
            "--map",
            "embedding=v",
            "--report",
            tmp_path / "report",
            "--json",
        )
        assert done.exit_code == 1
        told = json.loads(done.stdout)
        assert (told["unusable"], told["added"] + told["updated"] + told["unchanged"]) == (8, 4)
        report = {
            line["position"]: line["reason"].partition(": ")[2]
            for line in map(json.loads, (tmp_path / "report").read_text().splitlines())
        }
        ending = "; correct it or remove the row."
        assert {position: reason.removesuffix(ending) for position, reason in report.items()} == {
            "v.parquet row 2": "the embedding has numbers that are not finite",
            "v.parquet row 4": "the embedding points nowhere",
            "v.parquet row 5": "the embedding has 3 dimensions, but the model has 4",
            "v.parquet row 7": "the embedding is missing",
            "v.parquet row 8": "the embedding has numbers that are not finite",
            "v.parquet row 9": "the embedding has 0 dimensions, but the model has 4",
            "v.parquet row 10": "the embedding has numbers that are not finite",
            "v.parquet row 11": "",
        }
        stored = query(EMBEDDINGS)
        assert {url for url, _ in stored} == {URLS[number] for number in (0, 2, 5, 11)}
        for url, text in stored:
            assert np.allclose(json.loads(text), VECTORS[URLS.index(url)], atol=1e-3)


def test_nulls_of_a_fixed_size_column_shift_no_other_row(
    clipsql: Clipsql, space: str, query: Query, tmp_path: Path
) -> None:
    vectors = [None if number in (0, 5) else VECTORS[number] for number in range(12)]
    pq.write_table(
        pa.table({"url": URLS, "v": lists(vectors, pa.list_(pa.float32(), 4))}), tmp_path / "v.parquet"
    )
    done = clipsql("ingest", tmp_path / "v.parquet", "--map", "embedding=v", "--model", space)
    assert done.exit_code == 1
    assert "Left out: v.parquet row 6: the embedding is missing" in done.stderr
    stored = query(EMBEDDINGS)
    assert len(stored) == 10
    for url, text in stored:
        assert np.allclose(json.loads(text), VECTORS[URLS.index(url)], atol=1e-3)


def test_a_rerun_changes_nothing_and_a_changed_row_is_updated_alone(
    clipsql: Clipsql, space: str, query: Query, tmp_path: Path
) -> None:
    def write(**changed: Any) -> None:
        table: Table = {
            "url": URLS,
            "v": lists(VECTORS, pa.list_(pa.float32())),
            "caption": [f"picture {number}" for number in range(12)],
            "brand": ["a"] * 12,
        }
        pq.write_table(pa.table(table | changed), tmp_path / "v.parquet")

    command = ("ingest", tmp_path / "v.parquet", "--map", "embedding=v", "--model", space, "--json")
    write()
    assert json.loads(clipsql(*command).stdout)["added"] == 12
    first = query(STORED)
    again = json.loads(clipsql(*command).stdout)
    assert query(STORED) == first
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 12)
    turned = VECTORS.copy()
    turned[2] = VECTORS[3]
    changes: list[tuple[Table, int]] = [
        ({"v": lists(turned, pa.list_(pa.float32()))}, 1),
        ({"brand": ["a", "b", *["a"] * 10]}, 2),
        ({"caption": ["another", *[f"picture {number}" for number in range(1, 12)]]}, 2),
        ({}, 1),
        ({"date": ["2024-05-01", *[None] * 11]}, 1),
        ({"lon": [1.0, *[None] * 11], "lat": [1.0, *[None] * 11]}, 1),
        ({}, 0),  # what is not told stays
        ({"brand": [None] * 12}, 0),
    ]
    for changed, updated in changes:
        write(**changed)
        told = json.loads(clipsql(*command).stdout)
        assert (told["added"], told["updated"], told["unchanged"]) == (0, updated, 12 - updated), changed


@pytest.mark.usefixtures("space")
def test_a_row_tells_of_its_picture_what_it_tells_in_any_other_list(
    clipsql: Clipsql, query: Query, tmp_path: Path
) -> None:
    rows = [
        {
            "file": "a.png",
            "caption": ["red", "红色的卡车"],
            "date": "2024-05-01 12:00",
            "lon": 1.5,
            "lat": -2.5,
        },
        {
            "url": "https://pictures.example/b.jpg",
            "file": "b.jpg",
            "price": Decimal("12345678901234567890.1234567"),
        },
        {"url": "https://pictures.example/c.jpg", "caption": "one"},
        {"url": "https://pictures.example/c.jpg", "caption": "two"},
        {"url": "https://pictures.example/a.jpg", "lon": 200, "lat": 0},
    ]
    lines = [json.dumps(row | {"price": float(row["price"])} if "price" in row else row) for row in rows]
    lines[1] = lines[1].replace("1.2345678901234567e+19", "12345678901234567890.1234567")
    (tmp_path / "rows.jsonl").write_text("\n\n".join(lines))
    np.save(tmp_path / "rows.npy", VECTORS[[0, 1, 2, 2, 3]])
    (tmp_path / "a.png").write_bytes(b"")
    done = clipsql(
        "ingest",
        tmp_path / "rows.jsonl",
        "--embeddings",
        tmp_path / "rows.npy",
        "--timezone",
        "Europe/Berlin",
    )
    assert done.exit_code == 1, done.output
    assert "rows.jsonl line 9: " in done.stderr
    assert "3 added, 1 unusable; 4 captions added" in done.stdout
    stored = {
        url: row
        for url, *row in query(
            """
            select i.url, i.file, i.taken_at, i.longitude, i.latitude, i.metadata::text,
                   array(select c.body || ' ' || c.language from clipsql.caption as c
                         where c.image_id = i.image_id order by c.caption_id)
            from clipsql.image as i
            """
        )
    }
    a = (tmp_path / "a.png").resolve()
    noon = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
    assert stored[a.as_uri()] == [str(a), noon, 1.5, -2.5, "{}", ["red en", "红色的卡车 zh"]]
    b = stored["https://pictures.example/b.jpg"]
    assert (b[0], b[4]) == (str(tmp_path.resolve() / "b.jpg"), '{"price": 12345678901234567890.1234567}')
    assert stored["https://pictures.example/c.jpg"][5] == ["one en", "two en"]


def test_a_url_that_comes_twice_with_two_vectors_is_named_and_the_first_kept(
    clipsql: Clipsql, space: str, query: Query, tmp_path: Path
) -> None:
    np.savez(tmp_path / "v.npz", embedding=VECTORS[:2], url=np.array([URLS[0], URLS[0]]))
    done = clipsql("ingest", tmp_path / "v.npz", "--model", space)
    assert done.exit_code == 1
    assert f"v.npz row 2 repeats v.npz row 1: {URLS[0]}" in done.stderr
    ((stored,),) = query("select embedding::text from clipsql.image_embedding")
    assert np.allclose(json.loads(stored), VECTORS[0], atol=1e-3)


def laion(folder: Path, sizes: Sequence[int], *, number: Callable[[int], str] = str) -> NDArray[np.float32]:
    """The layout of clip-retrieval: parts of rows and of vectors side by side."""
    vectors = unit_vectors(np.random.default_rng(3), sum(sizes), 4).astype(np.float32)
    (folder / "img_emb").mkdir(parents=True)
    (folder / "metadata").mkdir()
    first = 0
    for part, size in enumerate(sizes):
        np.save(folder / "img_emb" / f"img_emb_{part}.npy", vectors[first : first + size].astype(np.float16))
        rows = [
            {"image_path": f"{row:09d}", "caption": f"n{row}", "url": f"https://p.example/{row}"}
            for row in range(first, first + size)
        ]
        pq.write_table(pa.Table.from_pylist(rows), folder / "metadata" / f"metadata_{number(part)}.parquet")
        first += size
    return vectors


def test_parts_of_rows_go_with_parts_of_vectors_in_order(
    clipsql: Clipsql, space: str, query: Query, tmp_path: Path
) -> None:
    vectors = laion(tmp_path, [3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2])
    command = ("ingest", tmp_path / "metadata", "--embeddings", tmp_path / "img_emb", "--model", space)
    done = clipsql(*command)
    assert done.exit_code == 0, done.output
    for url, text in query(EMBEDDINGS):
        assert np.allclose(json.loads(text), vectors[int(url.rpartition("/")[2])], atol=1e-3)
    assert query("select count(*) from clipsql.image_embedding") == [(24,)]


def test_parts_that_do_not_belong_together_are_refused_before_anything_is_stored(
    clipsql: Clipsql, space: str, query: Query, tmp_path: Path
) -> None:
    laion(tmp_path / "a", [1] * 11, number="{:03d}".format)
    done = clipsql(
        "ingest", tmp_path / "a/metadata", "--embeddings", tmp_path / "a/img_emb", "--model", space
    )
    assert (done.exit_code, "img_emb_10.npy would be that of metadata_002.parquet" in done.stderr) == (
        1,
        True,
    )
    laion(tmp_path / "b", [2, 3])
    np.save(tmp_path / "b/img_emb/img_emb_1.npy", VECTORS[:2])
    done = clipsql("ingest", tmp_path / "b/metadata", "--embeddings", tmp_path / "b/img_emb")
    assert (
        done.exit_code,
        "metadata_1.parquet has 3 rows, but img_emb_1.npy has 2 vectors" in done.stderr,
    ) == (1, True)
    one = clipsql(
        "ingest", tmp_path / "b/metadata/metadata_0.parquet", "--embeddings", tmp_path / "b/img_emb"
    )
    assert "metadata_0.parquet has 2 rows, but img_emb_0.npy to img_emb_1.npy has 4 vectors" in one.stderr
    assert query("select count(*) from clipsql.image") == [(0,)]


def test_arrays_of_an_npz_are_columns(clipsql: Clipsql, space: str, query: Query, tmp_path: Path) -> None:
    days = np.array(["2024-05-01T10:00", "NaT", "2024-05-03"], dtype="datetime64[ns]")
    np.savez_compressed(
        tmp_path / "v.npz",
        vectors=VECTORS[:3] * 7,
        url=np.array(["x:1", "x:2", "x:ü"]).astype("U"),
        caption=np.array(["one", "two", "three"]).astype("S"),
        taken_at=days,
        longitude=np.array([1, np.nan, 3]),
        latitude=np.array([1, np.nan, 3]),
        tags=np.array([[1, 2], [3, 4], [5, 6]]),
    )
    done = clipsql("ingest", tmp_path / "v.npz", "--map", "embedding=vectors", "--model", space)
    assert done.exit_code == 0, done.output
    assert query("select url, taken_at, longitude, metadata from clipsql.image order by url") == [
        ("x:1", dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC), 1.0, {"tags": [1, 2]}),
        ("x:2", None, None, {"tags": [3, 4]}),
        ("x:ü", dt.datetime(2024, 5, 3, tzinfo=dt.UTC), 3.0, {"tags": [5, 6]}),
    ]
    assert query("select body from clipsql.caption order by caption_id") == [("one",), ("two",), ("three",)]


def _bad_sources(folder: Path) -> None:
    np.save(folder / "three.npy", VECTORS[:3])
    np.save(folder / "flat.npy", VECTORS[0])
    np.save(folder / "text.npy", np.array([["a"]] * 3))
    np.save(folder / "wide.npy", np.ones((3, 5)))
    (folder / "cut.npy").write_bytes((folder / "three.npy").read_bytes()[:-5])
    (folder / "cut.npz").write_bytes(b"PK\3\4 and no more")
    (folder / "list.csv").write_text("url\nx:1\nx:2\nx:3\n")
    np.savez(folder / "other.npz", url=np.array(["x:1"]), vector=VECTORS[:1])
    np.savez(folder / "uneven.npz", url=np.array(["x:1"]), embedding=VECTORS[:2])
    np.savez(folder / "objects.npz", url=np.array(["x:1", None]), embedding=VECTORS[:2])
    pq.write_table(pa.table({"url": ["x:1"], "v": ["text"], "w": [[[1.0]]]}), folder / "text.parquet")
    pq.write_table(pa.table({"url": ["x:1", "x:2"], "v": [[1.0, 2.0, 3.0]] * 2}), folder / "short.parquet")
    (folder / "empty").mkdir()


@pytest.mark.usefixtures("space")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param("list.csv --embeddings no.npy", 'There is no .npy file at "', id="no such file"),
        pytest.param("list.csv --embeddings empty", 'There is no .npy file at "', id="an empty folder"),
        pytest.param("list.csv --embeddings flat.npy", "flat.npy holds float32 of shape (4,)", id="one vector"),
        pytest.param("list.csv --embeddings text.npy", "text.npy holds <U1 of shape (3, 1)", id="texts"),
        pytest.param("list.csv --embeddings cut.npy", "cut.npy is no readable .npy file", id="cut short"),
        pytest.param(
            "list.csv --embeddings wide.npy",
            "wide.npy has vectors of 5 dimensions, but the model has 4; name another by --model.",
            id="another model's",
        ),
        pytest.param("no.parquet --map embedding=v", '"no.parquet" does not exist', id="no list"),
        pytest.param("no.npz", '"no.npz" does not exist', id="no arrays"),
        pytest.param("three.npy", "three.npy holds vectors alone; name the list", id="vectors alone"),
        pytest.param("other.npz", 'other.npz has no array "embedding", it has "url", "vector"', id="no array"),
        pytest.param("uneven.npz", 'array "url" has the shape (1,), "embedding" (2, 4)', id="uneven arrays"),
        pytest.param("objects.npz", "write texts as arrays of strings", id="Python objects"),
        pytest.param("cut.npz", "cut.npz is no readable .npz file", id="no archive"),
        pytest.param("other.npz --embeddings three.npy", "leave one out", id="both"),
        pytest.param("list.csv --map embedding=v", "read from Parquet alone", id="column of CSV"),
        pytest.param("empty --embeddings three.npy", "a list in a file, or in parts", id="a folder"),
        pytest.param("text.parquet --map embedding=v", 'column "v" holds string', id="column of texts"),
        pytest.param("text.parquet --map embedding=w", "vectors are lists of numbers", id="lists of lists"),
        pytest.param("text.parquet --map embedding=x", 'text.parquet has no column "x"', id="no column"),
        pytest.param("short.parquet --map embedding=v", "has 3 dimensions, but the model has 4", id="too short"),
        pytest.param("list.csv --embeddings three.npy --model none", 'none', id="no such model"),
        pytest.param("list.csv --embeddings three.npy --thumbnails", "--thumbnails is about", id="thumbnails"),
        pytest.param("list.csv --embeddings three.npy --prune", "--prune is about", id="prune"),
        pytest.param("--query select --embeddings three.npy", "rows of a SOURCE", id="query"),
    ],
)  # fmt: skip
def test_what_cannot_be_stored_is_told_in_a_line_and_nothing_is_stored(
    clipsql: Clipsql, query: Query, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    arguments: str, said: str,
) -> None:  # fmt: skip
    _bad_sources(tmp_path)
    monkeypatch.chdir(tmp_path)
    done = clipsql("ingest", *arguments.split())
    assert done.exit_code in (1, 2)
    assert said in done.stderr
    assert "Left out" not in done.stderr
    assert "Traceback" not in done.output
    assert query("select count(*) from clipsql.image") == [(0,)]


@pytest.mark.usefixtures("space")
def test_a_row_that_postgresql_refuses_keeps_no_other_out(
    clipsql: Clipsql, query: Query, tmp_path: Path
) -> None:
    many_words = " ".join(f"word{number:06d}" for number in range(100_000))
    rows = [{"url": url, "caption": many_words if url == URLS[4] else "a car"} for url in URLS]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    np.save(tmp_path / "rows.npy", VECTORS)
    for done in ("11 added, 1 unusable; 11 captions added", "11 unchanged, 1 unusable; 0 captions added"):
        result = clipsql("ingest", tmp_path / "rows.jsonl", "--embeddings", tmp_path / "rows.npy")
        assert result.exit_code == 1
        assert done in result.stdout
        assert (
            "rows.jsonl line 5: PostgreSQL refuses the row (string is too long for tsvector" in result.stderr
        )
        for url, text in query(EMBEDDINGS):
            assert np.allclose(json.loads(text), VECTORS[URLS.index(url)], atol=1e-3)


def test_rows_are_stored_batch_by_batch_as_if_there_were_one(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Searcher(engine).add_model("space", dimensions=4)
    monkeypatch.setattr(vectors, "PUT_BATCH", 4)
    urls = [*URLS[:4], URLS[3], *URLS[4:9], URLS[0], URLS[8]]
    places = [*range(4), 3, *range(4, 9), 0, 9]
    captions = [f"c{number}" for number in range(12)]
    np.savez(tmp_path / "v.npz", url=urls, caption=captions, embedding=VECTORS[places])
    told: list[int] = []
    report = vectors.ingest_vectors(
        engine, model, open_vectors(tmp_path / "v.npz"), collection="c", on_stored=told.append
    )
    assert told == [0, 4, 10, 11]
    assert (report.outcomes[Outcome.ADDED], report.outcomes[Outcome.DUPLICATE], report.captions) == (9, 2, 10)
    assert [problem.position for problem in report.problems] == ["v.npz row 11", "v.npz row 12"]


def test_the_life_of_a_thousand_vectors_on_the_command_line_alone(clipsql: Clipsql, tmp_path: Path) -> None:
    dimensions = 64
    vectors = unit_vectors(np.random.default_rng(1), 1_000, dimensions).astype(np.float32)
    prices = np.arange(1_000) % 10
    table = pa.table(
        {
            "url": [f"https://shop.example/{number}.jpg" for number in range(1_000)],
            "emb": lists(vectors, pa.list_(pa.float32(), dimensions)),
            "price": prices,
        }
    )
    pq.write_table(table, tmp_path / "shop.parquet")
    assert clipsql("model", "add", "theirs", "--dimensions", dimensions).exit_code == 0
    done = clipsql(
        "ingest",
        tmp_path / "shop.parquet",
        "--map",
        "embedding=emb",
        "--model",
        "theirs",
        "--collection",
        "shop",
    )
    assert (done.exit_code, "1,000 added" in done.stdout) == (0, True), done.output
    assert "Building an HNSW index over 1,000 vectors." in done.stderr
    stats = json.loads(clipsql("stats", "--json").stdout.splitlines()[0])
    assert stats["images"] == 1_000
    stored = vectors.astype(np.float16).astype(np.float64)
    for number in (3, 500):
        near = vectors[number] + 0.3 * vectors[number + 1]
        np.save(tmp_path / "query.npy", near)
        at_price = (
            "--having-metadata",
            json.dumps({"price": int(prices[number])}),
            "--json",
            "--max-results",
            "20",
        )
        found = clipsql("search", "vector", tmp_path / "query.npy", "--model", "theirs", *at_price)
        assert found.exit_code == 0, found.output
        lines = [json.loads(line) for line in found.stdout.splitlines()]
        ids = [line["url"] for line in lines]
        assert lines[0]["percentile"] > 90
        similarities = stored @ near
        similarities[prices != prices[number]] = -1
        assert ids == [f"https://shop.example/{place}.jpg" for place in np.argsort(-similarities)[:20]]
        np.save(tmp_path / "batch.npy", near[np.newaxis].astype(">f8"))
        by_batch = clipsql("search", "vector", tmp_path / "batch.npy", "--model", "theirs", *at_price)
        assert by_batch.stdout == found.stdout
        told = json.dumps(near.tolist())
        assert clipsql("search", "vector", told, "--model", "theirs", *at_price).stdout == found.stdout
        by_stdin = clipsql("search", "vector", "-", "--model", "theirs", *at_price, input=told)
        assert by_stdin.stdout == found.stdout
    removed = clipsql(
        "remove", "--having-metadata", '{"price": 3}', "--in-collection", "shop", "--yes", "--json"
    )
    assert json.loads(removed.stdout) == {"pictures": 100, "removed": 100}
    assert json.loads(clipsql("stats", "--json").stdout.splitlines()[0])["images"] == 900
    assert clipsql("model", "remove", "theirs", "--yes").exit_code == 0
    assert clipsql("model", "list", "--json").stdout == ""


@pytest.mark.parametrize(
    ("told", "said"),
    [
        pytest.param("[1, 2, 3]", "3", id="another length"),
        pytest.param("[0, 0, 0, 0]", "", id="nowhere"),
        pytest.param("[1, 2", "The vector holds no vector, in JSON or .npy (", id="no JSON"),
        pytest.param('["a"]', "The vector holds <U1 of shape (1,), not one list of numbers.", id="texts"),
        pytest.param("[[1, 2], [3, 4]]", "of shape (2, 2), not one list", id="several"),
        pytest.param("none.npy", '"none.npy" is neither a file nor a vector', id="no file"),
    ],
)
def test_what_is_no_vector_is_told_in_a_line(clipsql: Clipsql, space: str, told: str, said: str) -> None:
    found = clipsql("search", "vector", told, "--model", space)
    assert found.exit_code == 1
    assert said in found.stderr
    assert len(found.stderr.splitlines()) == 1
