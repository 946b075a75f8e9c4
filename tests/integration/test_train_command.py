"""`clipsql model train`: from scratch and from a trained model, on a manifest and on a collection."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image
from waiting import until

Clipsql = Callable[..., Result]

_COLOURS = {"red": (220, 20, 20), "green": (20, 160, 40), "blue": (30, 40, 220), "white": (240, 240, 240)}
_QUICK = ("--epochs", "2", "--batch-size", "4", "--warmup-steps", "1", "--held-out", "0.25")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    lines = ["file\tcaption"]
    for number in range(16):
        name, colour = list(_COLOURS.items())[number % 4]
        Image.new("RGB", (32, 32), colour).save(tmp_path / f"{number}.png")
        lines.append(f"{number}.png\ta {name} picture {number}")
    path = tmp_path / "pictures.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
    path = tmp_path / "config.json"
    path.write_text(
        json.dumps(
            {
                "projection_dim": 16,
                "text_config": {**tower, "vocab_size": 560, "max_position_embeddings": 16},
                "vision_config": {**tower, "image_size": 32, "patch_size": 8},
            }
        ),
        encoding="utf-8",
    )
    return path


def test_a_model_from_scratch_is_one_that_model_add_takes(
    clipsql: Clipsql, manifest: Path, config: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "trained"
    trained = clipsql("model", "train", "--source", manifest, "--config", config, "--output", folder, *_QUICK)
    assert trained.exit_code == 0, trained.output
    assert "recall@1" in trained.stdout
    added = clipsql("model", "add", folder, "--name", "mine")
    assert added.exit_code == 0, added.output
    assert "16 dimensions" in added.stdout
    assert clipsql("ingest", manifest, "--collection", "colours").exit_code == 0
    found = clipsql("search", "text", "a red picture", "--max-results", "2", "--json")
    assert len(found.stdout.splitlines()) == 2


def test_training_goes_on_from_a_trained_model_on_a_collection(
    clipsql: Clipsql, manifest: Path, model_folder: Path, tmp_path: Path
) -> None:
    assert clipsql("ingest", manifest, "--collection", "colours", "--model", model_folder).exit_code == 0
    folder = tmp_path / "adapted"
    command = ("model", "train", "--collection", "colours", "--output", folder, *_QUICK, "--json")
    trained = clipsql(*command)
    assert trained.exit_code == 0, trained.output
    report = json.loads(trained.stdout)
    assert report["steps"] == 6
    assert report["resumed_from"] == 0
    again = clipsql(*command)
    assert again.exit_code == 1
    assert "holds a finished model already" in again.stderr


@pytest.mark.slow
def test_ctrl_c_keeps_a_checkpoint_and_the_last_line_says_so(
    clipsql: Clipsql, manifest: Path, config: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "trained"
    command = ("model", "train", "--source", manifest, "--config", config, "--output", folder, "--json")
    options = ("--epochs", "200", "--batch-size", "4", "--checkpoint-every", "5")
    given = [str(word) for word in (*command, *options)]
    # A job in the background, as tests may run in, ignores Ctrl-C, and so do its children.
    heeds = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = ("-c", f"{heeds}; from clipsql.cli import main; main()")
    with subprocess.Popen((sys.executable, *program, *given), stderr=subprocess.PIPE, text=True) as training:
        until(lambda: (folder / "checkpoint.pt").exists() or training.poll() is not None)
        training.send_signal(signal.SIGINT)
        assert training.stderr is not None
        last = training.stderr.read().splitlines()[-1]
    assert training.returncode == 130
    told = re.fullmatch(
        "Error: Stopped by Ctrl-C after step ([0-9]+) of 600, whose state is kept; "
        "run the same command again to go on from there.",
        last,
    )
    assert told is not None, last
    again = clipsql(*command, *options)
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["resumed_from"] == int(told[1])


def test_what_cannot_be_trained_on_is_named(
    clipsql: Clipsql, manifest: Path, config: Path, tmp_path: Path
) -> None:
    output = ("--output", tmp_path / "out")
    without_captions = tmp_path / "bare.csv"
    without_captions.write_text("file\n0.png\n", encoding="utf-8")
    not_a_config = tmp_path / "not.json"
    not_a_config.write_text("[]", encoding="utf-8")
    for arguments, message in (
        ((), "--collection or --source"),
        (("--source", manifest, "--config", config, "--from", "x"), "--from"),
        (("--source", without_captions, "--config", config), "No picture has a caption"),
        (("--source", manifest, "--config", not_a_config), "is no CLIP configuration"),
        (("--collection", "nothing"), 'no collection "nothing"'),
        (("--source", manifest, "--from", tmp_path / "nowhere"), "does not exist"),
        (("--source", manifest, "--config", config, "--epochs", "0"), "epochs is 0"),
    ):
        result = clipsql("model", "train", *output, *arguments)
        assert result.exit_code == 1, (arguments, result.output)
        assert message in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
