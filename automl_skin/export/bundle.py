"""Writing a bundle whole, and reading one whose every file is what its digest says."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file, save_file

from automl_skin.arrays import FloatArray
from automl_skin.backbones.catalogue import Backbone
from automl_skin.backbones.network import load_network, save_network
from automl_skin.chains.fitted import FittedChain
from automl_skin.digests import digest_file, digest_json
from automl_skin.errors import IntegrityError, StorageError
from automl_skin.export.facts import BundleFacts
from automl_skin.files import read_json, storage_errors, write_json, write_text
from automl_skin.stacking.fitted import FittedStack, needed_chains
from automl_skin.stacking.stack import Stack

FACTS = "bundle.json"


@dataclass(frozen=True)
class BundleContent:
    """What goes into a bundle.

    Parameters
    ----------
    facts : BundleFacts
    stack : FittedStack
    backbones : dict of str to Backbone
        By folder name.
    card : str
        The model card, Markdown.
    input_example : list of dict
        Rows as the server takes them.
    """

    facts: BundleFacts
    stack: FittedStack
    backbones: dict[str, Backbone]
    card: str
    input_example: list[dict[str, Any]]


def write_bundle(content: BundleContent, folder: Path) -> None:
    """Write a bundle; the folder appears when it is whole.

    Raises
    ------
    StorageError
        If the folder is there already and is not a bundle, or cannot be written.
    """
    if folder.exists() and not (folder / FACTS).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"the output must be a new folder or an older bundle; {folder} is neither: choose another --output"
        raise StorageError(message)
    temporary = folder.with_name(f".writing-{folder.name}-{os.getpid()}")
    with storage_errors(folder):
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        try:
            _write_parts(content, temporary)
            shutil.rmtree(folder, ignore_errors=True)
            temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def read_facts(folder: Path) -> BundleFacts:
    """Return the facts of a bundle, without looking at its other files."""
    return BundleFacts.from_json(_read_description(folder))


def bundle_digest(folder: Path) -> str:
    """Return the digest of a bundle: of its facts and of all its files' digests."""
    return digest_json(_read_description(folder))


def verify(folder: Path) -> None:
    """Check every file of a bundle against its digest.

    Raises
    ------
    IntegrityError
        If a file is missing, was changed, or is not listed.
    """
    files: dict[str, str] = _read_description(folder)["files"]
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {FACTS}
    for name, digest in files.items():
        if name not in present or digest_file(folder / name) != digest:
            what = "was changed" if name in present else "is missing"
            message = f"{folder / name} {what} after the bundle was written; export the bundle again"
            raise IntegrityError(message)
    strange = sorted(present - set(files))
    if strange:
        message = f"{folder} must hold nothing but the bundle's files, found {strange[0]}; take it away"
        raise IntegrityError(message)


def read_stack(folder: Path) -> FittedStack:
    """Return the fitted stack of a verified bundle; nothing in the folder is executed."""
    value: Any = read_json(folder / "stack.json")
    stack = Stack.from_json(value)
    chains = {
        (trial, fold): FittedChain.load(folder / "chains" / f"{trial:04d}-{fold}")
        for trial, fold in needed_chains(stack)
    }
    references = {
        _pair(name): values for name, values in load_file(folder / "references.safetensors").items()
    }
    return FittedStack(stack, chains, references)


def _write_parts(content: BundleContent, folder: Path) -> None:
    stack = content.stack
    write_json(folder / "stack.json", stack.stack.to_json())
    for (trial, fold), chain in stack.chains.items():
        chain.save(folder / "chains" / f"{trial:04d}-{fold}")
    references: dict[str, FloatArray] = {
        f"{trial}-{fold}": each for (trial, fold), each in stack.references.items()
    }
    save_file(references, folder / "references.safetensors")
    for name, backbone in content.backbones.items():
        save_network(backbone, load_network(backbone), folder / "backbones" / name)
    write_text(folder / "MODEL_CARD.md", content.card)
    write_json(folder / "input_example.json", content.input_example)
    files = {
        path.relative_to(folder).as_posix(): digest_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    write_json(folder / FACTS, {**content.facts.to_json(), "files": files})


def _read_description(folder: Path) -> dict[str, Any]:
    if not (folder / FACTS).is_file():
        message = (
            f"a bundle must hold {FACTS}; {folder} does not: give the folder that `automl-skin export` wrote"
        )
        raise IntegrityError(message)
    value: Any = read_json(folder / FACTS)
    if not isinstance(value, dict) or not isinstance(value.get("files"), dict):
        raise IntegrityError(
            f"{folder / FACTS} must list the bundle's files and does not; export the bundle again"
        )
    return value


def _pair(name: str) -> tuple[int, int]:
    trial, fold = name.split("-")
    return int(trial), int(fold)
