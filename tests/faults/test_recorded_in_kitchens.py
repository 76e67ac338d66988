"""A short round of `make kitchen` (kitchen/): real browsers, one scene of each kind. What is judged holds at any speed."""

import json
import os
import sys

import pytest

from kitchen.lane import Record, Said
from kitchen.plan import SCENES, plan
from kitchen.verdict import judge
from opendialogue.local import places, processes

ROUND = ["--meetings=8", "--lanes=2", "--seed=341"]


@pytest.mark.faults
def test_no_word_is_lost_doubled_or_misplaced_whatever_is_cut_or_killed(tmp_path):
    figures, output = tmp_path / "figures.json", tmp_path / "output"
    with open(output, "w") as file:
        process = processes.start(
            sys.executable, "-m", "kitchen", *ROUND, f"--json={figures}",
            cwd=places.CHECKOUT, env=dict(os.environ), stdout=file, stderr=file,
        )  # fmt: skip
        try:
            process.wait(1800)  # a minute on a free machine
        finally:
            processes.stop(process, patience=60)
    told = output.read_text()
    assert process.returncode == 0, told
    result = json.loads(figures.read_text())
    assert (result["wrong"], result["meetings"]) == ({}, 8), told
    assert result["shown"] > 20, told
    assert result["kills"] > 3, told


def test_the_seed_and_the_number_tell_all_of_a_meeting():
    assert [plan(5, n) for n in range(40)] == [plan(5, n) for n in range(40)]
    assert plan(5, 1) != plan(6, 1)
    for n in range(40):
        scenes = [scene.what for scene in plan(5, n)]
        assert SCENES[n % len(SCENES)] in (scenes[0], scenes[-1])


def test_the_short_round_has_every_scene():
    assert {scene.what for n in range(8) for scene in plan(341, n)} == set(SCENES)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("shown", "held", "wrong"), [(True, False, {"lost": ["I am here."]}), (True, True, {}), (False, False, {})]
)
def test_a_line_that_was_shown_is_at_the_service_or_on_its_phone_at_the_end(shown, held, wrong):
    said = Said("a meeting", 1, "0/0", "I am here.", "voice", shown=shown, held=held)
    result = judge([Record(said=[said])])
    assert result["wrong"] == wrong
    assert result["not_taken"] == int(held)
