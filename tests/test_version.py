from importlib.metadata import version

from automl_skin.version import __version__


def test_the_installed_distribution_is_of_this_version():
    assert version("automl-skin") == __version__
