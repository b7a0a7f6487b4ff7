import sys

from automl_skin.evaluation.plots.style import COLOURS, DASHES, colour, dress, line_style, new_figure, to_png


def test_colours_and_lines_repeat_late():
    assert len({colour(k) for k in range(len(COLOURS))}) == len(COLOURS)
    assert len({line_style(k) for k in range(len(DASHES))}) == len(DASHES)
    assert colour(len(COLOURS)) == colour(0)


def test_size_and_no_pyplot(opened):
    figure = new_figure(4, 3)
    axes = figure.add_subplot()
    dress(axes, "Title", "x", "y")
    axes.plot([0, 1], [0, 1], linewidth=8)
    assert opened(to_png(figure, 100)).size == (400, 300)
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
