"""MLflow: observes the search and writes down what it sees; the only room that imports MLflow.

MLflow reads these variables when it is imported, so they stand here. Whoever sets them otherwise wins.
"""

import os

# a hospital's machine reports to nobody
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
# what lies in the current directory is no part of a model
os.environ.setdefault("MLFLOW_UV_AUTO_DETECT", "false")
# a server that is gone delays the search by seconds; by default it is four minutes a call
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
