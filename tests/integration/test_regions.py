"""Regions: boxes taken in and tiles laid, embedded by workers, found by search, gone with their pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from click.testing import Result
from picture_server import PictureServer
from PIL import Image
from sqlalchemy.engine import Engine

from clipsql import Searcher
from clipsql.db.models import ModelRow
from clipsql.db.pictures import queue
from clipsql.db.statements import autocommit_connection
from clipsql.encoding import Encoder
from clipsql.ingest.indexer import Indexer, IngestOptions
from clipsql.ingest.worker import Worker
from clipsql.sources import open_source
from clipsql.web.downloading import DownloadOptions

DOWNLOADS = DownloadOptions(allow_private_hosts=True, retries=0)
Work = Callable[[], Any]


def scene(seed: int, *, size: tuple[int, int] = (120, 80)) -> Image.Image:
    """A noisy picture, so that every part of it is like no other."""
    values = np.random.default_rng(seed).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    return Image.fromarray(values).resize(size, Image.Resampling.NEAREST)


def ask(engine: Engine, query: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def change(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)


def embedded(engine: Engine) -> list[tuple[Any, ...]]:
    return ask(
        engine,
        "select r.region_id, e.embedding::text from clipsql.image_region as r"
        " join clipsql.region_embedding as e using (region_id) order by 1",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures; the second one is turned by its EXIF."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        scene(number).save(folder / f"{number}.png")
    exif = Image.Exif()
    exif[0x0112] = 6
    scene(1).save(folder / "1.png", exif=exif)
    return folder


@pytest.fixture
def ingest(engine: Engine, encoder: Encoder, model: ModelRow, folder: Path) -> Work:
    def run(**options: Any) -> Any:
        return Indexer(engine, encoder, model, downloads=DOWNLOADS).ingest(
            open_source(folder), IngestOptions(collection="c", **options)
        )

    return run


@pytest.fixture
def work(engine: Engine, encoder: Encoder, model: ModelRow) -> Work:
    return lambda: Worker(engine, encoder, model, downloads=DOWNLOADS).run(until_empty=True)


def lines(file: Path, *rows: object) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


@pytest.fixture
def boxes(folder: Path) -> Path:
    return lines(
        folder / "boxes.jsonl",
        {"image": "0.png", "box": [10, 20, 40, 30], "label": "truck", "score": 0.9},
        {"image": "0.png", "box": [70.4, 0, 60, 40.2], "label": "bus"},
        {"file": "1.png", "boxes": [{"box": [0, 60, 80, 60], "label": "truck"}, [5, 5, 20, 20]]},
    )


def test_boxes_are_taken_in_once_cut_to_the_picture_and_embedded_as_the_model_sees_them(
    clipsql: Callable[..., Result], engine: Engine, encoder: Encoder, ingest: Work, work: Work, boxes: Path
) -> None:
    ingest()
    done = clipsql("regions", "import", boxes, "--collection", "c")
    assert done.exit_code == 0, done.output
    assert "Added 4 regions, of 2 pictures." in done.stdout
    assert ask(engine, "select box, label, score, is_tile from clipsql.image_region order by region_id") == [
        ([10, 20, 40, 30], "truck", 0.9, False),
        ([70, 0, 50, 41], "bus", None, False),
        ([0, 60, 80, 60], "truck", None, False),
        ([5, 5, 20, 20], None, None, False),
    ]
    assert ask(engine, "select count(*) from clipsql_private.queue") == [(2,)]
    before = ask(engine, "select image_id, embedding::text, ctid from clipsql.image_embedding order by 1")
    report = work()
    assert report.outcomes["failed"] == 0
    assert ask(engine, "select count(*) from clipsql_private.queue") == [(0,)]
    assert (
        ask(engine, "select image_id, embedding::text, ctid from clipsql.image_embedding order by 1")
        == before
    )
    upright = scene(1).transpose(Image.Transpose.ROTATE_270)
    parts = [
        scene(0).crop((10, 20, 50, 50)),
        scene(0).crop((70, 0, 120, 41)),
        upright.crop((0, 60, 80, 120)),
        upright.crop((5, 5, 25, 25)),
    ]
    stored = [json.loads(vector) for _, vector in embedded(engine)]
    assert np.allclose(stored, encoder.encode_images(parts), atol=2e-3)

    again = clipsql("regions", "import", boxes, "--collection", "c")
    assert "Added 0 regions, of 2 pictures." in again.stdout
    assert ask(engine, "select count(*) from clipsql_private.queue") == [(0,)]


def test_replacing_boxes_leaves_those_of_other_pictures_and_tiles(
    clipsql: Callable[..., Result], engine: Engine, ingest: Work, boxes: Path
) -> None:
    ingest()
    clipsql("regions", "tile", "c", "--tiles", "2x1")
    clipsql("regions", "import", boxes, "--collection", "c")
    other = lines(boxes.with_name("new.jsonl"), {"image": "0.png", "box": [10, 20, 40, 30], "label": "truck"})
    done = clipsql("regions", "import", other, "--collection", "c", "--replace")
    assert "Added 0 regions and removed 1, of 1 pictures." in done.stdout
    assert ask(
        engine, "select i.url ~ '0.png$', is_tile, count(*), min(score) from clipsql.image_region"
        " join clipsql.image as i using (image_id) group by 1, 2 order by 1, 2",
    ) == [(False, False, 2, None), (False, True, 4, None), (True, False, 1, None), (True, True, 2, None)]  # fmt: skip


def test_coco_names_pictures_and_labels_by_their_numbers(
    clipsql: Callable[..., Result], engine: Engine, ingest: Work, folder: Path
) -> None:
    ingest()
    coco = folder.parent / "instances.json"
    coco.write_text(
        json.dumps(
            {
                "images": [{"id": 7, "file_name": "0.png"}, {"id": 8, "file_name": "gone.png"}],
                "categories": [{"id": 3, "name": "van"}],
                "annotations": [
                    {"image_id": 7, "category_id": 3, "bbox": [1.5, 2.5, 10, 10]},
                    {"image_id": 8, "category_id": 3, "bbox": [1, 2, 10, 10]},
                    {"image_id": 9, "category_id": 3, "bbox": [1, 2, 10, 10]},
                ],
            },
            indent=1,
        )
    )
    done = clipsql("regions", "import", coco, "--collection", "c")
    assert done.exit_code == 1
    assert (
        'instances.json annotation 2 names "gone.png", which is the url, file or end of the url'
        in done.stderr
    )
    assert "instances.json annotation 3 names no picture" in done.stderr
    assert ask(engine, "select box, label from clipsql.image_region") == [([1, 2, 11, 11], "van")]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param(
            {"image": "0.png", "box": [0.1, 0.1, 0.5, 0.5]}, "in pixels", id="shares of the picture"
        ),
        pytest.param({"image": "0.png", "box": [1, 2, 3]}, "has the box [1, 2, 3]", id="three numbers"),
        pytest.param({"image": "0.png", "box": [1, 2, "3", 4]}, "in pixels", id="a text"),
        pytest.param({"image": "0.png", "box": [1, 2, -3, 4]}, "in pixels", id="negative"),
        pytest.param({"image": "0.png", "box": [-9, 2, 5, 4]}, "in pixels", id="left of the picture"),
        pytest.param({"image": "0.png", "box": [1, 2, 1e300, 4]}, "in pixels", id="endless"),
        pytest.param({"image": "0.png", "box": [1, 2, True, 4]}, "in pixels", id="true"),
        pytest.param({"image": "0.png"}, "has the box null", id="none"),
        pytest.param(
            {"image": "0.png", "box": [120, 0, 5, 5]}, "outside the picture, which is 120 x 80", id="right"
        ),
        pytest.param(
            {"image": "0.png", "box": [0, 80, 5, 5]}, "outside the picture, which is 120 x 80", id="below"
        ),
        pytest.param({"box": [1, 2, 3, 4]}, "names no picture", id="no picture"),
        pytest.param({"image": "a\0b", "box": [1, 2, 3, 4]}, "names no picture", id="nul"),
        pytest.param({"image": "5.png", "box": [1, 2, 3, 4]}, 'names "5.png"', id="unknown"),
        pytest.param({"image": 99, "box": [1, 2, 3, 4]}, 'names "99"', id="unknown number"),
        pytest.param({"image": "0.png", "box": [1, 2, 3, 4], "label": ""}, "label", id="empty label"),
        pytest.param({"image": "0.png", "box": [1, 2, 3, 4], "label": "x" * 201}, "label", id="long label"),
        pytest.param({"image": "0.png", "box": [1, 2, 3, 4], "score": 90}, "has the score 90", id="percent"),
        pytest.param({"image": "0.png", "boxes": 5}, "boxes that are no list", id="boxes"),
        pytest.param([1, 2], "is no JSON object", id="a list"),
    ],
)
def test_a_bad_box_is_told_with_its_place_and_the_others_are_taken(
    clipsql: Callable[..., Result], engine: Engine, ingest: Work, folder: Path, row: object, said: str
) -> None:
    ingest()
    good = {"image": "0.png", "box": [10, 20, 40, 30]}
    done = clipsql("regions", "import", lines(folder / "b.jsonl", good, row), "--collection", "c")
    assert done.exit_code == 1
    (told,) = [line for line in done.stderr.splitlines() if "b.jsonl line 2 " in line]
    assert said in told
    assert "1 boxes of" in done.stderr
    assert ask(engine, "select box from clipsql.image_region") == [([10, 20, 40, 30],)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            '[{"image_id": 1, "bbox": [1, 2, 3, 4]}]', "does not name its pictures", id="detections alone"
        ),
        pytest.param('{\n"images": [', "is neither JSON lines nor JSON", id="cut off"),
        pytest.param("\xff", "it is not UTF-8", id="bytes"),
    ],
)
def test_a_file_that_holds_no_boxes_is_refused_whole(
    clipsql: Callable[..., Result], ingest: Work, folder: Path, text: str, said: str
) -> None:
    ingest()
    (folder / "b.json").write_bytes(text.encode("latin-1"))
    done = clipsql("regions", "import", folder / "b.json", "--collection", "c")
    assert done.exit_code == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_or_a_collection_that_is_not_there_is_told(
    clipsql: Callable[..., Result], ingest: Work, boxes: Path
) -> None:
    ingest()
    missing = clipsql("regions", "import", "none.jsonl", "--collection", "c")
    assert "none.jsonl cannot be read: No such file" in missing.stderr
    for call in (("import", boxes, "--collection", "d"), ("tile", "d", "--tiles", "2x2"), ("list", "d"),
                 ("remove", "d", "--yes")):  # fmt: skip
        done = clipsql("regions", *call)
        assert done.exit_code == 1
        assert 'There is no collection "d"' in done.stderr


def test_tiles_take_the_place_of_tiles_and_go(
    clipsql: Callable[..., Result], engine: Engine, ingest: Work, work: Work
) -> None:
    ingest()
    assert "Added 18 tiles and removed 0." in clipsql("regions", "tile", "c", "--tiles", "3x2").stdout
    assert ask(
        engine,
        "select box from clipsql.image_region join clipsql.image using (image_id) where url ~ '0.png$' order by box",
    ) == [([0, 0, 40, 40],), ([0, 40, 40, 40],), ([40, 0, 40, 40],), ([40, 40, 40, 40],), ([80, 0, 40, 40],),
          ([80, 40, 40, 40],)]  # fmt: skip
    work()
    assert len(embedded(engine)) == 18
    assert "Added 0 tiles and removed 0." in clipsql("regions", "tile", "c", "--tiles", "3x2").stdout
    assert "Added 3 tiles and removed 18." in clipsql("regions", "tile", "c", "--tiles", "1x1").stdout
    assert clipsql("regions", "list", "c", "--json").stdout == (
        '{"collection": "c", "label": null, "is_tile": true, "regions": 3, "embedded": 0, "failed": 0}\n'
    )
    assert "(tiles)" in clipsql("regions", "list").stdout
    refused = clipsql("regions", "tile", "c", "--tiles", "5x13")
    assert refused.exit_code == 2
    assert "at most 64 tiles; write columns x rows as 3x2" in refused.stderr
    assert "Removed 3 regions." in clipsql("regions", "remove", "c", "--only-tiles", "--yes").stdout
    assert "There is no region" in clipsql("regions", "list").stderr


def test_an_ingest_lays_and_embeds_tiles(
    clipsql: Callable[..., Result], engine: Engine, folder: Path, model_folder: Path
) -> None:
    asked = ("ingest", folder, "--collection", "c", "--model", model_folder, "--dtype", "float32")
    refused = clipsql(*asked[:4], "--tiles", "2x2", "--enqueue-only")
    assert (refused.exit_code, 'run "clipsql regions tile" when they are' in refused.stderr) == (1, True)
    assert ask(engine, "select count(*) from clipsql.image") == [(0,)]
    assert clipsql(*asked, "--tiles", "2x2").exit_code == 0
    counted = "select count(*), count(distinct image_id) from clipsql.image_region where is_tile"
    assert ask(engine, counted) == [(12, 3)]
    assert len(embedded(engine)) == 12
    assert ask(engine, "select count(*) from clipsql_private.queue") == [(0,)]
    # Again: those of other pictures stay as they are; without the option nothing is laid, and nothing is lost.
    before = ask(engine, "select array_agg(region_id order by region_id) from clipsql.image_region")
    Image.new("RGB", (90, 60), "teal").save(folder / "new.png")
    assert clipsql(*asked).exit_code == 0
    assert ask(engine, counted) == [(12, 3)]
    assert clipsql(*asked, "--tiles", "2x2").exit_code == 0
    assert ask(engine, counted) == [(16, 4)]
    assert len(embedded(engine)) == 16
    after = ask(engine, "select array_agg(region_id order by region_id) from clipsql.image_region")
    assert after[0][0][:12] == before[0][0]


def test_regions_are_removed_by_label(
    clipsql: Callable[..., Result], engine: Engine, ingest: Work, boxes: Path
) -> None:
    ingest()
    clipsql("regions", "import", boxes, "--collection", "c")
    assert "Removed 2 regions." in clipsql("regions", "remove", "c", "--label", "truck", "--yes").stdout
    assert ask(engine, "select label from clipsql.image_region order by label") == [("bus",), (None,)]


def test_a_picture_of_unknown_size_is_cut_when_it_is_read(
    engine: Engine, work: Work, web: PictureServer
) -> None:
    url = web.url(0)
    change(engine, f"insert into clipsql.image (collection, url) values ('w', '{url}')")
    change(
        engine,
        "insert into clipsql.image_region (image_id, box) select image_id, b.box from clipsql.image,"
        " (values ('{2,2,900,900}'::int[]), ('{500,0,10,10}')) as b(box)",
    )
    work()
    ((width, height),) = ask(engine, "select width, height from clipsql.image")
    rows = ask(
        engine,
        "select box, error, embedding is not null from clipsql.image_region"
        " left join clipsql.region_embedding using (region_id) order by region_id",
    )
    assert rows[0] == ([2, 2, 900, 900], None, True)
    assert rows[1][0] == [500, 0, 10, 10]
    assert f"the box 500,0,10,10 lies outside the picture, which is {width} x {height}" in rows[1][1]
    assert not rows[1][2]
    assert ask(engine, "select status from clipsql.image") == [("embedded",)]
    assert ask(engine, "select count(*) from clipsql_private.queue") == [(0,)]


def test_a_picture_that_is_gone_keeps_its_own_vector_and_its_regions_say_why(
    engine: Engine, ingest: Work, work: Work, folder: Path
) -> None:
    ingest()
    (folder / "0.png").unlink()
    change(
        engine,
        "insert into clipsql.image_region (image_id, box) select image_id, '{0,0,9,9}' from clipsql.image",
    )
    work()
    assert ask(engine, "select count(*), count(*) filter (where status = 'embedded') from clipsql.image") == [
        (3, 3)
    ]
    assert ask(engine, "select count(*) from clipsql.image_embedding") == [(3,)]
    ((error,),) = ask(engine, "select error from clipsql.image_region where error is not null")
    assert "its file does not lie on this machine as it was" in error
    assert ask(engine, "select count(*) from clipsql_private.queue") == [(0,)]


def test_an_ingest_embeds_waiting_regions_and_drops_none_of_them(engine: Engine, ingest: Work) -> None:
    ingest()
    change(
        engine,
        "insert into clipsql.image_region (image_id, box) select image_id, '{0,0,9,9}' from clipsql.image",
    )
    report = ingest()
    assert report.outcomes["updated"] == 3
    assert len(embedded(engine)) == 3
    assert ask(engine, "select count(*) from clipsql_private.queue") == [(0,)]
    assert ingest().outcomes["unchanged"] == 3


def test_other_content_under_the_same_name_has_its_regions_embedded_anew(
    engine: Engine, ingest: Work, work: Work, folder: Path, encoder: Encoder
) -> None:
    ingest()
    change(
        engine,
        "insert into clipsql.image_region (image_id, box) select image_id, b.box from clipsql.image,"
        " (values ('{0,0,60,60}'::int[]), ('{150,0,10,10}')) as b(box) where url ~ '0.png$'",
    )
    work()
    assert [error is None for (error,) in ask(engine, "select error from clipsql.image_region order by 1")] == [
        False, True,
    ]  # fmt: skip
    scene(9, size=(240, 160)).save(folder / "0.png")
    ingest()
    assert ask(engine, "select count(*) from clipsql.image_region where error is null") == [(2,)]
    parts = [scene(9, size=(240, 160)).crop(box) for box in ((0, 0, 60, 60), (150, 0, 160, 10))]
    stored = [json.loads(vector) for _, vector in embedded(engine)]
    assert np.allclose(stored, encoder.encode_images(parts), atol=2e-3)


def test_regions_that_come_while_a_worker_has_the_picture_are_not_lost(
    engine: Engine, ingest: Work, work: Work
) -> None:
    ingest()
    change(
        engine,
        "insert into clipsql.image_region (image_id, box) select image_id, '{0,0,9,9}' from clipsql.image",
    )
    change(
        engine,
        "update clipsql_private.queue set leased_by = 'other', leased_until = now() + interval '1 hour'",
    )
    change(
        engine,
        "insert into clipsql.image_region (image_id, box) select image_id, '{9,9,9,9}' from clipsql.image",
    )
    work()
    assert len(embedded(engine)) == 6


def test_regions_go_with_their_pictures(engine: Engine, ingest: Work, work: Work) -> None:
    ingest()
    change(
        engine,
        "insert into clipsql.image_region (image_id, box) select image_id, '{0,0,9,9}' from clipsql.image",
    )
    work()
    change(
        engine, "select clipsql.remove_images(array(select image_id from clipsql.image where url ~ '0.png$'))"
    )
    assert len(embedded(engine)) == 2
    change(engine, "delete from clipsql.image")
    assert ask(engine, "select count(*) from clipsql.image_region") == [(0,)]


@pytest.mark.parametrize(
    "box", ["{1,2,3}", "{1,2,3,0}", "{-1,2,3,4}", "{1,2,null,4}", "{{1,2},{3,4}}", "{1,2,3,99999999}"]
)
def test_the_table_holds_no_bad_box(engine: Engine, ingest: Work, box: str) -> None:
    ingest()
    with pytest.raises(sa.exc.IntegrityError, match="image_region_box_check"):
        change(
            engine,
            f"insert into clipsql.image_region (image_id, box) select image_id, '{box}' from clipsql.image",
        )


def test_a_crop_finds_the_picture_by_its_region(
    clipsql: Callable[..., Result], ingest: Work, work: Work, boxes: Path, folder: Path
) -> None:
    ingest()
    clipsql("regions", "import", boxes, "--collection", "c")
    work()
    asked = ("search", "image", folder / "0.png", "--crop", "10,20,40,30", "--in", "regions", "--json")
    found = [json.loads(line) for line in clipsql(*asked, "--include-self").stdout.splitlines()]
    assert (found[0]["rank"], found[0]["box"], found[0]["label"]) == (1, [10, 20, 40, 30], "truck")
    assert len(found) == len({one["image_id"] for one in found}) == 2
    assert found[0]["similarity"] > 0.999
    assert [one["url"][-5:] for one in map(json.loads, clipsql(*asked).stdout.splitlines())] == ["1.png"]
    buses = clipsql(*asked, "--include-self", "--having-label", "bus").stdout.splitlines()
    assert [json.loads(line)["box"] for line in buses] == [[70, 0, 50, 41]]
    table = clipsql("search", "text", "a red car", "--in", "regions").stdout
    assert "truck" in table
    assert (
        clipsql("search", "text", "a red car", "--having-label", "bus", "--in", "regions").stdout.count("bus")
        == 1
    )
    refused = clipsql("search", "text", "a", "--in", "regions", "--distinct-above", "0.9")
    assert "--distinct-above is of whole pictures" in refused.stderr


def test_a_part_is_asked_with_in_pixels_of_the_upright_picture(
    engine: Engine, encoder: Encoder, ingest: Work, folder: Path, clipsql: Callable[..., Result]
) -> None:
    ingest()
    searcher = Searcher(engine, dtype="float32")
    part = searcher.embed_image(folder / "1.png", crop=(0, 60, 70, 60))
    upright = scene(1).transpose(Image.Transpose.ROTATE_270)
    assert np.allclose(part, encoder.encode_images([upright.crop((0, 60, 70, 120))])[0], atol=1e-5)
    best = searcher.search_image(folder / "1.png", crop=(0, 60, 70, 60), include_self=True)
    assert best[0].similarity == pytest.approx(
        max(float(part @ searcher.image_vector(number)) for number in (1, 2, 3)), abs=1e-3
    )
    outside = clipsql("search", "image", folder / "1.png", "--crop", "80,0,5,5")
    assert "lies outside the picture, which is 80 x 120" in outside.stderr
    for wrong in ("1,2,3", "a,b,c,d", "0,0,0,5", "-1,0,5,5"):
        done = clipsql("search", "image", folder / "1.png", "--crop", wrong)
        assert "write x,y,width,height in pixels as 120,80,64,48" in done.stderr


def test_a_picture_smaller_than_the_grid_gets_no_tiles(
    clipsql: Callable[..., Result], ingest: Work, folder: Path
) -> None:
    scene(0).resize((2, 2)).save(folder / "0.png")
    ingest()
    assert "Added 12 tiles" in clipsql("regions", "tile", "c", "--tiles", "3x2").stdout


def test_the_end_of_a_url_names_a_picture_where_one_alone_has_it(
    clipsql: Callable[..., Result], engine: Engine, folder: Path
) -> None:
    for url in ("https://a.example/x/1.jpg", "https://a.example/y/1.jpg", "https://a.example/y/2.jpg"):
        change(engine, f"insert into clipsql.image (collection, url) values ('c', '{url}')")
    rows = [
        {"image": name, "box": [1, 2, 3, 4]} for name in ("1.jpg", "deep/2.jpg", "https://a.example/x/1.jpg")
    ]
    done = clipsql("regions", "import", lines(folder / "b.jsonl", *rows), "--collection", "c")
    assert 'b.jsonl line 1 names "1.jpg"' in done.stderr
    assert ask(
        engine, "select url from clipsql.image_region join clipsql.image using (image_id) order by 1"
    ) == [("https://a.example/x/1.jpg",), ("https://a.example/y/2.jpg",)]


def test_a_picture_whose_regions_wait_is_not_taken_out_of_the_queue(
    engine: Engine, model: ModelRow, ingest: Work, work: Work
) -> None:
    ingest()
    change(
        engine,
        "insert into clipsql.image_region (image_id, box) select min(image_id), '{0,0,9,9}' from clipsql.image",
    )
    change(
        engine,
        "insert into clipsql_private.queue (image_id, collection, model_id, is_checked)"
        " select max(image_id), 'c', 1, true from clipsql.image",
    )
    with autocommit_connection(engine) as connection:
        queue.take_out(connection, [1, 2, 3], model=model)
    assert ask(engine, "select image_id from clipsql_private.queue") == [(1,)]
    work()
    assert len(embedded(engine)) == 1
    assert ask(engine, "select count(*) from clipsql_private.queue") == [(0,)]
