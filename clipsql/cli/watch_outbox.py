"""`clipsql watch follow` and `deliver`: how others hear of alarms."""

from __future__ import annotations

import itertools
import os

import click

from clipsql.cli.logs import Progress
from clipsql.cli.options import database_option, json_option
from clipsql.cli.output import note, show_json
from clipsql.cli.stopping import goes_on
from clipsql.config import Settings
from clipsql.db.deliveries import add_webhook, remove_webhook, revive_dead_deliveries
from clipsql.db.opening import open_database
from clipsql.extras import require_extra
from clipsql.watching.listening import follow as new_alerts
from clipsql.watching.webhooks import SECRET, read_secret


@click.command()
@click.argument("name", required=False)
@click.option(
    "--max-results", type=click.IntRange(min=1), help="End after so many; default: go on without end."
)
@json_option
@database_option
def follow(settings: Settings, name: str | None, max_results: int | None, as_json: bool) -> None:
    """Show new alarms as they come, of the watch NAME or of all, until Ctrl-C.

    \b
    clipsql watch follow "red lorry" --json
    """
    with open_database(settings) as engine:
        for alert in itertools.islice(new_alerts(engine, name), max_results):
            if as_json:
                show_json(alert)
            else:
                told = f"{alert.watch}  {alert.similarity:.3f}  image {alert.image_id}  {alert.url}"
                click.echo(f"{alert.raised_at:%Y-%m-%d %H:%M:%S%z}  {told}")


@click.command()
@click.argument("address")
@click.option("--until-empty", is_flag=True, help="End when nothing waits, instead of waiting for more.")
@click.option("--again", is_flag=True, help="Try what was given up again, too.")
@click.option("--forget", is_flag=True, help="Deliver nothing more to ADDRESS, and end.")
@click.option(
    "--max-tries",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="Give an alarm up after so many; ten take about a day.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0.1),
    default=15.0,
    show_default=True,
    metavar="SECONDS",
    help="For one try.",
)
@click.option("--allow-private-hosts", is_flag=True, help="Post to this machine and private networks too.")
@json_option
@database_option
@goes_on
def deliver(
    settings: Settings,
    address: str,
    until_empty: bool,
    again: bool,
    forget: bool,
    max_tries: int,
    timeout_s: float,
    allow_private_hosts: bool,
    as_json: bool,
) -> None:
    """Post every alarm to ADDRESS, an http or https URL: those that are there, then new ones as they come.

    Messages are signed as standardwebhooks.com says, with the secret in the environment variable
    CLIPSQL_WEBHOOK_SECRET. Each alarm arrives at least once, under one webhook-id; those of one watch in their order.
    What is not taken is tried again, ever later, and given up in the end. Alarms wait for ADDRESS while this does not
    run. With --until-empty the exit code is 1 when an alarm was given up.

    \b
    clipsql watch deliver https://example.org/alarms
    clipsql watch deliver https://example.org/alarms --forget
    """
    require_extra("web", "To deliver alarms")
    from clipsql.watching.delivering import Deliverer, DeliveryOptions, require_address

    if forget:
        with open_database(settings) as engine:
            remove_webhook(engine, address)
        return
    secret = read_secret(os.environ.get(SECRET))
    options = DeliveryOptions(
        allow_private_hosts=allow_private_hosts, timeout_s=timeout_s, max_tries=max_tries
    )
    require_address(address, options)
    with open_database(settings) as engine, Progress("alarms") as progress:
        webhook_id = add_webhook(engine, address)
        if again:
            note(f"{revive_dead_deliveries(engine, webhook_id):,} alarms that were given up are tried again.")
        deliverer = Deliverer(engine, webhook_id, address, secret=secret, options=options)
        report = deliverer.run(until_empty=until_empty, on_delivered=progress.reach)
    if as_json:
        show_json(report)
    else:
        click.echo(
            f"{report.delivered:,} alarms were taken, {report.failed_tries:,} tries failed, "
            f"{report.given_up:,} alarms were given up."
        )
    if report.given_up:
        raise click.exceptions.Exit(1)
