"""Promise 7 with tuning: the same study gives the same networks, trials, stack and scores, killed or not.

Single networks are killed in `tests/backbones/tuning/test_kills.py`; here a whole search is, from an empty folder to
the locked test, with processes of its own that tune.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_a_search_with_tuning_repeats_and_goes_on_where_it_was_killed(tmp_path):
    script = Path(__file__).with_name("killed_tuned_study.py")
    ended = subprocess.run(
        [sys.executable, script, tmp_path, "0"], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout.splitlines()[-1])
    print(f"killed during {', '.join(answer['steps'])}; undisturbed {answer['seconds']} s by step")
    assert len(answer["steps"]) == 4
    assert len(set(answer["steps"])) >= 3, answer["steps"]
    whole = answer["whole"]
    assert len(whole["networks"]) == 3 * 2  # of each fold the network and its head
    assert '"within"' in whole["trials"]
    assert answer["again"] == whole
    assert answer["killed"] == whole
