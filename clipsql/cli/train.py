"""`clipsql model train`: adapt CLIP to one's own captioned pictures, or train one from scratch."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import click

from clipsql.cli.logs import Progress
from clipsql.cli.options import database_option, json_option
from clipsql.cli.output import show_json
from clipsql.cli.stopping import Stopped
from clipsql.config import Settings
from clipsql.db import collections
from clipsql.db.models import require_model
from clipsql.db.opening import open_database
from clipsql.errors import ConfigurationError, SourceError
from clipsql.extras import require_extra
from clipsql.picture import UnusableRow
from clipsql.sources import open_source
from clipsql.training import Interrupted, RecordExamples, TrainingPlan
from clipsql.training import Progress as Step

_log = logging.getLogger(__name__)

_DEFAULT = TrainingPlan()


@dataclass(frozen=True)
class _CaptionedFile:
    file: Path | None
    captions: tuple[str, ...]


@click.command()
@click.option(
    "--output", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder of the result."
)
@click.option("--collection", metavar="NAME", help="Train on the captioned pictures of a collection.")
@click.option(
    "--source", type=click.Path(path_type=Path), help="Train on a folder or manifest with captions."
)
@click.option(
    "--from", "start", metavar="NAME|FOLDER", help="CLIP model to go on from; default: the database's."
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CLIPConfig (JSON): train from scratch instead.",
)
@click.option("--epochs", type=int, default=_DEFAULT.epochs, show_default=True)
@click.option("--batch-size", type=int, default=_DEFAULT.batch_size, show_default=True)
@click.option("--learning-rate", type=float, help=f"Default: {_DEFAULT.learning_rate:g}; from scratch 1e-3.")
@click.option("--weight-decay", type=float, default=_DEFAULT.weight_decay, show_default=True)
@click.option("--warmup-steps", type=int, default=_DEFAULT.warmup_steps, show_default=True)
@click.option(
    "--held-out", type=float, default=_DEFAULT.held_out, show_default=True, help="Share to measure recall on."
)
@click.option(
    "--evaluate-every", type=int, default=_DEFAULT.evaluate_every, show_default=True, metavar="STEPS"
)
@click.option(
    "--checkpoint-every", type=int, default=_DEFAULT.checkpoint_every, show_default=True, metavar="STEPS"
)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--device", metavar="DEVICE", help="Default: the best there is.")
@json_option
@database_option
def train(
    settings: Settings,
    output: Path,
    collection: str | None,
    source: Path | None,
    start: str | None,
    config: Path | None,
    learning_rate: float | None,
    device: str | None,
    as_json: bool,
    **plan_options: int | float,
) -> None:
    """Train a CLIP model on captioned pictures and save it as a folder that `clipsql model add` takes.

    Contrastive training as in CLIP (Radford et al. 2021). Ctrl-C keeps a checkpoint after the step under
    way; ended in whatever way, the same command goes on from the last checkpoint in the output folder.

    \b
    clipsql model train --collection holidays --from openai/clip-vit-base-patch32 --output ./my-clip
    clipsql model add ./my-clip --name my-clip --use
    """
    if (collection is None) == (source is None):
        raise ConfigurationError("Give either --collection or --source to train on.")
    if start is not None and config is not None:
        raise ConfigurationError("Give either --from (a trained model) or --config (from scratch), not both.")
    if (output / "model.safetensors").exists():
        raise ConfigurationError(f"{output} holds a finished model already; choose another --output.")
    plan = TrainingPlan(
        learning_rate=learning_rate or (1e-3 if config else _DEFAULT.learning_rate),
        **plan_options,  # type: ignore[arg-type]
    )
    records = _records(settings, collection, source)
    examples = RecordExamples(records)
    start = start or (None if config else _default_model(settings))

    require_extra("clip", "Training")
    from clipsql.training.recall import described
    from clipsql.training.starting import from_config, from_model
    from clipsql.training.trainer import train as run

    texts = (caption for record in records for caption in record.captions)
    begun = from_config(config, texts, seed=plan.seed) if config else from_model(start or "")
    _log.info(
        "%s captioned pictures, %s parameters.", f"{len(examples):,}", f"{begun.model.num_parameters():,}"
    )
    with Progress("steps") as bar:
        try:
            report = run(
                *begun,
                examples,
                plan,
                output_folder=output,
                device=device,
                on_progress=lambda step: _show(bar, step),
            )
        except Interrupted as interrupted:
            raise Stopped(
                f" after step {interrupted.step:,} of {interrupted.steps:,}, whose state is kept; "
                "run the same command again to go on from there"
            ) from None
    if as_json:
        show_json(report)
        return
    recall = described(report.recall)
    click.echo(
        f"Model {report.folder}: {report.steps} steps, loss {report.loss:.3f}{', ' + recall if recall else ''}."
    )
    click.echo(f"Next: clipsql model add {report.folder} --use")


def _records(settings: Settings, collection: str | None, source: Path | None) -> list[_CaptionedFile]:
    if source is not None:
        captioned = []
        for record in open_source(source):
            if isinstance(record, UnusableRow):
                raise SourceError(record.problem)
            captioned.append(_CaptionedFile(record.file, record.captions))
        return captioned
    with open_database(settings) as engine:
        collections.count_images(engine, collection or "")
        return [
            _CaptionedFile(Path(file), tuple(captions))
            for file, captions in collections.captioned_files(engine, collection or "")
        ]


def _default_model(settings: Settings) -> str:
    with open_database(settings) as engine:
        return require_model(engine).files


def _show(bar: Progress, step: Step) -> None:
    bar.reach(step.step, step.steps, loss=round(step.loss, 3), scale=round(step.logit_scale, 1))
