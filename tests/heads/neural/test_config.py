import pytest

from automl_skin.errors import ConfigError
from automl_skin.heads.mlp import SPACE
from automl_skin.heads.neural.config import MlpConfig


def test_the_fusion_is_not_the_heads_to_search():
    assert not set(SPACE) & {"fusion", "fusion_settings"}


def test_settings_of_another_fusion_are_refused():
    with pytest.raises(ConfigError, match="fusion_settings: expected those of concat, got MetanetSettings"):
        MlpConfig(fusion_settings=MlpConfig(fusion="metanet").fusion_settings)


def test_settings_come_as_a_mapping_or_as_they_are():
    settings = MlpConfig(fusion="metanet", fusion_settings={"layers": 3}).fusion_settings
    assert (settings.layers, settings.width, settings.shape) == (3, 32, "narrow")
    assert MlpConfig(fusion="metanet", fusion_settings=settings).fusion_settings == settings
