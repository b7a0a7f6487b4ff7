import pytest

from automl_skin.errors import ConfigError
from automl_skin.heads.mlp import SPACE
from automl_skin.heads.neural.config import MlpConfig


def test_the_fusion_is_not_the_heads_to_search():
    assert not set(SPACE) & {"fusion", "fusion_settings"}


def test_descriptions_of_before_are_read():
    """As ``mlp.json`` and trial records were written when MetaNet was the only fusion with settings."""
    old = {"layers": 2, "fusion": "metanet", "metanet_layers": 3, "metanet_width": 16}
    settings = MlpConfig(**old).fusion_settings
    assert (settings.layers, settings.width, settings.shape) == (3, 16, "narrow")
    assert MlpConfig(fusion="concat", metanet_layers=3, metanet_width=16) == MlpConfig()


def test_settings_of_another_fusion_are_refused():
    with pytest.raises(ConfigError, match="fusion_settings must be those of concat, found MetanetSettings"):
        MlpConfig(fusion_settings=MlpConfig(fusion="metanet").fusion_settings)
