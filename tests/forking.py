"""Start real `clipsql` processes quickly: one process imports torch, and forks for each command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Importing torch and transformers takes seconds: one process does it once, and forks for each command.
FORKER = """
import json, os, signal, sys
import torch
from transformers import CLIPImageProcessorPil, CLIPModel, CLIPProcessor, PreTrainedTokenizerFast
import clipsql.ingest.indexer, clipsql.ingest.worker, clipsql.models
from clipsql.cli import main

for line in sys.stdin:
    order = json.loads(line)
    if "wait" in order:
        print(os.waitstatus_to_exitcode(os.waitpid(order["wait"], 0)[1]), flush=True)
        continue
    pid = os.fork()
    if pid:
        print(pid, flush=True)
        continue
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["CLIPSQL_DATABASE_URL"] = order["url"]
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if order["dies_of"]:
        import clipsql.ingest.reading as reading
        decode, killer = reading.decode, bytes.fromhex(order["dies_of"])
        reading.decode = lambda data, **how: os.abort() if data == killer else decode(data, **how)
    try:
        main(order["run"])
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(end.code or 0)
    os._exit(70)
"""


@dataclass(frozen=True)
class Running:
    """One `clipsql` process."""

    pid: int
    output: Path
    forker: Forker

    def kill(self, number: signal.Signals) -> int:
        os.kill(self.pid, number)
        return self.wait()

    def wait(self) -> int:
        """Its exit code, negative for a signal."""
        return int(self.forker.ask({"wait": self.pid}))

    @property
    def lines(self) -> list[str]:
        return self.output.read_text().splitlines()


class Forker:
    """Starts `clipsql` processes quickly."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            (sys.executable, "-c", FORKER), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._started = 0

    def ask(self, order: dict[str, Any]) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        return self._process.stdout.readline()

    def start(self, url: str, *arguments: str | Path, dies_of: bytes = b"") -> Running:
        """Start `clipsql ARGUMENTS`; decoding the picture that it `dies_of` ends the process, as a bug in C would."""
        self._started += 1
        output = self._folder / f"output {self._started}"
        order = {"run": [str(argument) for argument in arguments], "url": url, "output": str(output)}
        order["dies_of"] = dies_of.hex()
        return Running(int(self.ask(order)), output, self)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
