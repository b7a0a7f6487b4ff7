"""What the baselines are called that every study has (promise 6); the trials themselves stand in `known`."""

METADATA_ALONE = "metadata alone"
IMAGE_ALONE = "image alone"
RANK_AVERAGE = "rank average"
BASELINES = (METADATA_ALONE, IMAGE_ALONE, RANK_AVERAGE)
