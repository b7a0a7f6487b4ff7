import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from automl_skin.workers.processes import HereAndNow, available_processors, open_workers


def fail():
    raise ValueError("no")


def test_one_worker_is_this_process():
    with open_workers(1) as workers:
        assert isinstance(workers, HereAndNow)
        assert workers.submit(os.getpid).result() == os.getpid()
        assert isinstance(workers.submit(fail).exception(), ValueError)
        assert workers.submit(divmod, 7, 2).result() == (3, 1)


def test_an_interrupt_is_not_handed_on():
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), open_workers(1) as workers:
        workers.submit(interrupt)


def test_available_processors():
    assert 1 <= available_processors() <= (os.cpu_count() or 1)


PROGRAM = """
import os, sys, time
from automl_skin.workers.processes import open_workers

if __name__ == "__main__":
    with open_workers(2) as workers:
        processes = {workers.submit(os.getpid).result() for _ in range(8)} | set(workers._processes)
        print(*processes, flush=True)
        MODE
"""


def start(mode, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM.replace("MODE", mode))
    process = subprocess.Popen([sys.executable, path], stdout=subprocess.PIPE, text=True)
    return process, [int(word) for word in process.stdout.readline().split()]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def gone(pids, seconds=20):
    deadline = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(alive, pids))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc")
def test_workers_end_with_a_killed_parent(tmp_path):
    process, workers = start("time.sleep(100)", tmp_path)
    assert workers
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert gone(workers)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes in /proc")
def test_workers_end_in_the_middle_of_a_call(tmp_path):
    process, workers = start("workers.submit(time.sleep, 100); time.sleep(0.5); sys.exit(3)", tmp_path)
    start_time = time.monotonic()
    process.communicate()
    assert process.returncode == 3
    assert time.monotonic() - start_time < 30
    assert gone(workers)
