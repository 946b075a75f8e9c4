"""A search that looks at its best matches again: they are ordered by how likely the text is true of them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from click.testing import Result
from local_picture_models import make_blip_describing, make_blip_matching
from picture_server import PictureServer
from PIL import Image
from sqlalchemy.engine import Engine

from clipsql import Searcher
from clipsql.encoding.matching import CrossEncoder, load_cross_encoder
from clipsql.errors import InvalidArgument, ModelError

Clipsql = Callable[..., Result]

QUERY = "a red car"


@pytest.fixture(scope="module")
def matching_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_blip_matching(tmp_path_factory.mktemp("matching"))


@pytest.fixture(scope="module")
def matcher(matching_folder: Path) -> CrossEncoder:
    return load_cross_encoder(str(matching_folder))


@pytest.fixture
def pictures(tmp_path: Path, clipsql: Clipsql, model_folder: Path) -> Path:
    """Eight stored pictures, by files."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(8):
        cells = np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(cells).resize((40 + number, 40), Image.Resampling.NEAREST).save(
            folder / f"{number}.png"
        )
    assert clipsql("ingest", folder, "--model", model_folder, "--dtype", "float32").exit_code == 0
    return folder


@pytest.mark.usefixtures("pictures")
def test_matches_come_in_the_order_of_the_model_that_looks_at_them(
    engine: Engine, matcher: CrossEncoder
) -> None:
    searcher = Searcher(engine)
    found = searcher.search_reranked(QUERY, rerank=matcher, max_results=5)
    candidates = searcher.search_text(QUERY, max_results=50)
    files = {match.image_id: Path(str(match.file)) for match in candidates}
    scores = {
        image_id: float(matcher.scores([Image.open(file).convert("RGB")], [QUERY])[0])
        for image_id, file in files.items()
    }
    assert [match.image_id for match in found] == sorted(scores, key=lambda one: -scores[one])[:5]
    assert [match.rank for match in found] == [1, 2, 3, 4, 5]
    similarities = {match.image_id: match.similarity for match in candidates}
    for match in found:
        assert match.itm_score == pytest.approx(scores[match.image_id], abs=1e-5)
        assert match.similarity == similarities[match.image_id]


@pytest.mark.usefixtures("pictures")
def test_only_the_candidates_are_looked_at(engine: Engine, matcher: CrossEncoder) -> None:
    searcher = Searcher(engine)
    nearest = [match.image_id for match in searcher.search_text(QUERY, max_results=3)]
    found = searcher.search_reranked(QUERY, rerank=matcher, candidates=3, max_results=2)
    assert len(found) == 2
    assert {match.image_id for match in found} <= set(nearest)
    # Nobody who asks for ten gets three.
    assert len(searcher.search_reranked(QUERY, rerank=matcher, candidates=3)) == 8
    with pytest.raises(InvalidArgument, match="candidates must be 1 or more, not 0"):
        searcher.search_reranked(QUERY, rerank=matcher, candidates=0)


@pytest.mark.usefixtures("pictures")
def test_a_picture_that_is_gone_or_another_keeps_its_place(
    engine: Engine, matcher: CrossEncoder, caplog: pytest.LogCaptureFixture
) -> None:
    searcher = Searcher(engine)
    candidates = searcher.search_text(QUERY)
    gone, changed = candidates[0], candidates[4]
    assert gone.file
    assert changed.file
    gone.file.unlink()
    Image.new("RGB", (9, 9)).save(changed.file)
    with caplog.at_level(logging.WARNING):
        found = searcher.search_reranked(QUERY, rerank=matcher)
    assert [found[0].image_id, found[4].image_id] == [gone.image_id, changed.image_id]
    assert [number for number, match in enumerate(found) if match.itm_score is None] == [0, 4]
    scores = [match.itm_score for match in found if match.itm_score is not None]
    assert scores == sorted(scores, reverse=True)
    assert {match.image_id for match in found} == {match.image_id for match in candidates}
    told = [record.getMessage() for record in caplog.records if "keeps its place" in record.getMessage()]
    assert len(told) == 2
    assert any(f"Image {gone.image_id} keeps its place: its file does not lie" in line for line in told)


@pytest.mark.usefixtures("pictures")
def test_pictures_on_the_web_are_downloaded_as_ingest_does_it(
    engine: Engine,
    matcher: CrossEncoder,
    web: PictureServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    searcher = Searcher(engine)
    match = searcher.search_text(QUERY, max_results=1)[0]
    assert match.file
    web.contents["/1.png"] = match.file.read_bytes()
    with engine.begin() as connection:
        connection.execute(
            sa.text("update clipsql.image set url = :url, file = null where image_id = :image"),
            {"url": web.url(1), "image": match.image_id},
        )
    by_id = {
        one.image_id: one for one in searcher.search_reranked(QUERY, rerank=matcher, allow_private_hosts=True)
    }
    expected = float(matcher.scores([Image.open(match.file).convert("RGB")], [QUERY])[0])
    assert by_id[match.image_id].itm_score == pytest.approx(expected, abs=1e-5)
    with caplog.at_level(logging.WARNING):
        refused = searcher.search_reranked(QUERY, rerank=matcher)
    assert refused[0].image_id == match.image_id
    assert refused[0].itm_score is None
    assert "private" in caplog.text


@pytest.mark.usefixtures("pictures")
def test_the_command_tells_both_numbers(clipsql: Clipsql, engine: Engine, matching_folder: Path) -> None:
    how = ("search", "text", QUERY, "--rerank", matching_folder, "--candidates", "4", "--max-results", "3")
    expected = Searcher(engine).search_reranked(
        QUERY, rerank=str(matching_folder), candidates=4, max_results=3
    )
    told = clipsql(*how, "--json")
    assert told.exit_code == 0, told.output
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert [(line["image_id"], line["itm_score"]) for line in lines] == [
        (match.image_id, match.itm_score) for match in expected
    ]
    table = clipsql(*how).stdout
    assert "matching" in table
    assert f"{expected[0].itm_score:.3f}" in table
    assert f"{expected[0].similarity:.3f}" in table
    assert "matching" not in clipsql("search", "text", QUERY).stdout
    document = json.loads(clipsql(*how, "--json-document").stdout)
    assert [match["itm_score"] for match in document["matches"]] == [match.itm_score for match in expected]


@pytest.mark.usefixtures("pictures")
def test_what_cannot_be_is_refused_in_one_line(
    clipsql: Clipsql, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    told = clipsql("search", "text", QUERY, "--candidates", "4")
    assert told.exit_code == 2
    assert "--rerank" in told.stderr
    other = make_blip_describing(tmp_path_factory.mktemp("describing"))
    with pytest.raises(
        ModelError, match=r"BlipForConditionalGeneration.* cannot match pictures with texts; give"
    ):
        Searcher(engine).search_reranked(QUERY, rerank=str(other))
    missing = clipsql("search", "text", QUERY, "--rerank", "./no-such-model")
    assert missing.exit_code == 1
    assert 'Model folder "./no-such-model" does not exist' in missing.stderr
