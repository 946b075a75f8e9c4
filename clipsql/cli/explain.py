"""`clipsql explain`: which words of a text count, and where in a picture it is."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table

from clipsql.cli.options import database_option, encoder_options, json_option
from clipsql.cli.output import note, show_json
from clipsql.cli.search import write_matches
from clipsql.config import Settings
from clipsql.db.opening import open_database
from clipsql.errors import ConfigurationError
from clipsql.search.page import Section
from clipsql.search.results import WordWeight
from clipsql.search.searcher import Searcher

_BAR_WIDTH = 40
_model_option = click.option("--model", metavar="NAME", help="Default: the default model of the database.")


class _Explain(click.Group):
    """`explain 42 "a red truck"` is short for `explain image 42 "a red truck"`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(ctx, ["image", *args] if args[0].isdigit() else args)


@click.group(cls=_Explain)
def explain() -> None:
    """Why this hit? Which words of a text count, and where in a picture the text is.

    What is shown are hints, not causes: another word or patch may have decided all the same.

    \b
    clipsql explain text "a red truck at night"
    clipsql explain 42 "a red truck"
    """


@explain.command()
@click.argument("query")
@_model_option
@json_option
@database_option
def text(settings: Settings, query: str, model: str | None, as_json: bool) -> None:
    """Show how much attention each word of QUERY gets.

    It is the attention of the end token, whose state becomes the embedding, averaged over the heads of the last layer.

    \b
    clipsql explain text "a red truck at night"
    """
    with open_database(settings) as engine:
        words = Searcher(engine, model=model).explain_text(query)
    if as_json:
        for word in words:
            show_json(word)
    else:
        _show_bars(words)


def _show_bars(words: list[WordWeight]) -> None:
    table = Table.grid(padding=(0, 2))
    most = max(word.weight for word in words)
    for word in words:
        bar = ProgressBar(total=most, completed=word.weight, width=_BAR_WIDTH)
        table.add_row(word.word, f"{word.weight:.2f}", bar)
    Console(markup=False, highlight=False).print(table)


@explain.command()
@click.argument("image", type=int)
@click.argument("query")
@click.option(
    "--png",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write the picture; default: explain-IMAGE.png here.",
)
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page instead.")
@_model_option
@encoder_options
@json_option
@database_option
def image(
    settings: Settings,
    image: int,
    query: str,
    png: Path | None,
    html: Path | None,
    model: str | None,
    device: str | None,
    dtype: str | None,
    as_json: bool,
) -> None:
    """Show where in the stored picture IMAGE the text QUERY is: bright and in colour there, dark elsewhere.

    Each patch of the picture is compared with the text, by the values of the last layer without its attention
    (MaskCLIP, Zhou et al. 2022). Where a model is no vision transformer of CLIP, parts are covered in turn, and what
    makes the picture less like the text is bright. The picture is scaled from its least to its most similar patch, so
    something is bright even if the text is nowhere in it: look at the cosine too. "clipsql search image FILE --crop"
    takes the best part.

    \b
    clipsql explain 42 "a red truck" --png truck.png
    clipsql explain image 42 "a red truck" --html truck.html
    """
    with open_database(settings) as engine:
        searcher = Searcher(engine, model=model, device=device, dtype=dtype)
        found = searcher.explain_image(image, query)
        if html is not None:
            matches = searcher.search_text(query, only_images=[image])
            write_matches(html, [Section(query, matches, overlays={image: found.overlay})], searcher)
        if png is not None or html is None:
            target = png or Path(f"explain-{image}.png")
            try:
                found.overlay.save(target, "PNG")
            except OSError as error:
                raise ConfigurationError(
                    f"{target} cannot be written: {error.strerror}; choose another file."
                ) from error
            note(f"Wrote {target}.")
    if as_json:
        show_json(
            {
                "image_id": image,
                "query": query,
                "similarity": found.similarity.round(4).tolist(),
                "is_by_covering": found.is_by_covering,
                "best_box": found.best_box,
            }
        )
    else:
        rows, columns = found.similarity.shape
        least, most = f"{found.similarity.min():.3f}", f"{found.similarity.max():.3f}"
        click.echo(
            f"Covered in turn, parts ({rows} x {columns}) lower the cosine with the text by {least} to {most}."
            if found.is_by_covering
            else f"Patches ({rows} x {columns}) have cosines from {least} to {most} with the text."
        )
        click.echo(f"The best part: --crop {','.join(map(str, found.best_box))}")
