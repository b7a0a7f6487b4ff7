"""Making the fold plan, once per study, and putting the labels of the locked cases away."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from automl_skin.backbones.device import resolve_devices
from automl_skin.data.join import digest_tables
from automl_skin.data.manifest import Manifest
from automl_skin.data.plan import FoldPlan, make_plan, plan_from_split
from automl_skin.digests import digest_json
from automl_skin.errors import ConfigError, IntegrityError
from automl_skin.images.known_photographs import look_at
from automl_skin.steps.decisions import check_metric
from automl_skin.steps.events import Listener, start_progress
from automl_skin.steps.networks import frozen_networks
from automl_skin.steps.shortcuts import with_shortcuts
from automl_skin.steps.understand import Understanding, decide, require_images, understand
from automl_skin.study.config import StudyConfig
from automl_skin.study.development_labels import read_development_labels, write_development_labels
from automl_skin.study.facts import PreparedDigests
from automl_skin.study.locked_part import LockedPart
from automl_skin.study.study import Study, begin
from automl_skin.study.understood import (
    read_contents,
    read_understood,
    target_of,
    write_contents,
    write_understood,
)
from automl_skin.synthetic.study import generate, study_folder


@dataclass(frozen=True)
class Prepared:
    """A study that is prepared, and what stage one begins with.

    Parameters
    ----------
    study : Study
    manifest : Manifest
        Of all cases of the plan; locked cases have no label.
    contents : DataFrame
        Columns ``path`` and ``content``: the readable images and the digests of their bytes.
    plan : FoldPlan
    """

    study: Study
    manifest: Manifest
    contents: pd.DataFrame
    plan: FoldPlan

    @cached_property
    def images(self) -> pd.DataFrame:
        """The readable images: the manifest's columns, and ``content``."""
        return self.manifest.images.merge(self.contents[["path", "content"]], on="path")


def is_prepared(study: Study) -> bool:
    """Return whether the study's plan is made."""
    return study.prepared.exists


def prepare(study: Study, tell: Listener) -> Understanding:
    """Understand the data, make the plan, and write both down; ``prepared.json`` comes last.

    Raises
    ------
    InputError, LeakageError
        If the data or the settings cannot be used as they are; then no study was begun.
    """
    frozen_networks(study.config)  # a slip in a name must not begin a study that cannot continue
    resolve_devices((study.config.device, *study.config.devices))
    config = with_data(study, tell)
    understanding = understand(config, study.workspace.cache, tell)
    require_images(understanding, allow_missing=study.config.allow_missing)
    plan = draw_plan(config, understanding)
    understanding = with_shortcuts(decide(understanding, config, plan.development), config, plan)
    costs = check_metric(config, target_of(understanding.manifest), tell)
    begin(study)
    if costs is not None:
        study.costs.write(costs)
    manifest = understanding.manifest
    understanding.audit.write(study.folder)
    plan.write(study.folder)
    assert understanding.shortcuts is not None
    study.shortcuts.write(understanding.shortcuts)
    write_understood(study, manifest, plan)
    table = understanding.inspection.table
    contents = table[table["error"] == ""]
    write_contents(study, contents, look_at(understanding.inspection.fingerprints[contents.index]))
    labels = write_development_labels(study, manifest.label_table(plan.development))
    locked = LockedPart(study).put_away(
        manifest.label_table(plan.locked), manifest.images, contents.set_index("path")["content"]
    )
    digests = PreparedDigests(
        labels=labels,
        **locked,
        plan=plan.digest,
        table=digest_tables(config.tables),
        images=digest_json(sorted(table["content"])),
        without_image=tuple(map(str, manifest.cases.index.difference(understanding.readable))),
    )
    study.prepared.write(digests)
    return understanding


def with_data(study: Study, tell: Listener) -> StudyConfig:
    """Return the study's settings with table and images; the built-in data is made where it is not there yet."""
    config = study.config
    if not config.is_synthetic:
        return config
    folder = study_folder(study.workspace.cache, seed=config.seed)
    made = generate(folder, seed=config.seed, progress=start_progress(tell, "Drawing the synthetic lesions"))
    return config.with_settings({"data": [str(made.table)], "images": str(made.images)})


def draw_plan(config: StudyConfig, understanding: Understanding) -> FoldPlan:
    """Deal the cases that have a readable image, by whole groups, or take the user's own split."""
    readable = understanding.readable
    groups = understanding.groups.only(readable)
    cases = understanding.manifest.cases.loc[readable]
    target = target_of(understanding.manifest)
    strata = pd.DataFrame(
        {
            "class": [target.classes[label] for label in cases["label"]],
            "diagnosis": cases["diagnosis"].astype("str"),
            "source": cases["source"].astype("str").fillna("unknown"),
        },
        index=cases.index,
    )
    if understanding.split is None:
        return make_plan(
            groups, strata, folds=config.folds, locked_share=config.locked_share, seed=config.seed
        )
    return plan_from_split(
        groups,
        understanding.split.loc[readable],
        strata,
        folds=config.folds,
        seed=config.seed,
        waive=config.waive_leakage,
        drop_crossing=config.drop_crossing,
    )


def read_prepared(study: Study) -> Prepared:
    """Return what `prepare` wrote, with the labels of the development cases alone.

    Raises
    ------
    IntegrityError
        If the plan, or the table on which it was made, is another one now.
    """
    digests = study.prepared.read()
    plan = study.read_plan()
    if plan.digest != digests.plan:
        message = (
            f"the plan of {study.folder}: expected the digest {digests.plan[:16]}, got {plan.digest[:16]}. "
            "It was changed after the study began; restore it, or begin another study"
        )
        raise IntegrityError(message)
    tables = study.config.tables
    if tables and all(Path(path).is_file() for path in tables) and digest_tables(tables) != digests.table:
        message = (
            f"{' or '.join(map(str, tables))} was changed after the study {study.name} began; restore it, "
            "or give another --study for the changed table"
        )
        raise IntegrityError(message)
    manifest = read_understood(study).with_labels(read_development_labels(study))
    if manifest.has_photographs != study.config.has_photographs:
        begun, now = ("with", "without") if manifest.has_photographs else ("without", "with")
        message = (
            f"--images: expected a study {begun} photographs, as {study.name} was begun, got one {now} them"
        )
        raise ConfigError(f"{message}; give the same --images, or another --study")
    if study.config.images:  # the folder may have moved; what its files hold is known by digest
        manifest = replace(manifest, images_root=Path(study.config.images).resolve())
    return Prepared(study, manifest, read_contents(study), plan)
