"""What Prometheus reads of the server: requests by route and status, how long they took, connections in use."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Counts of one server, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "clipsql_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "clipsql_request_seconds",
            "From a request to the end of its answer.",
            ("route",),
            buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
            registry=self._registry,
        )
        self._connections = Gauge(
            "clipsql_connections_in_use",
            "Connections to the database that a request holds.",
            registry=self._registry,
        )

    def watch_pool(self, in_use: Callable[[], float]) -> None:
        """Tell of a pool from now on."""
        self._connections.set_function(in_use)

    def note(self, method: str, route: str, status: int, took_s: float) -> None:
        """One request is answered."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(took_s)

    def text(self) -> bytes:
        """All of it, in Prometheus's text format."""
        return generate_latest(self._registry)
