"""Find the files of a model, in a folder or on the hub, and the revision that names exactly these files."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from clipsql.errors import ModelError

DEFAULT_MODEL = "openai/clip-vit-base-patch32"

_SETTINGS = ("*.json", "*.txt", "*.model")  # config, tokenizer, processor
_SAFE_WEIGHTS = ("model.safetensors", "model-*.safetensors")
_PICKLED_WEIGHTS = ("pytorch_model.bin", "pytorch_model-*.bin")


class ModelFiles(NamedTuple):
    """A folder that holds a complete model, and the revision of what lies in it."""

    folder: Path
    revision: str


def locate(name: str, *, revision: str | None = None) -> ModelFiles:
    """The files of `name`, a folder or a hub id; downloads what is not cached yet. Raises ModelError."""
    path = Path(name).expanduser()
    if path.is_dir():
        return _in_folder(path, name, revision)
    if path.exists() or path.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1:
        raise ModelError(
            f'Model folder "{name}" does not exist; give a folder or a hub id such as {DEFAULT_MODEL}.'
        )
    folder = _from_hub(name, revision)
    return ModelFiles(folder, folder.name)


def _in_folder(folder: Path, name: str, expected: str | None) -> ModelFiles:
    files = _matching(folder, _SETTINGS)
    weights = _matching(folder, _SAFE_WEIGHTS) or _matching(folder, _PICKLED_WEIGHTS)
    if not weights or folder / "config.json" not in files:
        lack = "weights (model.safetensors)" if folder / "config.json" in files else "config.json"
        raise ModelError(
            f'Folder "{name}" holds no model: it has no {lack}; give what save_pretrained wrote.'
        )
    revision = _digest(files + weights)
    if expected is not None and expected != revision:
        raise ModelError(
            f'Model folder "{name}" has changed: it is now revision {revision[:12]}, not {expected[:12]}; '
            "put the old files back or add the folder as a new model."
        )
    return ModelFiles(folder, revision)


def _matching(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    return sorted(path for pattern in patterns for path in folder.glob(pattern) if path.is_file())


def _digest(files: list[Path]) -> str:
    """40 hex digits over the names and contents of `files`: as long as the hub's commit hashes."""
    total = hashlib.sha256()
    for path in sorted(files):
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{path.name}\0{content}\n".encode())
    return total.hexdigest()[:40]


def _from_hub(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    def fetch(*patterns: str) -> Path:
        wanted = list(patterns)
        return Path(snapshot_download(name, revision=revision, allow_patterns=wanted, ignore_patterns="*/*"))

    try:
        folder = fetch(*_SETTINGS, *_SAFE_WEIGHTS)
        # Many repositories hold the same weights in several formats; one is enough.
        if not _matching(folder, _SAFE_WEIGHTS):
            folder = fetch(*_SETTINGS, *_PICKLED_WEIGHTS)
    except GatedRepoError:
        problem = "asks for its terms to be accepted; accept them on its page and set HF_TOKEN"
    except RepositoryNotFoundError:
        problem = "does not exist on the hub, or is private (then set HF_TOKEN)"
    except RevisionNotFoundError:
        problem = f'has no revision "{revision}" on the hub'
    except HFValidationError:
        problem = "is neither a folder nor a valid hub id"
    except LocalEntryNotFoundError:
        offline = os.environ.get("HF_HUB_OFFLINE", "") not in ("", "0")
        why = "HF_HUB_OFFLINE is set" if offline else "the hub cannot be reached"
        problem = f"is not in the local cache and {why}"
    except (HfHubHTTPError, OSError) as error:
        problem = f"cannot be downloaded ({_first_line(error)})"
    else:
        if _matching(folder, (*_SAFE_WEIGHTS, *_PICKLED_WEIGHTS)) and (folder / "config.json").is_file():
            return folder
        problem = "has no config.json and weights (model.safetensors) in that revision or in the local cache"
    raise ModelError(
        f'Model "{name}" {problem}; or give a local folder, download it on a machine with access and point '
        "HF_HOME at the copy, or set HF_ENDPOINT to a mirror."
    )


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
