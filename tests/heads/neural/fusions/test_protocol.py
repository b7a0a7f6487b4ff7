import pytest

from automl_skin.errors import ConfigError
from automl_skin.heads.neural.fusions.catalogue import fusion_by_name


def test_unknown_fusions_settings_and_values_are_named():
    with pytest.raises(ConfigError, match="unknown neural fusion 'metanot'; choose one of concat, metanet"):
        fusion_by_name("metanot")
    with pytest.raises(ConfigError, match="metanet has no setting 'depth'; it has layers, shape, width"):
        fusion_by_name("metanet").configure({"depth": 2})
    with pytest.raises(ConfigError, match=r"metanet's layers: expected .*, got 5"):
        fusion_by_name("metanet").configure({"layers": 5})
