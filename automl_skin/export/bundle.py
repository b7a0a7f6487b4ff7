"""Writing a bundle whole, and reading one whose every file is what its digest says."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from automl_skin.arrays import FloatArray
from automl_skin.backbones.catalogue import Backbone
from automl_skin.backbones.network import load_network, network_digest, save_network
from automl_skin.chains.fitted import FittedChain
from automl_skin.chains.whole import check_chain
from automl_skin.digests import digest_json
from automl_skin.errors import ConfigError, IntegrityError, StorageError
from automl_skin.export.facts import FORMAT, BundleFacts
from automl_skin.export.signing import SIGNATURE, sign
from automl_skin.export.whole import check_facts, check_stack
from automl_skin.files import read_json, storage_errors, write_json, write_text
from automl_skin.heads.stored import Facts, check_arrays, read_arrays, write_arrays
from automl_skin.images.known_photographs import CONTENT_BYTES, LOOK_LENGTH, KnownPhotographs
from automl_skin.records import from_plain, read_record, write_record
from automl_skin.stacking.fitted import FittedStack, needed_chains
from automl_skin.stacking.stack import Stack
from automl_skin.store.folder_digests import digest_files, find_changes, list_files

FACTS = "bundle.json"
PHOTOGRAPHS = "photographs.safetensors"

SUMS = "SHA256SUMS"
"""Digest of every other file but the signature, in the format of ``sha256sum --check``."""

_BESIDES = {SUMS, SIGNATURE}


@dataclass(frozen=True)
class BundleContent:
    """What goes into a bundle.

    Parameters
    ----------
    backbones : dict of str to Backbone
        By folder name.
    card : str
        The model card, Markdown.
    input_example : list of dict
        Rows as the server takes them.
    photographs : KnownPhotographs
        That it was trained on.
    """

    facts: BundleFacts
    stack: FittedStack
    backbones: dict[str, Backbone]
    card: str
    input_example: list[dict[str, Any]]
    photographs: KnownPhotographs


def write_bundle(content: BundleContent, folder: Path, private_key: Path | None = None) -> None:
    """Write a bundle; the folder appears when it is whole, and an older bundle goes when the new one is.

    With a private key it is signed (`automl_skin.export.signing`).

    Raises
    ------
    StorageError
        If the folder is there already and is no bundle, holds other files as well, or cannot be written.
    IntegrityError
        If a backbone's weights are not those that the study measured.
    """
    folder = folder.absolute()
    _refuse_others(folder)
    temporary, old = (folder.with_name(f".{what}-{folder.name}") for what in ("writing", "old"))
    with storage_errors(folder):
        for leftover in (temporary, old):  # of a run that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        temporary.mkdir(parents=True)
        try:
            _write_parts(content, temporary)
            if private_key is not None:
                sign(temporary, private_key)
            if folder.exists():
                folder.rename(old)
            temporary.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def read_facts(folder: Path) -> BundleFacts:
    """Return the facts of a bundle, without looking at its other files.

    Raises
    ------
    IntegrityError
        If there are none, or they are of another format.
    """
    if not (folder / FACTS).is_file():
        message = f"{folder}: expected a bundle with {FACTS}; give the folder that `automl-skin export` wrote"
        raise IntegrityError(message)
    value: Any = read_json(folder / FACTS)
    found = value.get("format") if isinstance(value, dict) else None
    if found != FORMAT:
        message = f"{folder / FACTS}: expected a bundle of format {FORMAT}, got {found!r}"
        raise IntegrityError(f"{message}; score it with the version of automl-skin that wrote it")
    try:
        facts = from_plain(BundleFacts, value, str(folder / FACTS))
    except ConfigError as error:  # of a recipe
        raise IntegrityError(f"{folder / FACTS}: {error}; export the bundle again") from error
    check_facts(facts)
    return facts


def bundle_digest(folder: Path) -> str:
    """Return the digest of a bundle: of all its files' digests."""
    return digest_json(_read_sums(folder))


def verify(folder: Path) -> None:
    """Check every file of a bundle against its digest.

    Raises
    ------
    IntegrityError
        If a file is missing, was changed, or is not listed.
    """
    besides = {SUMS} if (folder / SIGNATURE).is_symlink() else _BESIDES
    change = next(find_changes(folder, _read_sums(folder), besides), None)
    if change is None:
        return
    name, what = change
    if what == "is no file":
        message = f"{folder}: expected files and no links, got {_shown(name)}; remove it"
    elif what == "is not listed":
        message = f"{folder}: expected the bundle's files alone, got {_shown(name)} as well; remove it"
    else:
        message = f"{folder / name} {what} after the bundle was written; export the bundle again"
    raise IntegrityError(message)


