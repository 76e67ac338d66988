"""A short round of `make chaos` (chaos/): real processes, killed at random while deadlines fall due. Nothing timed is judged."""

import json
import os
import sys

import pytest

from opendialogue.local import places, processes

ROUND = [
    "--due=70",
    "--kills=12",
    "--flushes=2",
    "--calls=15",
    "--quiet=3",
    "--seconds=22",
    "--patience=300",
    "--seed=7",
]


@pytest.mark.faults
def test_nothing_lost_and_nothing_doubled_whatever_is_killed(tmp_path):
    figures, output = tmp_path / "figures.json", tmp_path / "output"
    with open(output, "w") as file:
        process = processes.start(
            sys.executable, "-m", "chaos", *ROUND, "--untimed", f"--json={figures}",
            cwd=places.CHECKOUT, env=dict(os.environ), stdout=file, stderr=file,
        )  # fmt: skip
        try:
            process.wait(1800)  # a minute on a free machine
        finally:
            processes.stop(process, patience=60)
    told = output.read_text()
    assert process.returncode == 0, told
    result = json.loads(figures.read_text())
    assert (result["wrong"], result["settled"]) == ({}, True), told
    assert (sum(result["kills"].values()), result["flushes"]) == (12, 2), told
    assert (result["messages"], result["calls"] > 0) == (result["wanted"], True), told
