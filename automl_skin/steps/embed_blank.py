"""Cases as if nothing were known of them but their photographs."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from automl_skin.chains.inputs import CaseInputs
from automl_skin.features.entering import entering_rows
from automl_skin.features.lesion import pool_images, roles_of
from automl_skin.search.material import Material
from automl_skin.steps.embed import extract_network, shown_to
from automl_skin.steps.embedded import find_networks
from automl_skin.steps.events import Listener
from automl_skin.steps.prepare import Prepared
from automl_skin.study.study import Study


def blank(metadata: pd.DataFrame) -> pd.DataFrame:
    """Return a table of the same cases and fields with every value missing."""
    return metadata.where(np.zeros(metadata.shape, dtype=np.bool_))


def without_metadata(
    study: Study, prepared: Prepared, material: Material, names: Iterable[str], tell: Listener
) -> CaseInputs:
    """Return the inputs of cases with all metadata missing, also for the networks that metadata enter.

    Parameters
    ----------
    study : Study
    prepared : Prepared
    material : Material
    names : iterable of str
        The embeddings that are needed, by name. Those of a network that metadata enter are computed
        anew, of the cases that it held out; other cases have NaN there.
    tell : Listener

    Raises
    ------
    ConfigError
        If a tuned network is no longer in the cache.
    """
    unknown = blank(material.inputs.metadata)
    embeddings = dict(material.inputs.embeddings)
    images, cases = prepared.images, material.cases.index
    for each in find_networks(study, sorted(set(names))):
        if not each.backbone.spatial:
            continue
        held_out = cases[material.cases["fold"].isin(each.id.held_out)]
        some = images[images["case"].isin(held_out) & shown_to(each, images)]
        entering = entering_rows(each.backbone, unknown, some["case"])
        found = extract_network(study, each, prepared.manifest.images_root, some, tell, entering).embeddings
        values = pool_images(
            found, some, cases, (each.id.role,) if each.id.role else roles_of(prepared.manifest.images)
        )
        values[~cases.isin(held_out)] = np.nan
        embeddings[each.name] = values
    return replace(material.inputs, embeddings=embeddings, metadata=unknown)
