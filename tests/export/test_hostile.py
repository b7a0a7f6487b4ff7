"""Bundles whose content was changed and whose digests were made anew: refused, or they answer; never the end."""

import pytest

from automl_skin.export.predictor import Predictor


def test_the_bundle_itself_is_whole(every_bundle):
    import shutil
    shutil.rmtree("/tmp/bundles/every", ignore_errors=True)
    shutil.copytree(every_bundle, "/tmp/bundles/every")
    Predictor.load(every_bundle)
