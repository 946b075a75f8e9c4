"""Kill workers and restart PostgreSQL in the middle of a queue, round after round, and count what went wrong.

    python benchmarks/worker_crash.py

Each round: 4 workers on 5,000 URLs of a web server on loopback, 6 of them killed by kill -9 (each replaced at once),
and PostgreSQL shut down as by `pg_ctl restart -m immediate` in the middle. Every picture has to end embedded or failed
with a reason, none twice, none lost. It shares its parts with tests/integration/test_worker_crash.py.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from crashing import crash_round, spoiled
from forking import Forker
from local_models import make_clip
from picture_server import PictureServer

from clipsql.db.engine import create_engine
from clipsql.db.schema import migrating
from clipsql.models import register_model
from clipsql.server import EmbeddedServer


def main() -> None:
    """Parse the options, run the rounds, print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--pictures", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=6)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="clipsql-benchmark-"))
    home.chmod(0o711)
    server = EmbeddedServer(home / "server")
    model = make_clip(home / "model")
    forker = Forker(home)
    wrong = 0
    try:
        engine = create_engine(server.start())
        migrating.upgrade(engine)
        register_model(engine, str(model), dtype="float32")
        engine.dispose()
        with PictureServer(latency_s=0.05) as web, spoiled(web, options.pictures) as good:
            for number in range(options.rounds):
                verdict = crash_round(
                    forker,
                    server,
                    web,
                    model,
                    collection=f"round {number}",
                    pictures=options.pictures,
                    workers=options.workers,
                    kills=options.kills,
                    seed=number,
                )
                complaints = verdict.complaints(pictures=options.pictures)
                if verdict.embedded != good:
                    complaints.append(f"{good - verdict.embedded} good pictures are not embedded")
                wrong += len(complaints)
                print(
                    f"round {number + 1}: {verdict.kills} kills, 1 restart, {verdict.embedded:,} embedded, "
                    f"{verdict.failed:,} failed with a reason, {verdict.downloads - options.pictures:,} downloads "
                    f"repeated, {verdict.seconds:.0f} s: {', '.join(complaints) or 'all is well'}",
                    flush=True,
                )
    finally:
        forker.close()
        server.remove()
        shutil.rmtree(home, ignore_errors=True)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
