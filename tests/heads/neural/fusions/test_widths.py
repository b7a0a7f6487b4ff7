import pytest

from automl_skin.heads.neural.fusions.widths import metadata_sizes


@pytest.mark.parametrize(
    ("n_layers", "sizes"),
    [(1, [17, 2048]), (2, [17, 1024, 2048]), (3, [17, 512, 1024, 2048]), (4, [17, 256, 512, 1024, 2048])],
)
def test_published_widths_are_those_of_the_paper(n_layers, sizes):
    assert metadata_sizes(17, n_layers, 2048, 32, "published") == sizes


def test_no_layer_leaves_the_metadata():
    assert metadata_sizes(17, 0, 2048, 32, "narrow") == [17]
