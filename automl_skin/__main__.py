"""``python -m automl_skin``, the same as ``automl-skin``."""

from automl_skin.cli.main import run

if __name__ == "__main__":
    run()
