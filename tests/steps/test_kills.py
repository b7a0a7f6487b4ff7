import json
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 2
"""Of each of the five steps from the data to the bundle."""


@pytest.mark.slow
def test_kills_change_nothing(tmp_path):
    script = Path(__file__).with_name("killed_study.py")
    ended = subprocess.run(
        [sys.executable, script, tmp_path, str(KILLS), "0"], check=False, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout.splitlines()[-1])
    print(f"killed during {', '.join(answer['steps'])}; undisturbed {answer['seconds']} s by step")
    assert len(answer["steps"]) == 5 * KILLS
    assert len(set(answer["steps"])) >= 4, answer["steps"]
    assert answer["whole"]["opened"] == 1
    assert answer["whole"]["left"] == 0
    assert {**answer["killed"], "left": 0} == answer["whole"]