def read_stack(folder: Path, n_classes: int) -> FittedStack:
    """Return the fitted stack of a verified bundle; nothing in the folder is executed.

    Raises
    ------
    IntegrityError
        If a part is missing, or the parts do not fit each other and the classes.
    """
    stack = read_record(Stack, folder / "stack.json")
    check_stack(stack, n_classes)
    chains = {
        (trial, fold): FittedChain.load(folder / "chains" / f"{trial:04d}-{fold}")
        for trial, fold in needed_chains(stack)
    }
    for chain in chains.values():
        check_chain(chain, n_classes)
    path = folder / "references.safetensors"
    references = {_pair(name): values for name, values in read_arrays(path).items()}
    for (trial, fold), values in references.items():
        check_arrays(path, {"reference": values}, {"reference": (np.float64, (len(values), n_classes))})
        if (trial, fold) not in chains:
            message = (
                f"{path}: expected references of the members, got {trial}-{fold}; export the bundle again"
            )
            raise IntegrityError(message)
    return FittedStack(stack, chains, references)


def read_photographs(folder: Path) -> KnownPhotographs:
    """Return the photographs that a verified bundle was trained on, by digest and look.

    Raises
    ------
    IntegrityError
        If they are missing, or not what they should be.
    """
    path = folder / PHOTOGRAPHS
    arrays = read_arrays(path)
    n_photographs = len(arrays["contents"]) if arrays.get("contents", np.zeros(())).ndim else 0
    expected: dict[str, Facts] = {
        "contents": (np.uint8, (n_photographs, CONTENT_BYTES)),
        "looks": (np.int8, (n_photographs, LOOK_LENGTH)),
    }
    check_arrays(path, arrays, expected)
    return KnownPhotographs(**arrays)


def _write_parts(content: BundleContent, folder: Path) -> None:
    stack = content.stack
    write_record(folder / "stack.json", stack.stack)
    for (trial, fold), chain in stack.chains.items():
        chain.save(folder / "chains" / f"{trial:04d}-{fold}")
    references: dict[str, FloatArray] = {
        f"{trial}-{fold}": each for (trial, fold), each in stack.references.items()
    }
    write_arrays(folder / "references.safetensors", references)
    write_arrays(folder / PHOTOGRAPHS, vars(content.photographs))
    measured = {each.backbone: each.weights for each in content.facts.embeddings}
    for name, backbone in content.backbones.items():
        network = load_network(backbone)
        if network_digest(backbone, network) != measured[name]:
            message = (
                f"{backbone.name}: expected the weights that the study measured, got others; "
                "restore them, or run the search again"
            )
            raise IntegrityError(message)
        save_network(backbone, network, folder / "backbones" / name)
    write_text(folder / "MODEL_CARD.md", content.card)
    write_json(folder / "input_example.json", content.input_example)
    write_record(folder / FACTS, content.facts)
    lines = [f"{digest}  {name}\n" for name, digest in digest_files(folder, _BESIDES).items()]
    write_text(folder / SUMS, "".join(lines))


def _refuse_others(folder: Path) -> None:
    """Raise where a folder that is to be replaced is no bundle, or holds what is not the bundle's."""
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if (folder / SUMS).is_file() and set(list_files(folder, _BESIDES)) <= set(_read_sums(folder)):
        return
    message = (
        f"--output: expected a new folder, or a bundle and nothing else, got {folder}; "
        "choose another folder, or move other files out of it"
    )
    raise StorageError(message)


def _shown(name: str) -> str:
    """Return a name that can be printed, whatever its bytes are."""
    return name.encode(errors="backslashreplace").decode()


def _read_sums(folder: Path) -> dict[str, str]:
    """Return the digest of every file, by name."""
    if not (folder / SUMS).is_file() or (folder / SUMS).is_symlink():
        message = f"{folder}: expected a bundle with {SUMS}; give the folder that `automl-skin export` wrote"
        raise IntegrityError(message)
    lines = (folder / SUMS).read_bytes().decode("utf-8", errors="replace").split("\n")
    pairs = [line.split("  ", 1) for line in lines[:-1]]
    if lines[-1] or not pairs or any(len(pair) != 2 for pair in pairs):  # digest and name
        message = (
            f"{folder / SUMS}: expected a digest and a name per line, got others; export the bundle again"
        )
        raise IntegrityError(message)
    return {name: digest for digest, name in pairs}


def _pair(name: str) -> tuple[int, int]:
    trial, fold = name.split("-")
    return int(trial), int(fold)
