"""The networks that a study's embeddings are of, found again; a study continues with the same ones."""

from collections.abc import Iterable, Mapping, Sequence

from automl_skin.backbones import hub
from automl_skin.chains.config import ChainConfig
from automl_skin.embeddings.extract import Extraction
from automl_skin.embeddings.key import TunedOn
from automl_skin.embeddings.tuned_folder import TunedFolder, entry_of
from automl_skin.errors import ConfigError, IntegrityError, LeakageError
from automl_skin.networks import NetworkId
from automl_skin.steps.networks import GivenNetwork, Network, ResolvedNetwork, frozen_networks
from automl_skin.steps.tune import network_store
from automl_skin.store.folder_digests import verify_folder
from automl_skin.study.stage_one_file import (
    EmbeddedNetwork,
    GivenSource,
    TunedSource,
    read_embedded,
    stage_one_path,
    write_embedded,
)
from automl_skin.study.study import Study


def embedded_by(network: ResolvedNetwork, extraction: Extraction) -> EmbeddedNetwork:
    """Return what the embeddings of an extraction are of."""
    key, tuned = extraction.key, None
    if network.tuned_on is not None:
        folder = network.backbone.folder
        assert folder is not None
        tuned = TunedSource(network.tuned_on.plan_digest, network.recipe, entry_of(folder).name)
    return EmbeddedNetwork(key.weights, key.views, key.precision, extraction.embeddings.shape[1], tuned)


def given_by(network: GivenNetwork) -> EmbeddedNetwork:
    """Return what vectors that were made elsewhere are."""
    source = GivenSource(network.licence, network.by)
    return EmbeddedNetwork(network.digest, 1, "float32", network.n_dimensions, given=source)


def keep_embedded(study: Study, embedded: Mapping[str, EmbeddedNetwork]) -> None:
    """Write down what embeddings are of, by name; a study continues with the same ones that its trials have seen.

    Raises
    ------
    ConfigError
        If weights or precision are others than those of the trials that there are.
    """
    before = read_embedded(study)
    differing = [name for name in embedded if before.get(name) != embedded[name]]
    if seen := _seen_by_trials(study, {name: embedded[name] for name in differing}):
        name = min(seen)
        message = (
            f"the trials of {study.name}: expected the same embeddings for all, and those of {name} are now "
            f"{_told(embedded[name])}, where they were {_told(before.get(name))}; continue with the weights "
            "and on the --device that the study was begun with, or begin another study"
        )
        raise ConfigError(message)
    write_embedded(study, {**before, **embedded})


def applied_names(config: ChainConfig, folds: Iterable[int], n_folds: int) -> set[str]:
    """Return the embeddings that the chains of some folds are applied to."""
    return {name for fold in folds for name in config.image_names(fold, n_folds)}


def metadata_enter(study: Study, names: Iterable[str]) -> bool:
    """Return whether metadata enter one of some networks before it is pooled, among those still in the cache."""
    embedded = read_embedded(study)
    tuned = [embedded[name].tuned for name in names if name in embedded]
    folders = [network_store(study).folder / each.folder for each in tuned if each]
    described = [
        folder for folder in folders if (folder / hub.CONFIG).is_file()
    ]  # not of towers tuned together
    return any(hub.read_config(folder).spatial for folder in described)


def find_networks(study: Study, names: Sequence[str]) -> list[Network]:
    """Return networks by name: frozen ones from the settings, tuned ones from the cache, given ones from the record.

    Raises
    ------
    ConfigError
        If a tuned network is no longer in the cache.
    IntegrityError
        If its files were changed.
    """
    embedded = read_embedded(study)
    frozen = [each for each in frozen_networks(study.config) if each.name in names]
    tuned = {name: each.tuned for name, each in sorted(embedded.items()) if name in names and each.tuned}
    given = [
        GivenNetwork(
            NetworkId.parse(name), each.weights, each.n_dimensions, each.given.licence, each.given.by
        )
        for name, each in sorted(embedded.items())
        if name in names and each.given
    ]
    missing = sorted(set(names) - {each.name for each in frozen} - {each.name for each in given} - set(tuned))
    if missing:
        message = f"{stage_one_path(study)}: expected the networks of all trials, {missing[0]} is not in it"
        raise IntegrityError(f"{message}; run the search again")
    return [
        *frozen,
        *given,
        *(_find_tuned(study, NetworkId.parse(name), each) for name, each in tuned.items()),
    ]


def _find_tuned(study: Study, network: NetworkId, source: TunedSource) -> ResolvedNetwork:
    path = network_store(study).folder / source.folder
    again = f"run `automl-skin search --study {study.name}` again, which tunes it anew"
    if not path.is_dir():
        raise ConfigError(f"the network {network}: not found in the cache ({path}); {again}")
    verify_folder(path, again)
    folder = TunedFolder(path).of_role(network.role)
    tuned_on = TunedOn(source.plan, network.held_out)
    if folder.tuned_on != tuned_on:
        message = f"{network}: expected a network tuned under plan {source.plan[:12]} without folds"
        found = f"{folder.tuned_on.plan_digest[:12]}, without {list(folder.tuned_on.held_out_folds)}"
        raise LeakageError(f"{message} {list(network.held_out)}, got {path}, tuned under {found}")
    if folder.role != network.role:
        message = f"{network}: expected a network of {network.role or 'all'} photographs, got {path}"
        raise IntegrityError(
            f"{message}, which is of {folder.role or 'all'}; put its own folder back, or search again"
        )
    return ResolvedNetwork(network, folder.backbone, source.pixels, tuned_on, folder.head)


def _seen_by_trials(study: Study, embedded: Mapping[str, EmbeddedNetwork]) -> set[str]:
    """Return those of some embeddings that a trial depends on; every trial depends on the frozen ones."""
    records = study.journal.read() if embedded else []
    if not records:
        return set()
    n_folds = len(study.read_plan().folds)
    tuned = [each.plan.config for each in records if each.plan.config.is_tuned and each.state != "failed"]
    seen = {name for config in tuned for name in applied_names(config, range(n_folds), n_folds)}
    return {name for name, each in embedded.items() if name in seen or each.tuned is None}


def _told(embedded: EmbeddedNetwork | None) -> str:
    return f"of network {embedded.weights[:12]} in {embedded.precision}" if embedded else "none"
