"""What the optional parts of clipsql need, and the one line that says so where they are absent."""

from __future__ import annotations

from importlib.util import find_spec

from clipsql.errors import ConfigurationError

PACKAGES = {
    "clip": ("torch", "transformers"),
    "web": ("httpx2", "httptools", "aiodns", "protego", "tenacity"),
    "parquet": ("pyarrow",),
    "video": ("av",),
    "stores": ("fsspec",),
    "async": ("greenlet", "asyncpg"),
    "serve": ("greenlet", "fastapi", "uvicorn", "python_multipart", "prometheus_client"),
}
"""Extra of clipsql -> the packages that it brings and that clipsql imports."""


def require_extra(extra: str, what: str) -> None:
    """Raise ConfigurationError unless all packages of an extra are installed; `what` is what needs them."""
    for package in missing_packages(extra):
        raise ConfigurationError(f'{what} needs the package {package}; run: pip install "clipsql[{extra}]"')


def missing_packages(extra: str) -> list[str]:
    """The packages of an extra that are not installed."""
    return [package for package in PACKAGES[extra] if find_spec(package) is None]
