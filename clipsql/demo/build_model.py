"""Make the model in the box: `python -m clipsql.demo.build_model`; 70 minutes on two cores that others used too."""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import Any

import click
import torch

from clipsql.demo import MODEL_FOLDER
from clipsql.demo.captions_words import CHINESE, CHINESE_PARTICLES
from clipsql.demo.training_scenes import VARIANTS, SceneExamples, SceneFacts
from clipsql.training.plan import Progress, TrainingPlan
from clipsql.training.starting import Start, from_model
from clipsql.training.trainer import train
from clipsql.training.vocabulary import learn_vocabulary, make_tokenizer

IMAGE_SIZE, PATCH_SIZE, CONTEXT = 112, 14, 40
WIDTH, HEADS, VISION_DEPTH, TEXT_DEPTH, DIMENSIONS = 160, 5, 4, 2, 128
VOCABULARY_SIZE = 1200

_log = logging.getLogger(__name__)


def new_model(vocabulary_size: int, *, seed: int = 0) -> Any:
    """A small CLIPModel with random weights; the last two tokens of its vocabulary mark start and end."""
    from transformers import CLIPConfig, CLIPModel

    tower = {
        "hidden_size": WIDTH,
        "intermediate_size": 4 * WIDTH,
        "num_attention_heads": HEADS,
        "projection_dim": DIMENSIONS,
    }
    config = CLIPConfig(
        text_config=tower
        | {
            "num_hidden_layers": TEXT_DEPTH,
            "vocab_size": vocabulary_size,
            "max_position_embeddings": CONTEXT,
            "bos_token_id": vocabulary_size - 2,
            "eos_token_id": vocabulary_size - 1,
            "pad_token_id": vocabulary_size - 1,
        },
        vision_config=tower
        | {"num_hidden_layers": VISION_DEPTH, "image_size": IMAGE_SIZE, "patch_size": PATCH_SIZE},
        projection_dim=DIMENSIONS,
        logit_scale_init_value=3.0,
    )
    # Plain attention trains such short sequences 1.7 times faster on a CPU than the fused kind.
    config._attn_implementation = "eager"
    torch.manual_seed(seed)
    return CLIPModel(config)


def new_image_processor() -> Any:
    """Squeezes a whole picture into the model's square, so that nothing at the sides is lost."""
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    return CLIPImageProcessorPil(
        size={"height": IMAGE_SIZE, "width": IMAGE_SIZE},
        do_center_crop=False,
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.27, 0.27, 0.27],
    )


def new_start(examples: SceneExamples) -> Start:
    """The untrained model, and a vocabulary learned from the captions of 2,000 scenes."""
    some = range(min(len(examples), 2000))
    texts = (text for number in some for text in examples.captions(number))
    lexicon = {*CHINESE.phrases(), *CHINESE_PARTICLES}
    vocabulary = learn_vocabulary(texts, size=VOCABULARY_SIZE, lexicon=lexicon)
    model = new_model(len(vocabulary.tokens))
    return Start(model, make_tokenizer(vocabulary, context=CONTEXT), new_image_processor())


def build(
    work_folder: Path, model_folder: Path, *, scenes: int, epochs: int, start_from: Path | None = None
) -> None:
    """Train the model in `work_folder` and put it, in half precision, into `model_folder`."""
    examples = SceneExamples(scenes)
    start = new_start(examples) if start_from is None else from_model(str(start_from))
    plan = TrainingPlan(
        epochs=epochs,
        batch_size=64,
        captions_per_image=2,
        learning_rate=1.5e-3 if start_from is None else 5e-4,
        weight_decay=0.05,
        warmup_steps=100,
        held_out=0.02,
        neighbours=VARIANTS,
    )
    helper = SceneFacts(examples, width=WIDTH, grid=IMAGE_SIZE // PATCH_SIZE)
    _log.info("%d parameters, %d scenes", start.model.num_parameters(), len(examples))
    report = train(
        *start,
        examples,
        plan,
        output_folder=work_folder,
        auxiliary=helper,
        workers=os.cpu_count() or 1,
        on_prepared=lambda done, total: (
            _log.info("drawn %d of %d", done, total) if done % 5120 == 0 else None
        ),
        on_progress=_tell,
    )
    _log.info("%d steps in %.0f s, recall %s", report.steps, report.seconds, dict(report.recall))
    ship(work_folder, model_folder)


def _tell(progress: Progress) -> None:
    if progress.step % 100 == 0 or progress.recall:
        _log.info(
            "step %d of %d, loss %.3f, scale %.1f%s",
            progress.step,
            progress.steps,
            progress.loss,
            progress.logit_scale,
            f", recall {dict(progress.recall)}" if progress.recall else "",
        )


def ship(work_folder: Path, model_folder: Path) -> None:
    """Copy the trained folder with its weights in half precision, and a config that asks for single."""
    from safetensors.torch import load_file, save_file

    model_folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(work_folder.iterdir()):
        if file.suffix == ".json":
            shutil.copyfile(file, model_folder / file.name)
    weights = load_file(work_folder / "model.safetensors")
    halved = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
    target = model_folder / "model.safetensors"
    save_file(halved, target, metadata={"format": "pt"})
    target.chmod(0o644)


@click.command()
@click.option("--work-folder", type=click.Path(path_type=Path), default=Path("build/demo_model"))
@click.option("--model-folder", type=click.Path(path_type=Path), default=MODEL_FOLDER)
@click.option("--scenes", default=32_000, show_default=True)
@click.option("--epochs", default=14, show_default=True)
@click.option("--start-from", type=click.Path(path_type=Path), help="Go on from this model folder.")
def main(work_folder: Path, model_folder: Path, scenes: int, epochs: int, start_from: Path | None) -> None:
    """Train the model in the box; run again after an interruption, it goes on."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    build(work_folder, model_folder, scenes=scenes, epochs=epochs, start_from=start_from)


if __name__ == "__main__":
    main()
