"""Copies are found by evidence, each beside the picture that is kept."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from integration.filling import new_model, picture
from sqlalchemy.engine import Engine

from clipsql.db.duplicates import FoundPicture
from clipsql.db.models import ModelRow
from clipsql.db.pictures.writing import write_pictures
from clipsql.db.statements import autocommit_connection
from clipsql.demo.scenes import draw_scene, random_scene
from clipsql.duplicates.finding import Copy, DuplicateGroup, find_duplicates, large_groups
from clipsql.duplicates.page import MOST_PAIRS

Command = Callable[..., Result]


def plain(level: int) -> bytes:
    """The fingerprint of a plain grey picture: two of these differ by the difference of their levels."""
    return bytes([level]) * 42**2 + bytes([128]) * 200


def add(
    engine: Engine,
    model: ModelRow,
    levels: Sequence[int | None],
    *,
    contents: Sequence[str] | None = None,
    sides: Sequence[int | None] | None = None,
    vectors: Sequence[Sequence[float]] | None = None,
    collection: str = "c",
) -> None:
    """Pictures of these grey levels, each of a content of its own unless told otherwise; ids count from 1."""
    writes = []
    for number, level in enumerate(levels):
        content = contents[number] if contents else f"{collection} {number}"
        side = sides[number] if sides else 100
        written = picture(
            f"https://a.example/{collection}/{number}", vectors[number] if vectors else [1, 0, 0]
        )
        record = replace(
            written.picture, sha256=hashlib.sha256(content.encode()).digest(), width=side, height=side
        )
        writes.append(replace(written, picture=record, fingerprint=None if level is None else plain(level)))
    with autocommit_connection(engine) as connection:
        write_pictures(connection, writes, collection=collection, model=model)


@pytest.fixture
def model(engine: Engine) -> ModelRow:
    return new_model(engine, dimensions=3)


def found(engine: Engine, model: ModelRow, **options: object) -> list[tuple[int, list[int]]]:
    groups = find_duplicates(engine, model, **options)  # type: ignore[arg-type]
    return [(group.kept.image_id, [copy.picture.image_id for copy in group.copies]) for group in groups]


@pytest.mark.parametrize(
    ("levels", "sides", "expected"),
    [
        pytest.param([100, 102, 104], None, [(1, [2])], id="the copy of a copy is none"),
        pytest.param([100, 102, 104], [10, 20, 10], [(2, [1, 3])], id="the largest is kept"),
        pytest.param([100, 102, 104], [10, 10, None], [(1, [2])], id="of unknown size is not the largest"),
        pytest.param(list(range(100, 112, 2)), None, [(1, [2]), (3, [4]), (5, [6])], id="a long chain"),
        pytest.param([100, 103], None, [], id="beyond the limit"),
        pytest.param([100, None], None, [], id="no pixels, no evidence"),
    ],
)
def test_every_copy_is_within_the_limits_of_the_picture_that_is_kept(
    engine: Engine,
    model: ModelRow,
    levels: list[int | None],
    sides: list[int | None] | None,
    expected: list[tuple[int, list[int]]],
) -> None:
    add(engine, model, levels, sides=sides)
    assert found(engine, model) == expected
    assert found(engine, model) == expected


def test_limits_can_be_set(engine: Engine, model: ModelRow) -> None:
    add(engine, model, [100, 103, 100], vectors=[[1, 0, 0], [1, 0, 0], [0.6, 0.8, 0]])
    assert found(engine, model) == [(1, [3])]
    assert found(engine, model, max_difference=3) == [(1, [2, 3])]
    assert found(engine, model, min_similarity=0.61) == []
    (group,) = find_duplicates(engine, model)
    assert group.copies[0].similarity == pytest.approx(0.6, abs=0.01)
    assert (group.copies[0].difference, group.copies[0].same_bytes) == (0, False)


def test_the_same_bytes_are_copies_without_any_other_evidence(engine: Engine, model: ModelRow) -> None:
    add(engine, model, [None, 9, 200], contents=["a", "b", "a"], vectors=[[1, 0, 0], [1, 0, 0], [-1, 0, 0]])
    (group,) = find_duplicates(engine, model)
    assert (group.kept.image_id, group.kept.url) == (1, "https://a.example/c/0")
    (copy,) = group.copies
    assert (copy.picture.image_id, copy.similarity, copy.difference, copy.same_bytes) == (3, 1, 0, True)


def test_many_of_the_same_bytes_do_not_hide_the_copy_beside_them(engine: Engine, model: ModelRow) -> None:
    add(
        engine,
        model,
        [100] * 60 + [101],
        contents=["placeholder"] * 60 + ["another"],
        sides=[10] * 60 + [20],
        vectors=[[1, 0, 0]] * 60 + [[0.9, 0.436, 0]],
    )
    (group,) = find_duplicates(engine, model)
    assert group.kept.image_id == 61
    assert [copy.picture.image_id for copy in group.copies] == list(range(1, 61))
    assert {(copy.difference, copy.same_bytes) for copy in group.copies} == {(1, False)}


def test_a_pair_is_found_from_either_side_past_the_same_bytes(engine: Engine, model: ModelRow) -> None:
    crowd = [None] * 25  # nearer to the one side than its copy is, and without pixels
    vectors = [*[[1, 0, 0]] * 30, [0.9, 0.436, 0], *[[0.8, 0.6, 0]] * 25]
    add(
        engine, model, [100] * 30 + [101, *crowd], contents=[*"a" * 30, *map(str, range(26))], vectors=vectors
    )
    assert found(engine, model) == [(1, list(range(2, 32)))]
    vectors = [[0, 0, 1], [1, 0, 0], [1, 0, 0], *[[0, 0, 1]] * 25]
    levels = [100, 100, 101, *crowd]
    add(engine, model, levels, contents=[*"bb", *map(chr, range(99, 125))], vectors=vectors, collection="d")
    assert found(engine, model, collection="d") == [(57, [58, 59])]


def test_copies_are_looked_for_in_a_collection_or_across_all(engine: Engine, model: ModelRow) -> None:
    add(engine, model, [100, 50], contents=["a", "b"])
    add(engine, model, [101, 50, 51], contents=["c", "b", "d"], collection="d")
    assert found(engine, model) == [(2, [4, 5]), (1, [3])]
    assert found(engine, model, collection="d") == [(4, [5])]
    assert found(engine, model, collection="c") == []


def test_batches_of_pictures_go_on_where_the_last_one_ended(engine: Engine, model: ModelRow) -> None:
    levels = [*([None] * 230), 100, 101]
    add(engine, model, levels)
    seen: list[None] = []
    assert (
        found(engine, model, on_batch=lambda: seen.append(None)) == []
    )  # twenty neighbours without pixels are nearer
    with engine.begin() as connection:
        connection.execute(sa.text("delete from clipsql.image where image_id between 2 and 215"))
    assert found(engine, model) == [(231, [232])]
    assert len(seen) == 2


def test_a_group_that_takes_much_of_a_collection_is_named() -> None:
    def group(count: int, collection: str = "c") -> DuplicateGroup:
        pictures = [
            FoundPicture(image_id=number, collection=collection, url="", file=None, width=1, height=1)
            for number in range(count)
        ]
        copies = [Copy(picture=one, similarity=1, difference=0, same_bytes=True) for one in pictures[1:]]
        return DuplicateGroup(kept=pictures[0], copies=tuple(copies))

    assert [(large.count, large.size) for large in large_groups([group(20)], {"c": 200})] == [(20, 200)]
    assert large_groups([group(20)], {"c": 201}) == []
    assert large_groups([group(19)], {"c": 20}) == []
    assert [large.collection for large in large_groups([group(30, "d")], {"c": 9999, "d": 100})] == ["d"]


def ok(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Frames of a fixed camera, one of them saved again, smaller; and one twice."""
    folder = tmp_path / "frames"
    folder.mkdir()
    scenes = [
        replace(random_scene(7), seed=seed, vehicles=random_scene(seed).vehicles) for seed in range(7, 13)
    ]
    for number, scene in enumerate(scenes):
        draw_scene(scene).save(folder / f"{number}.jpg", quality=90)
    draw_scene(scenes[2]).reduce(2).save(folder / "small.png")
    (folder / "twice.jpg").write_bytes((folder / "3.jpg").read_bytes())
    return folder


