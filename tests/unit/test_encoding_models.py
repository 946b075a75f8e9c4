"""Every kind of dual encoder loads, tells its facts, and gives unit-length embeddings in input order."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from local_models import (
    MAX_TOKENS,
    SIDE,
    make_bert,
    make_chinese_clip,
    make_clip,
    make_siglip,
    make_vision_text_dual_encoder,
)
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoTokenizer

from clipsql.encoding import Encoder, load_encoder
from clipsql.encoding.encoder import unit_length
from clipsql.errors import EncodingError, ModelError

SHARED = Path(__file__).parents[3] / "shared" / "data"
TEXTS = ["a red car on the street", "dog", "", "a photo of a cat " * 20, "the green tree", "blue", "a man"]

KINDS = [
    pytest.param((make_clip, 24), id="clip"),
    pytest.param((make_siglip, 32), id="siglip"),
    pytest.param((make_chinese_clip, 20), id="chinese-clip"),
    pytest.param((make_vision_text_dual_encoder, 512), id="vision-text-dual-encoder"),
]


def pictures(count: int = 7) -> list[Image.Image]:
    random = np.random.default_rng(1)
    shapes = [(40 + 9 * number, 50, 3) for number in range(count)]
    return [Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)) for shape in shapes]


@pytest.fixture(scope="module", params=KINDS)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Encoder, int]:
    make, dimensions = request.param
    folder = make(tmp_path_factory.mktemp("model"))
    return load_encoder(str(folder), device="cpu", dtype="float32"), dimensions


@pytest.fixture(scope="module")
def encoder(model: tuple[Encoder, int]) -> Encoder:
    return model[0]


@pytest.fixture
def clip_folder(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "clip")


def test_dimensions_scale_and_size_are_read_from_the_model(model: tuple[Encoder, int]) -> None:
    encoder, dimensions = model
    weights = load_file(Path(encoder.name) / "model.safetensors")
    assert encoder.dimensions == dimensions
    assert encoder.logit_scale == pytest.approx(math.exp(weights["logit_scale"].item()))
    assert encoder.logit_bias == (weights["logit_bias"].item() if "logit_bias" in weights else None)
    assert encoder.image_size == SIDE
    assert (encoder.device, encoder.dtype) == ("cpu", "float32")


def test_embeddings_have_unit_length_and_are_float32(encoder: Encoder) -> None:
    for vectors in (encoder.encode_images(pictures()), encoder.encode_texts(TEXTS)):
        assert vectors.shape == (7, encoder.dimensions)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_embeddings_keep_the_input_order_whatever_the_batch_size(encoder: Encoder) -> None:
    images = pictures()
    one_by_one = np.concatenate([encoder.encode_images([image]) for image in images])
    texts_alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    for alone in (one_by_one, texts_alone):
        distances = np.linalg.norm(alone[:, None] - alone[None], axis=2) + np.eye(len(alone))
        assert distances.min() > 1e-3  # else the comparison below could not tell one row from another
    default = encoder.batch_size
    for batch_size in (2, 3, default):
        encoder.batch_size = batch_size
        np.testing.assert_allclose(encoder.encode_images(images), one_by_one, atol=1e-5)
        np.testing.assert_allclose(encoder.encode_texts(TEXTS), texts_alone, atol=1e-5)
    assert encoder.batch_size == default


def test_embeddings_are_what_the_model_itself_gives(encoder: Encoder) -> None:
    model = AutoModel.from_pretrained(encoder.name, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(encoder.name)
    padding = "max_length" if encoder.logit_bias is not None else True
    texts = [text.lower() for text in TEXTS[:2]]
    tokens = tokenizer(texts, padding=padding, truncation=True, return_tensors="pt")
    if encoder.logit_bias is not None:
        del tokens["attention_mask"]  # SigLIP was trained without one
    pixels = torch.from_numpy(encoder.preprocess(pictures(2)))
    with torch.inference_mode():
        text = model.get_text_features(**tokens).pooler_output.numpy()
        image = model.get_image_features(pixel_values=pixels).pooler_output.numpy()
    for vectors, expected in (
        (encoder.encode_texts(TEXTS[:2]), text),
        (encoder.encode_images(pictures(2)), image),
    ):
        np.testing.assert_allclose(vectors, expected / np.linalg.norm(expected, axis=1)[:, None], atol=1e-5)


def test_a_text_longer_than_the_tower_is_cut(encoder: Encoder) -> None:
    long, longer = "dog " * MAX_TOKENS, "dog " * 5 * MAX_TOKENS
    np.testing.assert_allclose(*encoder.encode_texts([long, longer]), atol=1e-6)


def test_a_caption_of_a_million_words_is_cut_before_it_is_read(encoder: Encoder) -> None:
    begins = "a red car in the rain " * 40
    started = time.process_time()
    vectors = encoder.encode_texts(
        [begins, begins + " ".join(f"word{number}" for number in range(1_000_000))]
    )
    assert time.process_time() - started < 10  # without the cut it takes a minute
    assert np.abs(vectors[0] - vectors[1]).max() < 1e-6


def test_no_pictures_and_no_texts_give_empty_arrays(encoder: Encoder) -> None:
    assert encoder.encode_images([]).shape == (0, encoder.dimensions)
    assert encoder.encode_texts([]).shape == (0, encoder.dimensions)


def test_bfloat16_stays_close_and_keeps_the_exact_scale(clip_folder: Path) -> None:
    exact = load_encoder(str(clip_folder), device="cpu", dtype="float32")
    rounded = load_encoder(str(clip_folder), device="cpu", dtype="bfloat16")
    assert rounded.dtype == "bfloat16"
    assert rounded.logit_scale == exact.logit_scale
    similarity = np.sum(exact.encode_images(pictures()) * rounded.encode_images(pictures()), axis=1)
    assert similarity.min() > 0.999


def test_the_revision_of_a_folder_follows_its_files(clip_folder: Path, tmp_path: Path) -> None:
    first = load_encoder(str(clip_folder)).revision
    assert len(first) == 40
    assert load_encoder(str(make_clip(tmp_path / "same"))).revision == first
    assert load_encoder(str(make_clip(tmp_path / "other", seed=1))).revision != first
    tokenizer = clip_folder / "tokenizer_config.json"
    tokenizer.write_text(tokenizer.read_text() + "\n")
    assert load_encoder(str(clip_folder)).revision != first
    with pytest.raises(ModelError, match=r"has changed: it is now revision \w{12}, not \w{12}"):
        load_encoder(str(clip_folder), revision=first)


def test_a_bare_bert_is_refused_by_name_without_reading_its_weights(tmp_path: Path) -> None:
    folder = make_bert(tmp_path / "bert")
    (folder / "model.safetensors").write_bytes(b"not weights at all")
    with pytest.raises(ModelError, match=r"\(BertModel\) is no text-image dual encoder; use CLIP, SigLIP"):
        load_encoder(str(folder))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(lambda folder: (folder / "config.json").unlink(), "has no config.json", id="no config"),
        pytest.param(
            lambda folder: (folder / "model.safetensors").unlink(), "has no weights", id="no weights"
        ),
        pytest.param(
            lambda folder: (folder / "model.safetensors").write_bytes(b"torn"),
            "cannot be loaded",
            id="torn weights",
        ),
        pytest.param(
            lambda folder: (folder / "processor_config.json").unlink(), "cannot be loaded", id="no processor"
        ),
        pytest.param(
            lambda folder: (folder / "config.json").write_text("{"), "cannot be loaded", id="bad config"
        ),
    ],
)
def test_an_incomplete_folder_is_refused_in_one_line(
    clip_folder: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(clip_folder)
    with pytest.raises(ModelError, match=message) as refusal:
        load_encoder(str(clip_folder))
    assert "\n" not in str(refusal.value)


def test_missing_weights_are_refused_rather_than_made_up(clip_folder: Path) -> None:
    weights = load_file(clip_folder / "model.safetensors")
    del weights["visual_projection.weight"]
    save_file(weights, clip_folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks 1 of its weights, as visual_projection\.weight"):
        load_encoder(str(clip_folder))


def test_what_a_model_makes_of_a_picture_is_refused_when_it_is_not_a_number(clip_folder: Path) -> None:
    encoder = load_encoder(str(clip_folder))
    encoder._model.visual_projection.weight.data[0, 0] = torch.nan
    with pytest.raises(EncodingError, match="embedding of picture 0 of the batch is not finite"):
        encoder.encode_images(pictures(2))


def test_unit_length_names_the_unusable_vector() -> None:
    vectors = np.ones((3, 4), np.float32)
    vectors[2] = 0
    with pytest.raises(EncodingError, match="text 2 of the batch is zero"):
        unit_length(vectors, what="text")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"device": "warp"}, 'Unknown device "warp"', id="unknown device"),
        pytest.param({"device": "cuda:99"}, 'Device "cuda:99" does not work', id="absent device"),
        pytest.param({"dtype": "int3"}, 'Unknown dtype "int3"; use one of float32', id="unknown dtype"),
        pytest.param({"device": "cpu", "dtype": "float16"}, "float16.* is for GPUs", id="float16 on the CPU"),
    ],
)
def test_an_impossible_device_or_dtype_is_refused(
    clip_folder: Path, options: dict[str, str], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        load_encoder(str(clip_folder), **options)


def test_loading_says_nothing_and_needs_no_torch_at_import(clip_folder: Path) -> None:
    # An unexpected weight makes transformers report at length; -W error turns any warning into a failure.
    weights = load_file(clip_folder / "model.safetensors") | {"left.over": torch.ones(3)}
    save_file(weights, clip_folder / "model.safetensors", metadata={"format": "pt"})
    code = (
        "import sys, clipsql.encoding as e; assert not {'torch', 'transformers'} & set(sys.modules);"
        f"e.load_encoder({str(clip_folder)!r}).encode_texts(['a dog ' * 99, 'cat'])"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_photo_dual_finds_photographs_by_their_captions() -> None:
    folder, photos = SHARED / "models" / "photo-dual", SHARED / "flickr8k-val"
    if not folder.is_dir() or not photos.is_dir():
        pytest.skip(f"no test data in {SHARED}")
    encoder = load_encoder(str(folder))
    config = json.loads((folder / "config.json").read_text())
    assert encoder.dimensions == config["projection_dim"] == 256
    with (photos / "split.csv").open(newline="") as stream:
        files = [row["file"] for row in csv.DictReader(stream) if row["part"] == "val"][:100]
    with (photos / "captions.tsv").open(newline="") as stream:
        rows = [row for row in csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE) if row[0] in files]
    images = encoder.encode_images([Image.open(photos / file) for file in files])
    texts = encoder.encode_texts([caption for _, caption in rows])
    own = np.array([files.index(file) for file, _ in rows])
    similarities = texts @ images.T
    ranks = (similarities > similarities[np.arange(len(own)), own][:, None]).sum(axis=1)
    assert len(rows) == 500
    assert (ranks < 10).mean() > 0.5  # chance is 0.1


def test_siglip_reads_texts_in_lower_case_whatever_its_tokenizer_does(tmp_path: Path) -> None:
    encoder = load_encoder(str(make_siglip(tmp_path)), dtype="float32")
    small, capital, other = encoder.encode_texts(["a red car", "A Red CAR", "a blue dog"])
    np.testing.assert_allclose(small, capital, atol=1e-6)
    assert np.abs(small - other).max() > 1e-3
