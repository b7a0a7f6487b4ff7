"""Tuning under SIGKILL: ten times at random moments, and the weights are those of an undisturbed run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 10


@pytest.mark.slow
def test_ten_kills_leave_the_same_weights(tmp_path):
    script = Path(__file__).with_name("killed_training.py")
    ended = subprocess.run(
        [sys.executable, script, tmp_path, str(KILLS), "0"], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout.splitlines()[-1])
    print(f"killed after {answer['finished']} epochs of {answer['whole']['seconds']:.2f} s")
    assert len(answer["finished"]) == KILLS
    assert len(set(answer["finished"])) >= 5, answer["finished"]
    whole, killed = answer["whole"], answer["killed"]
    assert len(killed["trained"]) < len(whole["trained"])  # it did go on where it was killed
    assert killed["outcome"] == whole["outcome"]
