from automl_skin.heads.mlp import SPACE
from automl_skin.heads.neural.config import METANET_SPACE


def test_the_fusion_is_not_the_heads_to_search():
    assert "fusion" not in SPACE
    assert not set(SPACE) & set(METANET_SPACE)
