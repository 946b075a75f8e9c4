"""Downloading from a web server that misbehaves: every case ends as specified."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from typing import Any

import httpx2
import pytest
from misbehaviours import ENDINGS
from waiting import until
from web_server import PICTURE, WebServer, here

from clipsql.errors import DownloadError, FailureClass, ImageError
from clipsql.images.decoding import decode
from clipsql.web.downloading import Downloader, DownloadOptions
from clipsql.web.receiving import Answer

PATIENT: dict[str, Any] = {
    "allow_private_hosts": True,
    "timeout_s": 60.0,  # a loaded machine must not fail a test; those about time limits set their own
    "stall_timeout_s": 60.0,
    "retries": 0,
    "first_wait_s": 0.02,
    "longest_wait_s": 5.0,
    "max_bytes": 50_000,
}

Start = Callable[..., Downloader]


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


@pytest.fixture
def start(server: WebServer) -> Iterator[Start]:
    """Start a downloader for which every name is this machine."""
    started: list[Downloader] = []

    def start(**options: Any) -> Downloader:
        downloader = Downloader(DownloadOptions(**PATIENT | options), lookup=here, tls=server.client_tls)
        started.append(downloader.__enter__())
        return downloader

    yield start
    for downloader in started:
        downloader.__exit__(None, None, None)


def failure(downloader: Downloader, url: str) -> DownloadError:
    """Why the URL gave nothing, in one line that names its host or the remedy."""
    with pytest.raises(DownloadError) as caught:
        downloader.fetch(url)
    message = str(caught.value)
    assert "\n" not in message
    assert "; " in message
    return caught.value


def test_a_picture_is_downloaded_whole(server: WebServer, start: Start) -> None:
    download = start().fetch(server.url("/ok.jpg"))
    assert (download.data, download.url, download.final_url) == (PICTURE, *[server.url("/ok.jpg")] * 2)
    assert (download.etag, download.last_modified) == ('"v1"', "Thu, 09 Mar 2017 00:02:08 GMT")


def test_many_pictures_are_downloaded_at_once_over_few_connections(server: WebServer, start: Start) -> None:
    server.latency_s = 0.02
    downloader = start(per_host=4)
    urls = [server.url("/ok.jpg", host=f"h{number % 5}.test") for number in range(200)]
    assert all(future.result().data == PICTURE for future in [downloader.submit(url) for url in urls])
    assert max(server.busiest.values()) == 4
    assert server.connections <= 5 * 4


def test_all_hosts_together_keep_to_the_concurrency(server: WebServer, start: Start) -> None:
    server.latency_s = 0.1
    downloader = start(concurrency=2, ignore_robots=True)
    started = time.monotonic()
    for future in [downloader.submit(server.url("/ok.jpg", host=f"h{number}.test")) for number in range(8)]:
        future.result()
    assert time.monotonic() - started >= 0.4


def test_a_slow_host_keeps_no_other_waiting(server: WebServer, start: Start) -> None:
    downloader = start(concurrency=4, per_host=2, ignore_robots=True)
    slow = [downloader.submit(server.url("/hang", host="slow.test")) for _ in range(20)]
    assert downloader.submit(server.url("/ok.jpg", host="quick.test")).result(50).data == PICTURE
    assert not any(future.done() for future in slow)


@pytest.mark.parametrize("http2", [True, False], ids=["http/2", "http/1.1"])
def test_pictures_come_over_tls(server: WebServer, start: Start, http2: bool) -> None:
    downloader = start(ignore_robots=True)
    urls = [server.tls_url("/ok.jpg", http2=http2)] * 20
    assert all(future.result().data == PICTURE for future in [downloader.submit(url) for url in urls])
    if http2:
        assert server.requests == [("http/2", "/ok.jpg")] * 20
        assert server.connections == 1


@pytest.mark.parametrize("path", ["/cut.jpg", "/short.jpg"])
def test_a_cut_http2_answer_is_truncated(server: WebServer, start: Start, path: str) -> None:
    assert failure(start(), server.tls_url(path)).failure in (
        FailureClass.TRUNCATED,
        FailureClass.DISCONNECTED,
    )


def test_a_certificate_that_nobody_trusts_is_refused(server: WebServer) -> None:
    with Downloader(DownloadOptions(**PATIENT), lookup=here) as downloader:
        error = failure(downloader, server.tls_url("/ok.jpg"))
    assert error.failure is FailureClass.TLS
    assert server.requests == []


def test_a_certificate_of_another_host_is_refused(server: WebServer, start: Start) -> None:
    error = failure(start(), server.tls_url("/ok.jpg", host="example.org"))
    assert error.failure is FailureClass.TLS
    assert "example.org" in str(error)


@pytest.mark.parametrize(("path", "expected"), ENDINGS)
def test_every_misbehaviour_ends_as_its_class(
    server: WebServer, start: Start, path: str, expected: FailureClass
) -> None:
    downloader = start()
    assert failure(downloader, server.url(path)).failure is expected
    assert downloader.fetch(server.url("/ok.jpg")).data == PICTURE


def test_a_bomb_is_unpacked_no_further_than_allowed() -> None:
    async def body() -> AsyncIterator[bytes]:
        yield bomb

    bomb = gzip.compress(PICTURE + bytes(50_000_000))
    answer = Answer(httpx2.URL("http://a.test/"), 200, httpx2.Headers({"content-encoding": "gzip"}), body())
    tracemalloc.start()
    try:
        with pytest.raises(DownloadError, match="larger than"):
            asyncio.run(answer.read(max_bytes=100_000, check_beginning=lambda _: None))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2_000_000


@pytest.mark.parametrize(
    ("path", "limits"),
    [
        pytest.param("/hang", {"stall_timeout_s": 0.3}, id="never answers"),
        pytest.param("/stall", {"stall_timeout_s": 0.3}, id="stops in the middle"),
        pytest.param("/drip", {"timeout_s": 0.8}, id="sends forever, slowly"),
    ],
)
def test_whoever_takes_too_long_is_left(
    server: WebServer, start: Start, path: str, limits: dict[str, float]
) -> None:
    downloader = start(**limits, ignore_robots=True)
    started = time.monotonic()
    assert failure(downloader, server.url(path)).failure is FailureClass.TIMEOUT
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "path",
    [
        "/called-html",
        "/old",
        "/early-hints",
        "/bare-newlines",
        "/packed",
        "/brotli-said",
        "/gzip-said",
        "/proxied",
        f"/part?{len(PICTURE)}",
        "/hops?5",
        "/redirect?//b.test:{port}/ok.jpg",
        "/tagged?otherbot:+noai",
        "/tagged?unavailable_after:+25+Jun+2030+15:00:00+PST",
        "/ok.jpg?a b#fragment",
    ],
)
def test_what_is_unusual_but_right_is_downloaded(server: WebServer, start: Start, path: str) -> None:
    port = server.url("").rpartition(":")[2]
    assert start().fetch(server.url(path.format(port=port))).data == PICTURE


def test_an_answer_that_nobody_asked_for_is_nobodys(server: WebServer, start: Start) -> None:
    downloader = start(ignore_robots=True, per_host=1)
    for pause_s in (0, 0.05):
        assert downloader.fetch(server.url(f"/two-answers?{pause_s}")).data == PICTURE
        if pause_s:  # the other answer comes while the connection waits to be used again
            until(lambda: server.asked("/two-answers") == server.asked("both answers"))
            time.sleep(0.1)
        assert downloader.fetch(server.url("/ok.jpg")).data == PICTURE


def test_a_picture_cut_without_any_length_is_refused_when_decoded() -> None:
    with pytest.raises(ImageError, match="cut short"):
        decode(PICTURE[:-100])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "no url",
        "ftp://a.test/x.jpg",
        "file:///etc/passwd",
        "http://",
        "http:///x.jpg",
        "http://a b/x.jpg",
        "http://a.test:99999/",
        "http://a.test:0/",
        "http://me@a.test/x.jpg",
        "http://me:secret@a.test/x.jpg",
        "http://a.test/x\ny",
        "http://[::1/",
        "http://%6c/",
        f"http://{'a' * 300}.test/",
        "javascript:alert(1)",
        "\ud800",
    ],
)
def test_what_is_no_url_to_fetch_is_refused(start: Start, url: str) -> None:
    error = failure(start(), url)
    assert error.failure is FailureClass.BAD_URL
    assert "secret" not in str(error)


def test_what_fails_in_passing_is_tried_again(server: WebServer, start: Start) -> None:
    downloader = start(retries=2, ignore_robots=True)
    assert downloader.fetch(server.url("/better-then")).data == PICTURE
    failure(downloader, server.url("/status?404"))
    failure(downloader, server.url("/hang-up"))
    assert [server.asked(path) for path in ("/better-then", "/status", "/hang-up")] == [2, 1, 3]


@pytest.mark.parametrize(("wanted", "least"), [("1", 1.0), ("date", 0.9), ("soon", 0.0)])
def test_a_host_that_asks_to_wait_is_left_alone_so_long(
    server: WebServer, start: Start, wanted: str, least: float
) -> None:
    downloader = start(retries=1, ignore_robots=True)
    started = time.monotonic()
    later = downloader.submit(server.url(f"/later?{wanted}"))
    until(lambda: server.asked("/later") > 0)
    time.sleep(0.05)
    other = downloader.submit(server.url("/ok.jpg"))
    assert later.result().data == other.result().data == PICTURE
    assert time.monotonic() - started >= least


def test_a_host_that_asks_to_wait_long_is_not_asked_again(server: WebServer, start: Start) -> None:
    downloader = start(retries=3, ignore_robots=True)
    error = failure(downloader, server.url("/later?3600"))
    assert (error.failure, error.retry_after_s) == (FailureClass.RATE_LIMITED, 3600)
    error = failure(downloader, server.url("/ok.jpg"))
    assert error.failure is FailureClass.RATE_LIMITED
    assert 3590 < (error.retry_after_s or 0) <= 3600
    assert len(server.requests) == 1
    assert downloader.fetch(server.url("/ok.jpg", host="b.test")).data == PICTURE


@pytest.mark.parametrize("wait", ["999999999", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_wait_that_nobody_means_fails_no_other_address_of_the_host(
    server: WebServer, start: Start, wait: str
) -> None:
    downloader = start(retries=0, ignore_robots=True)
    error = failure(downloader, server.url(f"/busy?{wait}"))
    assert (error.failure, error.retry_after_s) == (FailureClass.RATE_LIMITED, None)
    assert downloader.fetch(server.url("/ok.jpg")).data == PICTURE


@pytest.mark.parametrize("declared", ["9" * 5001, "²", "-1", "1e3", ""])
def test_a_length_that_is_no_number_is_none(declared: str) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b""

    headers = httpx2.Headers({"content-length": declared.encode()}) if declared else httpx2.Headers()
    assert Answer(httpx2.URL("http://a.test/"), 200, headers, body()).length is None


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("pieces", [[b"x"], [b"", b"x", b"", b"y"]], ids=["one byte", "byte by byte"])
def test_a_body_is_read_whole_however_it_comes(pieces: list[bytes], encoding: str) -> None:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    answer = Answer(httpx2.URL("http://a.test/"), 200, httpx2.Headers({"content-encoding": encoding}), body())
    read = answer.read(max_bytes=100, check_beginning=lambda _beginning: None)
    assert asyncio.run(read) == b"".join(pieces)


def test_an_error_that_nobody_foresaw_fails_its_picture_alone(server: WebServer) -> None:
    async def lookup(host: str) -> Sequence[str]:
        if host == "odd.test":
            raise ZeroDivisionError("division\nby zero")
        return await here(host)

    options = DownloadOptions(**PATIENT, ignore_robots=True)
    with Downloader(options, lookup=lookup) as downloader:
        odd = downloader.submit(server.url("/ok.jpg", host="odd.test"))
        good = downloader.submit(server.url("/ok.jpg"))
        with pytest.raises(DownloadError, match=r"^ZeroDivisionError: division by zero; report it") as caught:
            odd.result()
        assert caught.value.failure is FailureClass.UNEXPECTED
        assert good.result().data == PICTURE


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("closed.test", "/ok.jpg", FailureClass.ROBOTS),
        ("partly.test", "/ok.jpg", None),
        ("partly.test", "/private/ok.jpg", FailureClass.ROBOTS),
        ("huge.test", "/ok.jpg", FailureClass.ROBOTS),
        ("binary.test", "/ok.jpg", None),
        ("inward.test", "/ok.jpg", None),
        ("broken.test", "/ok.jpg", FailureClass.SERVER_ERROR),
        ("a.test", "/redirect?//closed.test:{port}/ok.jpg", FailureClass.ROBOTS),
    ],
)
def test_robots_txt_is_honoured(
    server: WebServer, host: str, path: str, expected: FailureClass | None
) -> None:
    url = server.url(path.format(port=server.url("").rpartition(":")[2]), host=host)
    with Downloader(DownloadOptions(**PATIENT), lookup=here) as downloader:
        if expected is None:
            assert downloader.fetch(url).data == PICTURE
        else:
            assert failure(downloader, url).failure is expected
            assert server.asked("/ok.jpg") == server.asked("/private/ok.jpg") == 0
    with Downloader(DownloadOptions(**PATIENT, ignore_robots=True), lookup=here) as downloader:
        assert downloader.fetch(url).data == PICTURE


def test_robots_txt_is_fetched_once_a_host(server: WebServer, start: Start) -> None:
    server.latency_s = 0.02
    downloader = start()
    for future in [downloader.submit(server.url("/ok.jpg")) for _ in range(30)]:
        future.result()
    assert server.asked("/robots.txt") == 1


def test_ignoring_robots_ignores_tags_too(server: WebServer, start: Start) -> None:
    assert start(ignore_robots=True).fetch(server.url("/tagged?noai")).data == PICTURE


def test_nothing_listening_is_refused(start: Start) -> None:
    with WebServer() as gone:
        url = gone.url("/ok.jpg")
    assert failure(start(), url).failure is FailureClass.REFUSED


def test_closing_cancels_what_is_under_way(server: WebServer) -> None:
    with Downloader(DownloadOptions(**PATIENT), lookup=here) as downloader:
        futures = [downloader.submit(server.url("/hang")) for _ in range(20)]
        until(lambda: server.asked("/hang") > 0)
    for future in futures:
        with pytest.raises(CancelledError):
            future.result(1)
