import pytest

from automl_skin.errors import ConfigError
from automl_skin.papers.cells import proposal_of
from automl_skin.papers.planned import PlannedCell
from automl_skin.papers.study_file import Cell
from automl_skin.search.space import SpaceOptions


def chain_of(**choose):
    cell = Cell("embedding", {"fusion": "metadata", "head": "mlp", **choose})
    return proposal_of(PlannedCell(cell), SpaceOptions(("net",), ("plain",)), "plain").plan.config


def test_a_paper_s_numbers_may_lie_beyond_what_a_search_tries():
    head = chain_of(mlp_layers=3, mlp_width=1024).branches[0].head
    assert (head.layers, head.width) == (3, 1024)


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        ({"mlp_activation": "tanh"}, "expected mlp_activation to be one of"),
        ({"mlp_width": 64.5}, "expected mlp_width to be one of"),
        ({"mlp_width": "wide"}, "expected mlp_width to be one of"),
        ({"mlp_width": -1}, "expected mlp_width to be one of"),
        ({"mlp_widht": 64}, "got one to 'mlp_widht'"),
    ],
)
def test_slips_are_errors(choose, message):
    with pytest.raises(ConfigError, match=message):
        chain_of(**choose)
