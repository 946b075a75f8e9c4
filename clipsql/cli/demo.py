"""`clipsql demo`: everything at work in a minute."""

from __future__ import annotations

import click

from clipsql.cli.logs import Progress
from clipsql.cli.options import database_option
from clipsql.cli.output import show_table
from clipsql.cli.stopping import goes_on
from clipsql.config import Settings
from clipsql.db.engine import shown_url
from clipsql.db.opening import open_database
from clipsql.errors import ConfigurationError
from clipsql.extras import require_extra
from clipsql.search.page import Section, write_page
from clipsql.search.searcher import Searcher


@click.command()
@click.option("--frames", type=click.IntRange(min=50, max=5000), default=600, show_default=True)
@click.option("--film", "with_film", is_flag=True, help="Also a film of one camera, to search for moments.")
@click.option("--clean", "clean_up", is_flag=True, help="Remove all that the demo made, and nothing else.")
@click.option("--serve", "is_served", is_flag=True, help="Show it as a gallery in the end, until Ctrl-C.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="Of --serve.")
@database_option
@goes_on
def demo(
    settings: Settings, frames: int, with_film: bool, clean_up: bool, is_served: bool, port: int
) -> None:
    """Draw a week of traffic cameras, ingest it with the model in the box, and show what SQL finds.

    \b
    clipsql demo
    clipsql demo --film
    clipsql demo --serve
    clipsql demo --clean
    """
    from clipsql.demo import tour, world

    if not clean_up:
        require_extra("clip", "The demo")
        if with_film:
            require_extra("video", "The film")
        if is_served:
            require_extra("serve", "The gallery")
    folder = settings.home / "demo"
    with open_database(settings) as engine:
        if clean_up:
            gone = world.clean(engine, folder)
            click.echo(f"Removed {', '.join(gone)}." if gone else "There is nothing of the demo here.")
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"{folder} cannot be written: {error.strerror}; set CLIPSQL_HOME to a folder of yours."
            ) from error
        with (
            Progress("frames", total=frames, what="drawing") as drawing,
            Progress("frames", total=frames, what="ingesting") as ingesting,
        ):
            report = world.set_up(
                engine,
                folder,
                frames=frames,
                on_drawn=drawing.advance,
                on_outcome=lambda _outcome: ingesting.advance(),
            )
        counts = ", ".join(f"{number} {outcome}" for outcome, number in sorted(report.outcomes.items()))
        click.echo(f"Frames of 12 cameras over a week: {counts}; {report.captions} captions added.")
        world.look_again(engine)
        sections = []
        for number, answer in enumerate(tour.run_tour(engine), start=1):
            click.secho(f"\n{number}. {answer.title}", bold=True)
            click.echo(answer.sql + ";")
            show_table(answer.columns, [[_short(value) for value in row] for row in answer.rows])
            sections.append(Section(answer.title, tour.matches_of(engine, answer), answer.sql))
        sections = [section for section in sections if section.matches]
        shown = {match.image_id for section in sections for match in section.matches}
        page = folder / "demo.html"
        files = Searcher(engine).files(sorted(shown))
        address = shown_url(engine)
        write_page(page, title="clipsql demo", sections=sections, files=files, thumbnails={})
        if with_film:
            film = world.set_up_film(engine, folder)
            told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(film.outcomes.items()))
            click.echo(
                f"\nA film of one of them, {folder / world.FILM}: {told}. When a red truck drives past:"
            )
            click.echo(
                f'  clipsql search moments "a red truck" --in-collection {world.FILM_COLLECTION} --model {tour.MODEL}'
            )
    click.echo(f"As a page of pictures: {page}")
    click.echo(f'The database, for any SQL client or BI tool (its password: "clipsql db url"): {address}')
    if settings != Settings.from_environment():
        click.echo("Give these commands the same --database-url: without it they open another database.")
    click.echo("Three queries to try next, with clipsql db psql:")
    for query in tour.NEXT_QUERIES:
        click.echo(f"  {query}")
    click.echo(
        "The model in the box knows only this little world of drawn traffic; for real photos: "
        "clipsql ingest FOLDER --model openai/clip-vit-base-patch32"
    )

    if is_served:
        from clipsql.serving.options import ServeOptions
        from clipsql.serving.running import run

        with open_database(settings) as engine:
            click.echo(f"As a gallery, for this machine alone: http://localhost:{port}/")
            run(engine, ServeOptions(public=True, model=tour.MODEL), host="127.0.0.1", port=port)


def _short(value: object) -> object:
    return f"{value:.3f}" if isinstance(value, float) else value
