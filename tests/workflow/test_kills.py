import json
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 10


@pytest.mark.slow
def test_kills_change_nothing(tmp_path):
    script = Path(__file__).with_name("killed_study.py")
    ended = subprocess.run(
        [sys.executable, script, tmp_path, str(KILLS), "0"], check=True, capture_output=True, text=True
    )
    answer = json.loads(ended.stdout.splitlines()[-1])
    assert len(answer["steps"]) == KILLS
    assert len(set(answer["steps"])) >= 3, answer["steps"]
    assert answer["whole"]["opened"] == 1
    assert answer["whole"]["left"] == 0
    for end in answer["ends"]:
        assert {**end, "left": 0} == answer["whole"]
