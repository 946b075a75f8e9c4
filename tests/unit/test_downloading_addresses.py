"""Which addresses the downloader goes to: those of the public internet, and those only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from web_server import WebServer

from clipsql.errors import DownloadError, FailureClass
from clipsql.web import connecting
from clipsql.web.addresses import is_public, literal_address
from clipsql.web.downloading import Downloader, DownloadOptions


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111"),
        *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
    ],
)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255"),
        *("192.168.1.1", "100.64.0.1", "100.100.100.200", "169.254.169.254", "168.63.129.16", "192.0.0.192"),
        *("198.18.0.1", "192.0.2.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::808:808"),
        *(
            "2002:7f00:1::1",
            "2002:a00:1::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:db8::1",
            "4000::1",
        ),
    ],
)
def test_addresses_inside_are_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001", "0x7f.1", "0177.0.0.1"]
)
def test_every_way_to_write_this_machine_is_seen_through(host: str) -> None:
    assert literal_address(host) == "127.0.0.1"


def test_names_are_no_addresses() -> None:
    assert [literal_address(host) for host in ("example.org", "1e100.net", "localhost", "a.1.2")] == [
        None
    ] * 4


@pytest.fixture(scope="module")
def server() -> Iterator[WebServer]:
    with WebServer() as server:
        yield server


@pytest.fixture
def guarded() -> Iterator[Downloader]:
    """A downloader that allows no private host and finds names as the system does."""
    with Downloader(DownloadOptions(retries=0, timeout_s=5)) as downloader:
        yield downloader


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001", "0", "localhost", "LOCALHOST"),
        *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]"),
        *("169.254.169.254", "10.0.0.1", "[fe80::1]"),
    ],
)
def test_private_hosts_are_refused_before_any_packet(
    server: WebServer, guarded: Downloader, host: str
) -> None:
    before = server.connections
    with pytest.raises(DownloadError, match="--allow-private-hosts") as caught:
        guarded.fetch(server.url("/ok.jpg", host=host))
    assert caught.value.failure is FailureClass.PRIVATE_ADDRESS
    assert server.connections == before


class Rebinding:
    """A resolver that says something public first and this machine afterwards, or both at once."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str) -> Sequence[str]:  # noqa: ARG002
        self.asked += 1
        return self.answers.pop(0)


def test_a_name_with_one_private_address_is_refused(server: WebServer) -> None:
    lookup = Rebinding(["8.8.8.8", "127.0.0.1"])
    before = server.connections
    with (
        Downloader(DownloadOptions(retries=0), lookup=lookup) as downloader,
        pytest.raises(DownloadError, match=r"127\.0\.0\.1, inside"),
    ):
        downloader.fetch(server.url("/ok.jpg"))
    assert server.connections == before


def test_the_address_that_was_checked_is_the_one_connected_to(server: WebServer) -> None:
    # 192.0.2.1 is nobody's; were the name asked for again to connect, the server here would answer.
    lookup = Rebinding(["192.0.2.1"], ["127.0.0.1"])
    before = server.connections
    options = DownloadOptions(retries=0, allow_private_hosts=True, stall_timeout_s=0.3, ignore_robots=True)
    with Downloader(options, lookup=lookup) as downloader, pytest.raises(DownloadError):
        downloader.fetch(server.url("/ok.jpg"))
    assert lookup.asked == 1
    assert server.connections == before


@pytest.mark.parametrize("target", ["http://127.0.0.1:{port}/ok.jpg", "http://169.254.169.254/latest/"])
def test_a_redirect_to_a_private_host_is_refused(
    server: WebServer, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    # For this test 127.0.0.2 counts as public: a server on the internet cannot be had here.
    monkeypatch.setattr(connecting, "is_public", lambda address: address == "127.0.0.2" or is_public(address))
    port = server.url("").rpartition(":")[2]
    with (
        Downloader(DownloadOptions(retries=0)) as downloader,
        pytest.raises(DownloadError, match="--allow-private-hosts") as caught,
    ):
        downloader.fetch(server.url(f"/redirect?{target.format(port=port)}", host="127.0.0.2"))
    assert caught.value.failure is FailureClass.PRIVATE_ADDRESS
    assert ("127.0.0.2", "/redirect") in server.requests
    assert ("127.0.0.1", "/ok.jpg") not in server.requests


def test_a_name_that_nobody_knows_is_dns(guarded: Downloader) -> None:
    for host in ("nosuchhost.invalid", "a..b", "x" * 70 + ".invalid"):
        with pytest.raises(DownloadError) as caught:
            guarded.fetch(f"http://{host}/ok.jpg")
        assert caught.value.failure is FailureClass.DNS


def test_a_name_is_dns_however_long_nobody_knows_it() -> None:
    async def slowly(host: str) -> Sequence[str]:
        await asyncio.sleep(0.5)
        raise OSError(f"{host} is not known")

    options = DownloadOptions(retries=0, timeout_s=0.1, stall_timeout_s=0.1)
    with Downloader(options, lookup=slowly) as downloader, pytest.raises(DownloadError) as caught:
        downloader.fetch("http://slow.example/ok.jpg")
    assert caught.value.failure is FailureClass.DNS
