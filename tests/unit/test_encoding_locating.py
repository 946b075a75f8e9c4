"""A model is found in a folder, in the cache or on a hub, and what stands in the way is said in one line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from local_models import make_clip

from clipsql.encoding.locating import locate
from clipsql.errors import ModelError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NO_SERVER = "http://127.0.0.1:9"  # the discard port: every connection is refused


def locate_elsewhere(name: str, cache: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """`locate` in a process of its own, since huggingface_hub reads the environment once, when imported."""
    code = (
        "import sys; from clipsql.encoding.locating import locate; from clipsql.errors import ModelError\n"
        "try: print(*locate(sys.argv[1]))\n"
        "except ModelError as error: print('ModelError:', error)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_HOME": str(cache), "NO_PROXY": "127.0.0.1"} | settings
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, name], env=environment, capture_output=True, text=True
    )


@pytest.fixture
def cached(tmp_path: Path) -> Path:
    """An HF_HOME in which `someone/clip` was downloaded before."""
    home = tmp_path / "home"
    repository = home / "hub" / "models--someone--clip"
    make_clip(repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    return home


class Hub(BaseHTTPRequestHandler):
    """What clipsql asks of a hub: the commit of a repository, its list of files, and the files."""

    folder: Path

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        repository, _, rest = self.path.removeprefix("/api/models").lstrip("/").partition("/revision/")
        if repository.startswith("someone/gated"):
            return self.answer(403, headers={"X-Error-Code": "GatedRepo"})
        if not repository.startswith("someone/clip"):
            return self.answer(401, headers={"X-Error-Code": "RepoNotFound"})
        names = sorted(path.name for path in self.folder.iterdir())
        if "/tree/" in self.path:
            listing = [
                {"type": "file", "path": name, "size": (self.folder / name).stat().st_size, "oid": name}
                for name in names
            ]
            return self.answer(200, json.dumps(listing).encode())
        if rest:
            facts = {"id": repository, "sha": COMMIT, "siblings": [{"rfilename": name} for name in names]}
            return self.answer(200, json.dumps(facts).encode())
        name = self.path.rpartition("/")[2]
        if name not in names:
            return self.answer(404, headers={"X-Error-Code": "EntryNotFound"})
        return self.answer(
            200, (self.folder / name).read_bytes(), headers={"ETag": f'"{name}"', "X-Repo-Commit": COMMIT}
        )

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a hub on this machine that has `someone/clip`, and the folder it serves."""
    folder = make_clip(tmp_path / "served")
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("ThisHub", (Hub,), {"folder": folder}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        pytest.param({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set", id="told to stay offline"),
        pytest.param({"HF_ENDPOINT": NO_SERVER}, "the hub cannot be reached", id="connection refused"),
    ],
)
def test_no_hub_and_no_cache_is_told_in_one_line_and_soon(
    tmp_path: Path, settings: dict[str, str], reason: str
) -> None:
    started = time.monotonic()
    done = locate_elsewhere("openai/clip-vit-base-patch32", tmp_path, **settings)
    assert time.monotonic() - started < 60
    assert done.stdout.count("\n") == 1
    assert done.stdout.startswith(
        f'ModelError: Model "openai/clip-vit-base-patch32" is not in the local cache and {reason}'
    )
    for remedy in ("local folder", "HF_HOME", "HF_ENDPOINT"):
        assert remedy in done.stdout
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"HF_HUB_OFFLINE": "1"}, id="told to stay offline"),
        pytest.param({"HF_ENDPOINT": NO_SERVER}, id="connection refused"),
    ],
)
def test_a_model_in_the_cache_is_found_without_a_hub(cached: Path, settings: dict[str, str]) -> None:
    done = locate_elsewhere("someone/clip", cached, **settings)
    assert done.stderr == ""
    assert done.stdout.split() == [
        str(cached / "hub" / "models--someone--clip" / "snapshots" / COMMIT),
        COMMIT,
    ]


def test_a_cache_without_the_weights_is_no_model(cached: Path) -> None:
    (cached / "hub" / "models--someone--clip" / "snapshots" / COMMIT / "model.safetensors").unlink()
    done = locate_elsewhere("someone/clip", cached, HF_HUB_OFFLINE="1")
    assert 'ModelError: Model "someone/clip" has no config.json and weights' in done.stdout


def test_a_model_is_downloaded_from_a_hub_without_what_is_not_needed(
    hub: tuple[str, Path], tmp_path: Path
) -> None:
    address, served = hub
    for name in ("flax_model.msgpack", "pytorch_model.bin", "README.md"):
        (served / name).write_bytes(b"not needed")
    done = locate_elsewhere("someone/clip", tmp_path / "home", HF_ENDPOINT=address)
    folder, revision = done.stdout.split()
    assert revision == COMMIT
    assert {path.name for path in Path(folder).iterdir()} == {
        "config.json",
        "model.safetensors",
        "processor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }


def test_pickled_weights_are_downloaded_where_a_hub_has_no_others(
    hub: tuple[str, Path], tmp_path: Path
) -> None:
    address, served = hub
    (served / "model.safetensors").rename(served / "pytorch_model.bin")
    done = locate_elsewhere("someone/clip", tmp_path / "home", HF_ENDPOINT=address)
    assert (Path(done.stdout.split()[0]) / "pytorch_model.bin").is_file()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("someone/gated", "asks for its terms to be accepted", id="gated"),
        pytest.param("someone/nobody", "does not exist on the hub, or is private", id="unknown"),
    ],
)
def test_a_hub_that_refuses_is_told_with_the_remedy(
    hub: tuple[str, Path], tmp_path: Path, name: str, reason: str
) -> None:
    done = locate_elsewhere(name, tmp_path / "home", HF_ENDPOINT=hub[0])
    assert done.stdout.startswith(f'ModelError: Model "{name}" {reason}')
    assert "HF_TOKEN" in done.stdout
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "~/nowhere", "one/two/three"])
def test_a_folder_that_does_not_exist_is_never_asked_of_a_hub(name: str) -> None:
    with pytest.raises(ModelError, match=r"folder .* does not exist"):
        locate(name)


def test_a_file_is_no_model_folder(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.touch()
    with pytest.raises(ModelError, match="does not exist"):
        locate(str(file))


def test_a_copied_folder_has_the_same_revision_and_notes_do_not_count(tmp_path: Path) -> None:
    first = locate(str(make_clip(tmp_path / "first")))
    copy = Path(shutil.copytree(first.folder, tmp_path / "copy"))
    (copy / "README.md").write_text("a note")
    assert locate(str(copy)).revision == first.revision


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_a_missing_package_is_named_with_the_command_that_installs_it(package: str) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from clipsql.encoding import load_encoder; load_encoder('anything')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.splitlines()[-1].endswith(
        f'ConfigurationError: Model "anything" needs the package {package}; run: pip install "clipsql[clip]"'
    )