def test_a_dry_run_shows_pairs_and_changes_nothing(
    clipsql: Command, frames: Path, model_folder: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok(clipsql("ingest", frames, "--model", model_folder))
    monkeypatch.chdir(frames.parent)
    shown = ok(clipsql("dedup", "--dry-run", "--mark", "--json"))
    pairs = [json.loads(line) for line in shown.stdout.splitlines()]
    names = [(Path(pair["kept"]["url"]).name, Path(pair["copy"]["picture"]["url"]).name) for pair in pairs]
    assert sorted(names) == [("2.jpg", "small.png"), ("3.jpg", "twice.jpg")]
    assert "2 copies would be marked" in shown.stderr
    with engine.connect() as connection:
        marked = connection.execute(sa.text("select count(*) from clipsql.image where metadata <> '{}'"))
        assert marked.scalar_one() == 0
    page = Path("duplicates.html").read_text("utf-8")
    assert page.count('src="data:image/jpeg;base64,') == 4
    assert re.findall(r'src="(?!data:)', page) == []
    assert page.index("small.png") < page.index("twice.jpg")  # the most different first
    assert page.count("<b>same bytes</b>") == 1
    assert re.findall(r"<b>difference (\d\.\d\d)</b>", page) == [f"{pairs[0]['copy']['difference']:.2f}"]
    assert page.index("kept ·") < page.index("copy ·")
    assert "not on this machine" not in page


def test_the_page_fetches_nothing_and_shows_what_the_database_knows(
    clipsql: Command, engine: Engine, model: ModelRow, tmp_path: Path
) -> None:
    add(engine, model, [100, 101, None, None], contents=["a", "b", "c", "c"], sides=[300, 200, None, None])
    assert "Wrote" in ok(clipsql("dedup", "--html", tmp_path / "pairs.html")).stderr
    page = (tmp_path / "pairs.html").read_text("utf-8")
    assert page.count('src="data:image/jpeg;base64,') == 2
    assert page.count("this is all that the database knows of it") == 2
    assert page.count("picture not on this machine") == 2
    assert re.findall(r'src="(?!data:)', page) == []
    assert 'href="https://a.example/c/0"' in page
    assert re.search(r"<(script|link|iframe|object)\b|@import|url\(", page) is None
    with engine.begin() as connection:
        connection.execute(
            sa.text("insert into clipsql_private.thumbnail values (1, :jpeg, 1, 1)"), {"jpeg": b"small"}
        )
    ok(clipsql("dedup", "--html", tmp_path / "pairs.html"))
    assert (tmp_path / "pairs.html").read_text("utf-8").count("data:image/jpeg;base64,c21hbGw=") == 1
    refused = clipsql("dedup", "--html", tmp_path / "none" / "pairs.html")
    assert refused.exit_code == 1
    assert "cannot be written" in refused.output


def test_large_groups_are_warned_of_and_a_page_has_an_end(
    clipsql: Command, engine: Engine, model: ModelRow, tmp_path: Path
) -> None:
    add(engine, model, [100] * (MOST_PAIRS + 2) + [102], contents=["a"] * (MOST_PAIRS + 2) + ["b"])
    done = ok(clipsql("dedup", "--html", tmp_path / "pairs.html"))
    told = "Image 1 and its copies are 503 of the 503 pictures of collection c"
    assert told in done.stderr
    page = (tmp_path / "pairs.html").read_text("utf-8")
    assert told in page
    assert page.count("<li>") == MOST_PAIRS
    assert "2 pairs that differ less are not shown" in page
    assert "difference 2.00" in page


@pytest.mark.slow
def test_the_other_photographs_of_the_shared_cameras_stay_apart(
    clipsql: Command, shared_data: Path, model_folder: Path, tmp_path: Path
) -> None:
    """Byte for byte 37 of these 288 frames repeat another; all others are photographs of their own."""
    (tmp_path / "frames").symlink_to(shared_data / "traffic" / "09747")
    ok(clipsql("ingest", tmp_path / "frames", "--model", model_folder))
    pairs = [json.loads(line) for line in ok(clipsql("dedup", "--json")).stdout.splitlines()]
    assert len(pairs) == 37
    assert all(pair["copy"]["same_bytes"] for pair in pairs)
