"""`clipsql score`, `describe` and `ask`: have models look at stored pictures again, and keep what they say."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from sqlalchemy.engine import Engine

from clipsql.cli.logs import Progress
from clipsql.cli.options import Command, database_option, encoder_options, json_option, stored_options
from clipsql.cli.output import note, show_json, show_table, warn
from clipsql.cli.reranking import in_the_box, private_hosts_option
from clipsql.cli.stopping import goes_on
from clipsql.config import Settings
from clipsql.db import model_questions, model_tasks
from clipsql.db.calls.arguments import Filters
from clipsql.db.model_questions import Query
from clipsql.db.opening import open_database
from clipsql.demo import DESCRIBING_FOLDER, MATCHING_FOLDER
from clipsql.encoding.answering import load_answerer
from clipsql.encoding.describing import load_describer
from clipsql.encoding.matching import load_cross_encoder
from clipsql.errors import ConfigurationError, UnknownImage
from clipsql.search.query_picture import open_picture
from clipsql.search.searcher import Searcher
from clipsql.viewing import models
from clipsql.viewing.working import View, work


def _viewing_command(command: Command) -> Command:
    """What all three take beside their subject; the command gets `how` to work, and `loading` of its model."""

    @click.option("--limit", type=click.IntRange(min=1), help="Look at so many pictures more, at most.")
    @click.option("--retry-failed", is_flag=True, help="Look again at those that could not be looked at.")
    @private_hosts_option
    @encoder_options
    @functools.wraps(command)
    def run(
        *args: Any,
        limit: int | None,
        retry_failed: bool,
        allow_private_hosts: bool,
        device: str | None,
        dtype: str | None,
        **options: Any,
    ) -> None:
        how = {"limit": limit, "retry_failed": retry_failed, "allow_private_hosts": allow_private_hosts}
        command(*args, how=how, loading={"device": device, "dtype": dtype}, **options)

    return json_option(database_option(goes_on(run)))


def _model_option(what: str, box: Path | None = None) -> Callable[[Command], Command]:
    callback = None if box is None else in_the_box(box)
    return click.option(
        "--model", metavar="FOLDER|NAME", required=True, callback=callback, help=f"What {what}."
    )


@click.command()
@click.argument("texts", metavar="TEXT", nargs=-1)
@click.option(
    "--file",
    "text_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="More texts, one a line.",
)
@_model_option(
    "scores: a model with an image-text matching head, such as Salesforce/blip-itm-base-coco", MATCHING_FOLDER
)
@click.option(
    "--waiting",
    "takes_waiting",
    is_flag=True,
    help="Also score what waits for this model: the gallery asked for it.",
)
@click.option(
    "--candidates",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    help="Score so many of the nearest pictures of each text.",
)
@click.option(
    "--search-model", metavar="NAME", help="The model that finds them; default: that of the database."
)
@stored_options
@_viewing_command
def score(
    settings: Settings,
    texts: tuple[str, ...],
    text_file: Path | None,
    model: str,
    takes_waiting: bool,
    candidates: int,
    search_model: str | None,
    options: Filters,
    timezone: str,
    how: dict[str, Any],
    loading: dict[str, Any],
    as_json: bool,
) -> None:
    """Store how likely each TEXT is true of the pictures nearest to it, for joins with clipsql.model_answer.

    SQL then has it as clipsql.itm_score(image_id, query_id). Several of these commands share the work; one that broke
    off goes on when it is run again, and what is scored is not scored again.

    \b
    clipsql score "a red truck and a yellow bus" --model ./blip-itm --in-collection gate
    clipsql score --file queries.txt --model Salesforce/blip-itm-base-coco --candidates 500
    clipsql score --waiting --model ./blip-itm
    """
    wanted = [*texts, *(_lines(text_file) if text_file else ())]
    if not wanted and not takes_waiting:
        raise click.UsageError("There is no text to score; give one, a --file of them, or --waiting.")
    rows = []
    with open_database(settings) as engine:
        matcher = load_cross_encoder(model, **loading)
        searcher = Searcher(engine, model=search_model, timezone=timezone, **loading)
        for text in wanted:
            query = models.stored_query(engine, "match", text, matcher)
            found = searcher.search_text(text, **{**options, "max_results": candidates})  # type: ignore[arg-type]
            image_ids = [match.image_id for match in found]
            come = _work(engine, query, models.matching(matcher, text), image_ids, how)
            rows.append({"query_id": query.query_id, "query": text, **come})
        asked = {"model": models.stored_name(matcher), "revision": matcher.revision}
        for query, image_ids in (
            model_questions.waiting_queries(engine, "match", **asked) if takes_waiting else ()
        ):
            come = _work(engine, query, models.matching(matcher, query.body), image_ids, how)
            rows.append({"query_id": query.query_id, "query": query.body, **come})
    if takes_waiting and not rows and not as_json:
        note("Nothing waits for this model.")
    else:
        _show(rows, as_json=as_json)


@click.command()
@click.argument("collection")
@_model_option(
    "describes: an image-to-text model, such as Salesforce/blip-image-captioning-base", DESCRIBING_FOLDER
)
@click.option("--language", default="en", show_default=True, help="That the model speaks, as en or zh.")
@_viewing_command
def describe(
    settings: Settings,
    collection: str,
    model: str,
    language: str,
    how: dict[str, Any],
    loading: dict[str, Any],
    as_json: bool,
) -> None:
    """Write what a model says of each picture of COLLECTION as a caption, once; workers then embed it.

    Such a caption has model: and the model's name in clipsql.caption.source, where those of people have null. Searches
    find its words too; the word source:person in a caption query leaves them out.

    \b
    clipsql describe gate --model Salesforce/blip-image-captioning-base --limit 1000
    clipsql search text "a truck" --caption-query "bridge source:person"
    """
    with open_database(settings) as engine:
        describer = load_describer(model, **loading)
        image_ids = model_questions.filtered_images(engine, {"in_collection": collection})
        query = models.stored_query(engine, "describe", language, describer)
        come = _work(engine, query, models.describing(describer), image_ids, how)
        row = {"collection": collection, "model": query.model, **come}
    _show([row], as_json=as_json)
    if row["answered"]:
        note('The descriptions are captions now; "clipsql worker --until-empty" makes their vectors.')


@click.command()
@click.argument("subject", metavar="[IMAGE] QUESTION", nargs=-1, required=True)
@_model_option("answers: a visual question answering model, such as Salesforce/blip-vqa-base")
@stored_options
@_viewing_command
def ask(
    settings: Settings,
    subject: tuple[str, ...],
    model: str,
    options: Filters,
    timezone: str,
    how: dict[str, Any],
    loading: dict[str, Any],
    as_json: bool,
) -> None:
    """Ask a model QUESTION about IMAGE, or about every picture that passes filters: how often is which answer given?

    IMAGE is the number of a stored picture, a file, or an http or https address. Answers about stored pictures are
    kept, in clipsql.picture_answer for SQL; what is answered is not asked again.

    \b
    clipsql ask 42 "what colour is the lorry?" --model Salesforce/blip-vqa-base
    clipsql ask "is it raining?" --model ./blip-vqa --in-collection gate --taken-from 2024-05-01
    """
    if len(subject) > 2 or (len(subject) == 2 and options):
        raise click.UsageError("Give an image and a question, or a question alone, with filters if you like.")
    question = subject[-1]
    with open_database(settings) as engine:
        answerer = load_answerer(model, **loading)
        view = models.answering(answerer, question)
        picture = subject[0] if len(subject) == 2 else None
        if picture is not None and not picture.isdecimal():
            opened = open_picture(picture, allow_private_hosts=how["allow_private_hosts"])
            one = view([opened.pixels])[0]
            _show([{"answer": one.text, "probability": one.score}], as_json=as_json)
            return
        query = models.stored_query(engine, "answer", question, answerer)
        if picture is not None:
            options["only_images"] = [int(picture)]
        image_ids = model_questions.filtered_images(engine, options, timezone=timezone)
        if picture is not None and not image_ids:
            raise UnknownImage(f"There is no picture {picture} with a content; see clipsql.picture.")
        _work(engine, query, view, image_ids, how)
        answers = model_questions.answers(engine, query, image_ids)
    if picture is not None:
        rows = [{"answer": one.text, "probability": one.score} for one in answers.values()]
    else:
        counts = Counter(answer.text for answer in answers.values())
        rows = [
            {"answer": text, "count": number}
            for text, number in sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
        ]
    _show(rows, as_json=as_json)


def _work(
    engine: Engine, query: Query, view: View, image_ids: Sequence[int], how: dict[str, Any]
) -> dict[str, int]:
    """Queue what has no answer, work until nothing is free, and tell how far all of the pictures have come."""
    model_tasks.queue_pictures(engine, query, image_ids, limit=how["limit"], retry_failed=how["retry_failed"])
    with Progress("pictures") as progress:
        failed = 0

        def show(answered: int, problems: int) -> None:
            nonlocal failed
            failed += problems
            for _ in range(answered + problems):
                progress.advance(failed=failed)

        work(engine, query, view, allow_private_hosts=how["allow_private_hosts"], on_done=show)
    come = model_questions.standing(engine, query, image_ids)
    if come.failed:
        warn(
            f"{come.failed} of {len(image_ids)} pictures could not be looked at; --retry-failed looks again, and "
            "clipsql_private.model_task tells why."
        )
    if come.waiting:
        warn(
            f"{come.waiting} pictures are in the hands of others; run the command again to see what came of them."
        )
    return {
        "pictures": len(image_ids),
        "answered": come.answered,
        "failed": come.failed,
        "waiting": come.waiting,
    }


def _lines(file: Path) -> list[str]:
    """The texts of a file, one a line, without empty ones. Raises ConfigurationError."""
    try:
        return [line.strip() for line in file.read_text("utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}; give a text file in UTF-8.") from error


def _show(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        for row in rows:
            show_json(row)
    elif not rows:
        note("No picture matches.")
    else:
        columns = list(rows[0])
        show_table(
            [name.replace("_", " ") for name in columns],
            (
                [f"{row[name]:.3f}" if isinstance(row[name], float) else row[name] for name in columns]
                for row in rows
            ),
        )
