import pytest
import torch

from automl_skin.backbones.views import check_views, each_view
from automl_skin.errors import ConfigError


@pytest.mark.parametrize("views", [1, 4, 8])
def test_views_are_different_pictures(views):
    image = torch.arange(27.0).reshape(1, 3, 3, 3)
    assert len({tuple(view.flatten().tolist()) for view in each_view(image, views)}) == views


@pytest.mark.parametrize("change", [lambda x: x.flip(2), lambda x: x.rot90(1, (2, 3))])
def test_eight_views_are_the_same_set_however_the_camera_was_held(change):
    image = torch.rand(1, 3, 5, 5)

    def pictures(x):
        return {tuple(view.flatten().tolist()) for view in each_view(x, 8)}

    assert pictures(image) == pictures(change(image))


def test_other_numbers_are_refused():
    with pytest.raises(ConfigError, match="one of 1, 4, 8, got 2"):
        check_views(2, 32, 32)
    with pytest.raises(ConfigError, match=r"square images.*got 32 x 48"):
        check_views(8, 32, 48)
