"""What the embeddings of a study are of (``stage_one.json``), and the networks found again that they are of.

One entry an embedding, by name: backbone, recipe, digest of the network, views, precision and number of dimensions. A
tuned network's entry also has the tuning, what tuned it, the pixels' recipe, the folder of the network in the cache,
and for a tower its kind of photograph.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from automl_skin.backbones import hub
from automl_skin.chains.config import ChainConfig
from automl_skin.embeddings.extract import Extraction
from automl_skin.embeddings.key import TunedOn
from automl_skin.embeddings.tuned_folder import TunedFolder
from automl_skin.errors import ConfigError, IntegrityError, LeakageError
from automl_skin.files import read_json, write_json
from automl_skin.images.recipe import Recipe
from automl_skin.steps.networks import EmbeddingSet, embedding_sets
from automl_skin.steps.tune import network_store
from automl_skin.store.folder_digests import verify_folder
from automl_skin.study.study import Study

Entry = dict[str, Any]


def read_embedded(study: Study) -> dict[str, Entry]:
    """Return the entries by name of the embedding; none where stage one has not run."""
    path = _file(study)
    value: Any = read_json(path) if path.is_file() else {}
    return dict(value)


def entry_of(each: EmbeddingSet, extraction: Extraction) -> Entry:
    """Return what an embedding set is."""
    key = extraction.key
    entry = {
        "backbone": each.backbone.name,
        "recipe": each.recipe_name,
        "network": key.weights,
        "views": key.views,
        "precision": key.precision,
        "n_dimensions": extraction.embeddings.shape[1],
    }
    if each.tuned_on is None:
        return entry
    folder = each.backbone.folder
    assert folder is not None
    tuned = {
        "tuning": each.tuning,
        "plan": each.tuned_on.plan_digest,
        "held_out": list(each.tuned_on.held_out_folds),
        "pixels": each.recipe.to_json(),
        "folder": folder.name,
        **({"role": each.role} if each.role else {}),
    }
    return {**entry, "tuned": tuned}


def keep_embedded(study: Study, entries: Mapping[str, Entry]) -> None:
    """Write down what embeddings are; a study goes on with the same ones that its trials have seen.

    Raises
    ------
    ConfigError
        If weights or precision are others than those of the trials that there are.
    """
    before = read_embedded(study)
    differing = [name for name in entries if before.get(name) != entries[name]]
    if seen := _seen_by_trials(study, {name: entries[name] for name in differing}):
        name = min(seen)
        message = (
            f"the trials of {study.name} must all see the same embeddings, and those of {name} are now "
            f"{_told(entries[name])}, where they were {_told(before.get(name))}: go on with the weights "
            "and on the --device that the study was begun with, or begin another study"
        )
        raise ConfigError(message)
    write_json(_file(study), {**before, **entries})


def names_of(config: ChainConfig, folds: Iterable[int], n_folds: int) -> set[str]:
    """Return the embeddings that the chains of some folds are applied to."""
    return {name for fold in folds for name in config.image_names(fold, n_folds)}


def metadata_enter(study: Study, names: Iterable[str]) -> bool:
    """Return whether metadata enter one of some networks before it is pooled, among those still in the cache."""
    entries = read_embedded(study)
    tuned = [entries[name]["tuned"] for name in names if "tuned" in entries.get(name, {})]
    folders = [network_store(study).folder / each["folder"] for each in tuned]
    return any(hub.read_config(folder).spatial for folder in folders if folder.is_dir())


def find_sets(study: Study, names: Sequence[str]) -> list[EmbeddingSet]:
    """Return embedding sets by name, frozen ones from the settings, tuned ones from the cache.

    Raises
    ------
    ConfigError
        If a tuned network is no longer in the cache.
    IntegrityError
        If its files were changed.
    """
    entries = read_embedded(study)
    frozen = [each for each in embedding_sets(study.config) if each.name in names]
    tuned = [name for name in sorted(entries) if name in names and "tuned" in entries[name]]
    missing = sorted(set(names) - {each.name for each in frozen} - set(tuned))
    if missing:
        message = f"{_file(study)} must know the embeddings of all trials, and {missing[0]} are not in it"
        message = f"{message}: run the search again"
        raise IntegrityError(message)
    return [*frozen, *(_find_tuned(study, name, entries[name]) for name in tuned)]


def _find_tuned(study: Study, name: str, entry: Entry) -> EmbeddingSet:
    tuned = entry["tuned"]
    folder = network_store(study).folder / tuned["folder"]
    if not folder.is_dir():
        message = (
            f"the network of {name} must be in the cache and is not ({folder}): run `automl-skin search --study "
            f"{study.name}` again, which tunes it anew"
        )
        raise ConfigError(message)
    verify_folder(folder, f"run `automl-skin search --study {study.name}` again, which tunes it anew")
    network = TunedFolder(folder)
    tuned_on, role = TunedOn(tuned["plan"], tuple(tuned["held_out"])), tuned.get("role", "")
    if network.tuned_on != tuned_on:
        message = f"{name} must be of the network that was tuned without the folds {tuned['held_out']}"
        raise LeakageError(f"{message}, and {folder} held out {list(network.tuned_on.held_out_folds)}")
    if network.role != role:
        message = f"{name} must be a network of {role or 'all'} photographs, and {folder} is of"
        raise IntegrityError(f"{message} {network.role or 'all'}: put its own folder back, or search again")
    return EmbeddingSet(
        network.backbone,
        entry["recipe"],
        Recipe.from_json(tuned["pixels"]),
        tuned["tuning"],
        tuned_on.held_out_folds,
        tuned_on,
        network.head,
        role,
    )


def _seen_by_trials(study: Study, entries: Mapping[str, Entry]) -> set[str]:
    """Return those of some embeddings that a trial depends on; every trial depends on the frozen ones."""
    records = study.journal.read() if entries else []
    if not records:
        return set()
    n_folds = len(study.read_plan().folds)
    tuned = [each.plan.config for each in records if each.plan.config.is_tuned and each.state != "failed"]
    seen = {name for config in tuned for name in names_of(config, range(n_folds), n_folds)}
    return {name for name, entry in entries.items() if name in seen or "tuned" not in entry}


def _told(entry: Mapping[str, Any] | None) -> str:
    return f"of network {entry['network'][:12]} in {entry['precision']}" if entry else "none"


def _file(study: Study) -> Path:
    return study.folder / "stage_one.json"
