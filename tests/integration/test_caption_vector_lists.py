"""`clipsql ingest` of captions whose vectors were made elsewhere, beside those of their pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from integration.filling import unit_vectors

Clipsql = Callable[..., Result]
Query = Callable[[str], list[tuple[Any, ...]]]

RANDOM = np.random.default_rng(15)
PICTURES, TEXTS = unit_vectors(RANDOM, 7, 4).astype(np.float32), unit_vectors(RANDOM, 7, 4).astype(np.float32)
URLS = [f"https://pictures.example/{number}.jpg" for number in range(7)]
CAPTIONS = [f"caption {number}" for number in range(7)]
STORED = """
    select c.body, e.embedding::text, c.caption_id, e.xmin::text
    from clipsql.caption as c left join clipsql.caption_embedding as e using (caption_id) order by c.body
"""


@pytest.fixture(autouse=True)
def space(clipsql: Clipsql) -> None:
    assert clipsql("model", "add", "space", "--dimensions", 4).exit_code == 0


@pytest.fixture
def query(database_url: str) -> Query:
    def ask(statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
            return connection.execute(statement.encode()).fetchall()

    return ask


def lists(vectors: Any) -> pa.Array:
    rows = [None if vector is None else np.asarray(vector, dtype=np.float32).tolist() for vector in vectors]
    return pa.array(rows, pa.list_(pa.float32()))


def vectors_of(rows: list[tuple[Any, ...]]) -> dict[str, np.ndarray | None]:
    return {body: None if found is None else np.array(json.loads(found)) for body, found, *_ in rows}


def in_parquet(folder: Path) -> list[str]:
    table = {"url": URLS, "caption": CAPTIONS, "picture": lists(PICTURES), "words": lists(3 * TEXTS)}
    pq.write_table(pa.table(table), folder / "list.parquet", row_group_size=2)
    return ["list.parquet", "--map", "embedding=picture", "--map", "caption_embedding=words"]


def beside_json_lines(folder: Path) -> list[str]:
    rows = [{"url": url, "caption": caption} for url, caption in zip(URLS, CAPTIONS, strict=True)]
    (folder / "list.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    np.save(folder / "pictures.npy", PICTURES)
    np.save(folder / "texts.npy", TEXTS.astype(np.float16))
    return ["list.jsonl", "--embeddings", "pictures.npy", "--caption-embeddings", "texts.npy"]


def in_parts(folder: Path) -> list[str]:
    """As clip-retrieval writes them."""
    for name in ("metadata", "img_emb", "text_emb"):
        (folder / name).mkdir()
    for part, rows in enumerate((slice(0, 3), slice(3, 7))):
        table = pa.table({"url": URLS[rows], "caption": CAPTIONS[rows]})
        pq.write_table(table, folder / "metadata" / f"metadata_{part}.parquet")
        np.save(folder / "img_emb" / f"img_emb_{part}.npy", PICTURES[rows])
        np.save(folder / "text_emb" / f"text_emb_{part}.npy", TEXTS[rows])
    return ["metadata", "--embeddings", "img_emb", "--caption-embeddings", "text_emb"]


def in_npz(folder: Path) -> list[str]:
    np.savez(folder / "all.npz", url=URLS, caption=CAPTIONS, embedding=PICTURES, caption_embedding=TEXTS)
    return ["all.npz"]


def in_npz_by_other_names(folder: Path) -> list[str]:
    np.savez(folder / "all.npz", url=URLS, caption=CAPTIONS, image=PICTURES, words=TEXTS)
    return ["all.npz", "--map", "embedding=image", "--map", "caption_embedding=words"]


def in_both(folder: Path) -> list[str]:
    """Pictures' vectors in parts, captions' in one file with other steps."""
    in_parts(folder)
    np.save(folder / "texts.npy", TEXTS)
    return ["metadata", "--embeddings", "img_emb", "--caption-embeddings", "texts.npy"]


def in_column_and_file(folder: Path) -> list[str]:
    table = {"url": URLS, "caption": CAPTIONS, "words": lists(TEXTS)}
    pq.write_table(pa.table(table), folder / "list.parquet")
    np.save(folder / "pictures.npy", PICTURES)
    return ["list.parquet", "--embeddings", "pictures.npy", "--map", "caption_embedding=WORDS"]


WAYS = [in_parquet, beside_json_lines, in_parts, in_npz, in_npz_by_other_names, in_both, in_column_and_file]


@pytest.mark.parametrize("way", WAYS)
def test_captions_get_their_own_vectors_once(
    clipsql: Clipsql,
    query: Query,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: Callable[[Path], list[str]],
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = way(tmp_path)
    done = clipsql("ingest", *arguments, "--collection", "c")
    assert done.exit_code == 0, done.output
    assert "7 added; 7 captions added" in done.output
    stored = query(STORED)
    found = vectors_of(stored)
    for caption, right in zip(CAPTIONS, TEXTS, strict=True):
        assert np.allclose(found[caption], right, atol=2e-3)
    of_pictures = dict(
        query("select url, embedding::text from clipsql.image_embedding join clipsql.image using (image_id)")
    )
    assert np.allclose([json.loads(of_pictures[url]) for url in URLS], PICTURES, atol=2e-3)
    assert query("select distinct metadata from clipsql.image") == [({},)]
    again = clipsql("ingest", *arguments, "--collection", "c")
    assert "7 unchanged; 0 captions added" in again.output
    assert query(STORED) == stored


def test_a_caption_is_found_by_its_vector(clipsql: Clipsql, query: Query, tmp_path: Path) -> None:
    in_npz(tmp_path)
    assert clipsql("ingest", tmp_path / "all.npz").exit_code == 0
    numbers = ",".join(map(str, TEXTS[4]))
    assert query(f"select caption from clipsql.search_captions('[{numbers}]', 1)") == [("caption 4",)]


def test_a_changed_vector_of_a_caption_is_updated_alone(
    clipsql: Clipsql, query: Query, tmp_path: Path
) -> None:
    in_npz(tmp_path)
    assert clipsql("ingest", tmp_path / "all.npz").exit_code == 0
    before = query(STORED)
    np.savez(tmp_path / "all.npz", url=URLS, caption=CAPTIONS, embedding=PICTURES,
             caption_embedding=[*TEXTS[:6], PICTURES[0]])  # fmt: skip
    assert "1 updated, 6 unchanged; 0 captions added" in clipsql("ingest", tmp_path / "all.npz").output
    after = query(STORED)
    assert after[:6] == before[:6]
    assert np.allclose(vectors_of(after)["caption 6"], PICTURES[0], atol=2e-3)  # type: ignore[arg-type]


def test_a_row_with_a_wrong_vector_for_its_caption_is_left_out_and_named(
    clipsql: Clipsql, query: Query, tmp_path: Path
) -> None:
    texts = [TEXTS[0], None, [0, 0, 0, 0], [1, 2, 3], [1, np.nan, 0, 0], [0, 0, 0, 0], TEXTS[6]]
    captions = [["one"], ["no vector"], ["zero"], ["short"], ["nan"], [], ["two", "of them"]]
    table = {"url": URLS, "captions": captions, "picture": lists(PICTURES), "words": lists(texts)}
    pq.write_table(pa.table(table), tmp_path / "list.parquet")
    done = clipsql(
        "ingest", tmp_path / "list.parquet", "--map", "embedding=picture", "--map", "caption_embedding=words",
        "--report", tmp_path / "report.jsonl",
    )  # fmt: skip
    assert done.exit_code == 1
    told = {
        row["url"]: row["reason"]
        for row in map(json.loads, (tmp_path / "report.jsonl").read_text().splitlines())
    }
    assert {url: error.partition(": ")[2] for url, error in told.items()} == {
        URLS[2]: "the caption embedding points nowhere; correct it or remove the row.",
        URLS[3]: "the caption embedding has 3 dimensions, but the model has 4; correct it or remove the row.",
        URLS[4]: "the caption embedding has numbers that are not finite; correct it or remove the row.",
        URLS[6]: "there are 2 captions, but one caption embedding for them; correct it or remove the row.",
    }
    found = vectors_of(query(STORED))
    assert np.allclose(found.pop("one"), TEXTS[0], atol=2e-3)  # type: ignore[arg-type]
    assert found == {"no vector": None}
    assert query("select url from clipsql.image order by url") == [(URLS[0],), (URLS[1],), (URLS[5],)]


def test_rows_about_one_picture_keep_the_vector_of_each_caption(
    clipsql: Clipsql, query: Query, tmp_path: Path
) -> None:
    np.savez(
        tmp_path / "all.npz",
        url=[URLS[0]] * 3 + [URLS[1]],
        caption=["one", "two", "one", "three"],
        embedding=PICTURES[[0, 0, 0, 1]],
        caption_embedding=TEXTS[:4],
    )
    done = clipsql("ingest", tmp_path / "all.npz")
    assert "2 added; 3 captions added" in done.output, done.output
    found = vectors_of(query(STORED))
    for caption, right in (("one", TEXTS[0]), ("two", TEXTS[1]), ("three", TEXTS[3])):
        assert np.allclose(found[caption], right, atol=2e-3)  # type: ignore[arg-type]


def test_a_model_of_other_dimensions_is_told_before_anything_is_stored(
    clipsql: Clipsql, query: Query, tmp_path: Path
) -> None:
    table = {"url": URLS, "caption": CAPTIONS, "picture": lists(PICTURES), "words": lists(TEXTS[:, :3])}
    pq.write_table(pa.table(table), tmp_path / "list.parquet")
    maps = ("--map", "embedding=picture", "--map", "caption_embedding=words")
    done = clipsql("ingest", tmp_path / "list.parquet", *maps)
    assert done.exit_code == 1
    assert done.stderr.startswith(
        "Error: list.parquet row 1: the caption embedding has 3 dimensions, but the model"
    )
    assert query("select from clipsql.image") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list.jsonl", "--caption-embeddings", "texts.npy"], "go with those of their pictures; name these, too"),
        (["list.jsonl", "--map", "caption_embedding=x"], "go with those of their pictures; name these, too"),
        (["--query", "select 1", "--caption-embeddings", "texts.npy"], "--caption-embeddings go with the rows"),
        (["list.jsonl", "--embeddings", "pictures.npy", "--map", "caption_embedding=x"], "from Parquet alone"),
        (["list.jsonl", "--embeddings", "pictures.npy", "--caption-embeddings", "gone.npy"], "There is no .npy file"),
        (["list.jsonl", "--embeddings", "pictures.npy", "--caption-embeddings", "few.npy"], "few.npy has 3 vectors"),
        (
            ["list.jsonl", "--embeddings", "pictures.npy", "--caption-embeddings", "texts.npy", "--map", "caption="],
            "has no columns of captions",
        ),
        (
            ["list.jsonl", "--embeddings", "pictures.npy", "--caption-embeddings", "texts.npy",
             "--map", "caption=caption,url"],
            "has 2 columns of captions, but a vector for one caption a row",
        ),
        (["all.npz", "--caption-embeddings", "texts.npy"], "or by --caption-embeddings, not from both"),
        (["all.npz", "--map", "caption_embedding=none"], 'has no array "none"'),
        (["all.npz", "--map", "caption_embedding=flat"], 'array "flat", holds float32 of shape (7,)'),
        (
            ["list.parquet", "--map", "embedding=picture", "--map", "caption_embedding=words",
             "--caption-embeddings", "texts.npy"],
            "not from both",
        ),
        (["list.parquet", "--map", "embedding=picture", "--map", "caption_embedding=caption"], "holds string"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_told_in_a_line_and_nothing_is_stored(
    clipsql: Clipsql,
    query: Query,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    beside_json_lines(tmp_path)
    in_parquet(tmp_path)
    np.save("few.npy", TEXTS[:3])
    np.savez("all.npz", url=URLS, caption=CAPTIONS, embedding=PICTURES, flat=TEXTS[:, 0])
    done = clipsql("ingest", *arguments)
    assert done.exit_code in (1, 2)
    assert said in done.stderr.strip().splitlines()[-1]
    assert query("select from clipsql.image") == []
