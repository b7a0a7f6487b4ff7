"""Cases as if nothing were known of them but their photographs."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from automl_skin.chains.inputs import CaseInputs
from automl_skin.search.material import Material
from automl_skin.steps.embedded import find_networks
from automl_skin.steps.embedder import Embedder
from automl_skin.steps.events import Listener
from automl_skin.steps.networks import with_pixels_alone
from automl_skin.steps.prepare import Prepared


def blank(metadata: pd.DataFrame) -> pd.DataFrame:
    """Return a table of the same cases and fields with every value missing."""
    return metadata.where(np.zeros(metadata.shape, dtype=np.bool_))


def without_metadata(
    prepared: Prepared, material: Material, names: Iterable[str], tell: Listener
) -> CaseInputs:
    """Return the inputs of cases with all metadata missing, also for the networks that metadata enter.

    Parameters
    ----------
    names : iterable of str
        The embeddings that are needed, by name. Those of a network that metadata enter are computed
        anew, of the cases that it held out; other cases have NaN there.

    Raises
    ------
    ConfigError
        If a tuned network is no longer in the cache.
    """
    unknown = blank(material.inputs.metadata)
    embeddings = dict(material.inputs.embeddings)
    cases = material.cases.index
    embedder = Embedder(prepared, tell, metadata=unknown)
    for each in with_pixels_alone(find_networks(prepared.study, sorted(set(names)))):
        if each.backbone.spatial:
            held_out = material.cases["fold"].isin(each.id.held_out).to_numpy()
            values = embedder.embed(each, cases[held_out]).pool(cases)
            values[~held_out] = np.nan
            embeddings[each.name] = values
    return replace(material.inputs, embeddings=embeddings, metadata=unknown)
