"""Alarms that are posted: signed, each at least once and in order, again after a failure, and only in public."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import psycopg
import pytest
import web_server
from click.testing import Result
from sqlalchemy.engine import Engine
from standardwebhooks import Webhook
from waiting import until

from clipsql.db.deliveries import add_webhook
from clipsql.db.models import add_space
from clipsql.errors import ConfigurationError, DownloadError
from clipsql.search.searcher import Searcher
from clipsql.watching.delivering import Deliverer, DeliveryOptions, DeliveryReport
from clipsql.watching.webhooks import read_secret
from clipsql.web.posting import Poster

CLIPSQL = (sys.executable, "-c", "from clipsql.cli import main; main()")
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
Clipsql = Callable[..., Result]


class Receiver:
    """A web server that checks signatures and answers as it is told to; `heard` is what it took, in order."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.tries: list[int] = []
        self.answer: Callable[[dict[str, Any]], int] = lambda _alert: 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                message = Webhook(SECRET).verify(
                    body, {name.lower(): value for name, value in self.headers.items()}
                )
                receiver.tries.append(message["data"]["alert_id"])
                status = receiver.answer(message["data"])
                if status // 100 == 2:
                    receiver.heard.append(message)
                    receiver.ids.append(self.headers["webhook-id"])
                self.send_response(status)
                if status // 100 == 3:
                    self.send_header("location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def searcher(engine: Engine) -> Searcher:
    """On a space of two dimensions, with two watches."""
    add_space(engine, "space", dimensions=2)
    searcher = Searcher(engine)
    searcher.watch("a", query_vector=[1, 0], min_similarity=0.5)
    searcher.watch("b", query_vector=[0, 1], min_similarity=0.5)
    return searcher


def put(searcher: Searcher, *urls: str, vector: tuple[float, float] = (1, 0)) -> list[int]:
    return [searcher.put("c", url, embedding=vector) for url in urls]


def deliver(engine: Engine, receiver: Receiver, **options: Any) -> DeliveryReport:
    webhook_id = add_webhook(engine, receiver.url)
    given = DeliveryOptions(**{"allow_private_hosts": True, "first_wait_s": 0.02, **options})
    return Deliverer(engine, webhook_id, receiver.url, secret=read_secret(SECRET), options=given).run(
        until_empty=True
    )


def heard(receiver: Receiver, watch: str = "a") -> list[int]:
    return [message["data"]["alert_id"] for message in receiver.heard if message["data"]["watch"] == watch]


def test_every_alarm_is_posted_once_signed_and_in_order(
    engine: Engine, searcher: Searcher, receiver: Receiver
) -> None:
    put(searcher, "1", "2")
    searcher.put("c", "3", embedding=[1, 1], metadata={"gate": "north ü"})
    report = deliver(engine, receiver)
    assert (report.delivered, report.failed_tries, report.waiting, report.dead) == (4, 0, 0, 0)
    assert heard(receiver) == sorted(heard(receiver))
    alerts = {alert.alert_id: alert for alert in searcher.alerts()}
    assert len(set(receiver.ids)) == 4
    for message, message_id in zip(receiver.heard, receiver.ids, strict=True):
        alert = alerts.pop(message["data"]["alert_id"])
        assert message_id == f"clipsql_alert_{alert.alert_id}"
        assert (message["type"], message["timestamp"]) == ("alert.raised", alert.raised_at.isoformat())
        assert message["data"] == {
            "alert_id": alert.alert_id, "watch_id": alert.watch_id, "watch": alert.watch, "image_id": alert.image_id,
            "url": alert.url, "taken_at": None, "metadata": alert.metadata, "similarity": alert.similarity,
            "percentile": alert.percentile, "repeats": 0,
        }  # fmt: skip
    assert alerts == {}
    assert deliver(engine, receiver).delivered == 0
    put(searcher, "4", "5")  # while nobody delivers
    assert deliver(engine, receiver).delivered == 2
    assert heard(receiver) == sorted(set(heard(receiver)))


def test_what_is_not_taken_is_tried_again_and_holds_up_its_own_watch_alone(
    engine: Engine, searcher: Searcher, receiver: Receiver
) -> None:
    put(searcher, *(f"a{number}" for number in range(30)))
    put(searcher, *(f"b{number}" for number in range(3)), vector=(0, 1))
    failing = {"a0": 3, "a7": 1}

    def answer(alert: dict[str, Any]) -> int:
        failing[alert["url"]] = failing.get(alert["url"], 0) - 1
        return 503 if failing[alert["url"]] >= 0 else 200

    receiver.answer = answer
    report = deliver(engine, receiver)
    assert (report.delivered, report.failed_tries, report.given_up) == (33, 4, 0)
    assert heard(receiver) == sorted(heard(receiver))
    assert len(heard(receiver)) == 30
    first = [message["data"]["watch"] for message in receiver.heard[:3]]
    assert first == ["b", "b", "b"]


def test_an_alarm_that_nobody_takes_is_given_up_and_may_be_tried_again(
    engine: Engine, searcher: Searcher, receiver: Receiver, clipsql: Clipsql, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(searcher, "bad", "good")
    receiver.answer = lambda alert: 302 if alert["url"] == "bad" else 200
    report = deliver(engine, receiver, max_tries=3)
    assert (report.delivered, report.failed_tries, report.given_up, report.dead) == (1, 3, 1, 1)
    assert receiver.tries == [1, 1, 1, 2]
    with engine.connect() as connection:
        assert connection.exec_driver_sql(
            "select alert_id, tries, failure from clipsql_private.delivery"
        ).all() == [(1, 3, "the host 127.0.0.1 answers HTTP 302")]
    assert deliver(engine, receiver).dead == 1
    assert receiver.tries == [1, 1, 1, 2]
    receiver.answer = lambda _alert: 200
    monkeypatch.setenv("CLIPSQL_WEBHOOK_SECRET", SECRET)
    command = ("watch", "deliver", receiver.url, "--until-empty", "--allow-private-hosts")
    again = clipsql(*command, "--again")
    assert again.exit_code == 0, again.output
    assert "1 alarms that were given up are tried again." in again.stderr
    assert again.stdout == "1 alarms were taken, 0 tries failed, 0 alarms were given up.\n"
    assert heard(receiver) == [2, 1]
    put(searcher, "bad again")
    receiver.answer = lambda _alert: 500
    given_up = clipsql(*command, "--max-tries", "1", "--json")
    assert given_up.exit_code == 1
    assert json.loads(given_up.stdout) == {
        "delivered": 0, "failed_tries": 1, "given_up": 1, "waiting": 0, "dead": 1,
    }  # fmt: skip
    assert "Alarm 3 was not taken (the host 127.0.0.1 answers HTTP 500); it is given up." in given_up.stderr
    assert clipsql("watch", "deliver", receiver.url, "--forget").exit_code == 0
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select * from clipsql_private.delivery").all() == []
    refused = clipsql("watch", "deliver", receiver.url, "--forget")
    assert (refused.exit_code, "Nothing is delivered to that address" in refused.stderr) == (1, True)


def test_private_addresses_are_refused_and_nothing_is_lost(
    engine: Engine, searcher: Searcher, receiver: Receiver
) -> None:
    put(searcher, "1")
    with pytest.raises(DownloadError, match="inside a private network or this machine"):
        deliver(engine, receiver, allow_private_hosts=False)
    assert receiver.tries == []
    assert deliver(engine, receiver).delivered == 1


@pytest.mark.usefixtures("searcher")
@pytest.mark.parametrize(
    "address",
    ["no url", "ftp://example.org/", "https://me:secret@example.org/", "http://", "http://127.0.0.1:9/hook"],
)
def test_what_is_no_address_is_refused_before_anything_waits_for_it(
    engine: Engine, clipsql: Clipsql, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("CLIPSQL_WEBHOOK_SECRET", SECRET)
    refused = clipsql("watch", "deliver", address, "--until-empty")
    assert refused.exit_code == 1, refused.output
    assert refused.stderr.splitlines()[-1].startswith("Error: ")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("select * from clipsql_private.webhook").all() == []


@pytest.mark.parametrize(
    "secret", [None, "", "whsec_", "whsec_c2hvcnQ=", "whsec_" + "A" * 100, "no base64!" * 4]
)
def test_a_secret_that_is_none_is_refused(
    clipsql: Clipsql, monkeypatch: pytest.MonkeyPatch, secret: str | None
) -> None:
    if secret is None:
        monkeypatch.delenv("CLIPSQL_WEBHOOK_SECRET", raising=False)
    else:
        monkeypatch.setenv("CLIPSQL_WEBHOOK_SECRET", secret)
    refused = clipsql("watch", "deliver", "https://example.org/")
    assert refused.exit_code == 1
    assert "CLIPSQL_WEBHOOK_SECRET must hold" in refused.stderr
    assert read_secret(SECRET.removeprefix("whsec_")) == bytes(range(32))


def test_two_do_not_deliver_to_one_address(engine: Engine, searcher: Searcher, receiver: Receiver) -> None:
    put(searcher, "1")
    webhook_id = add_webhook(engine, receiver.url)
    with psycopg.connect(
        engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    ) as other:
        other.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"clipsql deliver {webhook_id}",)
        )
        with pytest.raises(ConfigurationError, match="Another process delivers to that address"):
            deliver(engine, receiver)


def test_a_slow_receiver_or_none_is_a_failure(engine: Engine, searcher: Searcher, receiver: Receiver) -> None:
    put(searcher, "1")

    def answer(_alert: dict[str, Any]) -> int:
        time.sleep(0.5)
        return 200

    receiver.answer = answer
    report = deliver(engine, receiver, timeout_s=0.1, max_tries=1)
    assert (report.given_up, report.dead) == (1, 1)
    put(searcher, "2")
    receiver.close()
    assert deliver(engine, receiver, max_tries=2).failed_tries == 2
    with engine.connect() as connection:
        failures = connection.exec_driver_sql(
            "select failure from clipsql_private.delivery order by alert_id"
        ).scalars()
        slow, gone = failures
    assert slow == "the host 127.0.0.1 took longer than 0.1 s"
    assert "cannot be reached" in gone


def test_a_webhook_that_is_added_while_pictures_come_misses_none(
    engine: Engine, searcher: Searcher, receiver: Receiver
) -> None:
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            put(searcher, str(number := number + 1))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        time.sleep(0.2)
        add_webhook(engine, receiver.url)
        time.sleep(0.2)
    finally:
        stop.set()
        writer.join()
    deliver(engine, receiver)
    assert heard(receiver) == sorted(alert.alert_id for alert in searcher.alerts(max_results=10_000))
    assert len(heard(receiver)) > 20


@pytest.mark.usefixtures("searcher")
def test_a_webhook_waits_for_pictures_that_are_being_written(engine: Engine, receiver: Receiver) -> None:
    with engine.connect() as writing, ThreadPoolExecutor(1) as pool:
        put(Searcher(writing, model="space"), "not yet")
        added = pool.submit(add_webhook, engine, receiver.url)
        time.sleep(0.3)
        writing.commit()
        added.result(timeout=30)
    assert deliver(engine, receiver).delivered == 1


def test_each_further_try_is_made_later(engine: Engine, searcher: Searcher, receiver: Receiver) -> None:
    put(searcher, "1")
    moments: list[float] = []

    def answer(_alert: dict[str, Any]) -> int:
        moments.append(time.monotonic())
        return 500 if len(moments) < 3 else 200

    receiver.answer = answer
    deliver(engine, receiver, first_wait_s=0.3)
    first, second = np.diff(moments)
    assert first >= 0.3
    assert second >= 4 * 0.3


def test_a_killed_deliverer_loses_nothing(searcher: Searcher, receiver: Receiver, database_url: str) -> None:
    put(searcher, *(str(number) for number in range(60)))
    environment = os.environ | {"CLIPSQL_DATABASE_URL": database_url, "CLIPSQL_WEBHOOK_SECRET": SECRET}
    command = [*CLIPSQL, "watch", "deliver", receiver.url, "--allow-private-hosts"]

    def slowly(_alert: dict[str, Any]) -> int:
        time.sleep(0.01)
        return 200

    receiver.answer = slowly
    for most in (5, 30):
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        until(lambda most=most: len(receiver.heard) > most, seconds=60)  # type: ignore[misc]
        process.send_signal(signal.SIGKILL)
        process.wait()
    put(searcher, "last")
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    until(lambda: len(set(heard(receiver))) == 61, seconds=60)
    put(searcher, "woken")
    until(lambda: len(set(heard(receiver))) == 62, seconds=4)  # sooner than by the clock
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "run the same command again to go on" in said
    first_times = list(dict.fromkeys(heard(receiver)))
    assert first_times == sorted(first_times)
    assert len(receiver.heard) < 62 + 2 * 20


def test_new_alarms_are_shown_as_they_come(searcher: Searcher, database_url: str) -> None:
    put(searcher, "before")
    command = [*CLIPSQL, "watch", "follow", "a", "--max-results", "2", "--json"]
    process = subprocess.Popen(
        command, env=os.environ | {"CLIPSQL_DATABASE_URL": database_url}, stdout=subprocess.PIPE, text=True
    )
    listens = "select count(*) from pg_stat_activity where query = 'listen clipsql_alert'"
    with psycopg.connect(database_url, autocommit=True) as connection:
        until(lambda: connection.execute(listens).fetchone() == (1,), seconds=60)
    put(searcher, "of b", vector=(0, 1))
    put(searcher, "first", "second")
    said, _ = process.communicate(timeout=30)
    assert [json.loads(line)["url"] for line in said.splitlines()] == ["first", "second"]


def test_a_follower_names_an_unknown_watch(clipsql: Clipsql) -> None:
    refused = clipsql("watch", "follow", "none")
    assert (refused.exit_code, 'There is no watch "none"' in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("url", "private", "message"),
    [
        pytest.param(
            "http://looks-public.example/", False, "inside a private network", id="a private address"
        ),
        pytest.param(None, True, "offers no trusted encryption", id="a certificate that nobody trusts"),
    ],
)
def test_a_post_checks_where_it_goes(url: str | None, private: bool, message: str) -> None:
    async def post(url: str) -> None:
        poster = Poster(timeout_s=5, allow_private_hosts=private, lookup=web_server.here)
        try:
            await poster.post(url, b"{}", {})
        finally:
            await poster.aclose()

    with web_server.WebServer() as server, pytest.raises(DownloadError, match=message):
        asyncio.run(post(url or server.tls_url("/", http2=False)))
