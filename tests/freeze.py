"""Freeze the schema as it is now, with rows, users' views and answers, for test_dumping.py: `python tests/freeze.py`.

Writes tests/frozen/REVISION.sql and .json. Run it before a release, and once more while a revision is still changed in
place; a frozen state of a released revision stays as it is.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

from sqlalchemy.engine import make_url

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from integration.kept_state import answers, keep_state  # noqa: E402
from integration.programs import run_program  # noqa: E402

from clipsql.db.engine import create_engine  # noqa: E402
from clipsql.db.schema import migrating  # noqa: E402
from clipsql.server import EmbeddedServer  # noqa: E402

_UNWANTED = r"^(\\(un)?restrict .*|SET transaction_timeout .*|-- Dumped .*)\n"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="clipsql-freeze-") as home:
        Path(home).chmod(0o711)
        server = EmbeddedServer(Path(home))
        try:
            url = make_url(server.start())
            engine = create_engine(url.render_as_string(hide_password=False))
            migrating.upgrade(engine)
            keep_state(engine)
            file = TESTS / "frozen" / f"{migrating.revisions(engine).head}.sql"
            file.parent.mkdir(exist_ok=True)
            run_program(
                "pg_dump", url, "--no-owner", "--no-privileges", "--extension=plpgsql", f"--file={file}"
            )
            # What no other server of the same or a later version understands, and what differs in each run.
            text = re.sub(
                r"^(\\(un)?restrict .*|SET transaction_timeout .*|-- Dumped .*)\n",
                "",
                file.read_text("utf-8"),
                flags=re.M,
            )
            file.write_text(text, "utf-8")
            kept = json.dumps(answers(engine), ensure_ascii=False, indent=1)
            file.with_suffix(".json").write_text(kept + "\n", "utf-8")
            engine.dispose()
        finally:
            server.remove()
    sys.stdout.write(f"Froze {file.relative_to(TESTS.parent)}, {file.stat().st_size // 1024} kB.\n")


if __name__ == "__main__":
    main()
