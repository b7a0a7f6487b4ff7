"""The version of automl-skin, written down here alone."""

__version__ = "0.1.0"
