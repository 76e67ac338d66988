"""The planted holes of `make attack` can still be opened: a hole that fits nothing any more proves nothing."""

import subprocess
from dataclasses import replace

import pytest
from django.conf import settings
from django.db import connection, transaction

from attack import __main__ as attack
from attack.__main__ import Outcome, close
from attack.holes import CONTROLS, HOLES

ALL = [*CONTROLS, *HOLES]


def test_a_hole_is_closed_again(tmp_path):
    """The next one in the same copy would be seen for it."""
    hole = next(hole for hole in HOLES if not hole.sql)
    (tmp_path / hole.where).parent.mkdir(parents=True)
    (tmp_path / hole.where).write_text(hole.before)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "x"]):
        subprocess.run([*git, *command], cwd=tmp_path, check=True)
    hole.open_in(tmp_path)
    (tmp_path / "more").write_text("of the tests")
    assert (tmp_path / hole.where).read_text() == hole.after
    close(tmp_path)
    assert (tmp_path / hole.where).read_text() == hole.before
    assert not (tmp_path / "more").exists()


def test_what_was_caught_is_not_asked_again_unless_the_hole_is_another(tmp_path, monkeypatch):
    monkeypatch.setattr(attack, "CAUGHT", tmp_path / "caught.jsonl")
    same, changed, other = HOLES[:3]
    assert attack.caught_before(HOLES) == {}
    for hole in (same, replace(changed, after="something else"), CONTROLS[0]):
        attack.remember(Outcome(hole, "caught", "a test", 1.5, "abc1234"))
    assert attack.caught_before(ALL) == {same.name: Outcome(same, "caught", "a test", 1.5, "abc1234")}
    attack.remember(Outcome(other, "caught", "a test", 1.5, "abc1234"))
    assert set(attack.caught_before(ALL)) == {same.name, other.name}


def test_there_are_enough_and_each_once():
    assert len(HOLES) >= 40
    assert len({hole.name for hole in ALL}) == len(ALL)
    assert len({(hole.where, hole.before, hole.after, hole.sql) for hole in ALL}) == len(ALL)


@pytest.mark.parametrize("hole", [hole for hole in ALL if not hole.sql], ids=lambda hole: hole.name)
def test_the_words_stand_there_once(hole):
    assert (settings.BASE_DIR / hole.where).read_text().count(hole.before) == 1
    assert hole.before != hole.after


@pytest.mark.django_db
@pytest.mark.parametrize("hole", [hole for hole in ALL if hole.sql], ids=lambda hole: hole.name)
def test_the_database_takes_it(hole):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(hole.sql)
        transaction.set_rollback(True)


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)
def test_its_first_tests_are_there(hole):
    assert all((settings.BASE_DIR / path).exists() for path in hole.first)
