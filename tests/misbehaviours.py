"""How the web server of the tests misbehaves, path by path, and the class of failure in which each ends."""

from __future__ import annotations

import pytest

from clipsql.errors import FailureClass

ENDINGS = [
    pytest.param("/cut", FailureClass.TRUNCATED, id="ends early"),
    pytest.param("/cut-chunks", FailureClass.TRUNCATED, id="ends early in chunks"),
    pytest.param("/reset", FailureClass.TRUNCATED, id="resets in the middle"),
    pytest.param("/packed-and-cut", FailureClass.TRUNCATED, id="gzip ends early"),
    pytest.param("/hang-up", FailureClass.DISCONNECTED, id="hangs up"),
    pytest.param("/no-http", FailureClass.DISCONNECTED, id="speaks no HTTP"),
    pytest.param("/endless-headers", FailureClass.DISCONNECTED, id="headers without end"),
    pytest.param("/no-length.jpg", FailureClass.DISCONNECTED, id="negative length"),
    pytest.param("/large.jpg", FailureClass.TOO_LARGE, id="says it is too large"),
    pytest.param("/endless", FailureClass.TOO_LARGE, id="does not say it is endless"),
    pytest.param("/bomb", FailureClass.TOO_LARGE, id="gzip bomb"),
    pytest.param("/packed-badly", FailureClass.DAMAGED, id="gzip with a hole"),
    pytest.param("/gzip-said.html", FailureClass.NOT_AN_IMAGE, id="a page that says it is gzip"),
    pytest.param("/long-length", FailureClass.DISCONNECTED, id="a length of 5,001 digits"),
    pytest.param("/part?100", FailureClass.HTTP_ERROR, id="a part"),
    pytest.param(
        "/busy?Mon, 01 Jan 99999999999999999999 00:00:00 GMT", FailureClass.RATE_LIMITED, id="wait for ever"
    ),
    pytest.param(
        "/busy?Mon, 01 Jan 2024 00:00:00 %2B99999999999999", FailureClass.RATE_LIMITED, id="wait nowhere"
    ),
    pytest.param("/busy?" + "9" * 5001, FailureClass.RATE_LIMITED, id="wait 5,001 digits of seconds"),
    pytest.param("/busy?soon", FailureClass.RATE_LIMITED, id="wait until soon"),
    pytest.param("/brotli.jpg", FailureClass.HTTP_ERROR, id="an encoding nobody asked for"),
    pytest.param("/page.jpg", FailureClass.NOT_AN_IMAGE, id="a page called a picture"),
    pytest.param("/large-page.jpg", FailureClass.NOT_AN_IMAGE, id="a large page called a picture"),
    pytest.param("/empty.jpg", FailureClass.NOT_AN_IMAGE, id="empty"),
    pytest.param("/status?404", FailureClass.NOT_FOUND, id="404"),
    pytest.param("/status?410", FailureClass.NOT_FOUND, id="410"),
    pytest.param("/status?403", FailureClass.FORBIDDEN, id="403"),
    pytest.param("/status?451", FailureClass.FORBIDDEN, id="451"),
    pytest.param("/status?429", FailureClass.RATE_LIMITED, id="429"),
    pytest.param("/status?500", FailureClass.SERVER_ERROR, id="500"),
    pytest.param("/status?204", FailureClass.HTTP_ERROR, id="204"),
    pytest.param("/status?302", FailureClass.HTTP_ERROR, id="a redirect to nowhere"),
    pytest.param("/status?418", FailureClass.HTTP_ERROR, id="418"),
    pytest.param("/redirect?/redirect?/status?404", FailureClass.NOT_FOUND, id="404 behind redirects"),
    pytest.param("/hops?6", FailureClass.REDIRECTS, id="too many redirects"),
    pytest.param("/redirect?file:///etc/passwd", FailureClass.BAD_URL, id="a redirect to a file"),
    pytest.param("/redirect?http://[/", FailureClass.BAD_URL, id="a redirect to no URL"),
    pytest.param("/redirect?ftp://a.test/x", FailureClass.BAD_URL, id="a redirect to another scheme"),
    pytest.param(
        "/redirect?http://me:secret@a.test/x", FailureClass.BAD_URL, id="a redirect with a password"
    ),
    pytest.param("/tagged?noai", FailureClass.NOAI, id="noai"),
    pytest.param("/tagged?NoImageAI,+nofollow", FailureClass.NOAI, id="noimageai"),
    pytest.param("/tagged?max-snippet:+5,+noindex", FailureClass.NOAI, id="noindex"),
    pytest.param("/tagged?otherbot:+all,+clipsql:+noai", FailureClass.NOAI, id="noai for us"),
]
