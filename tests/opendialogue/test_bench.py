"""What a bench says of what it measured: whatever is not plainly good fails the run."""

import pytest

from bench import phone, saving

SEEN = {"lcp": 1000, "cls": 0, "inp": 40, "disk": [20] * phone.SAID}
FAST, SLOW = phone.LINES
ROUND = [SEEN] * phone.VISITS


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        ({}, phone.WITHIN),
        ({"lcp": 0}, "missing: 3 × LCP"),
        ({"inp": 0}, "missing: 3 × INP"),
        ({"disk": [20] * (phone.SAID - 2)}, "missing: 6 × lines"),
        ({"lcp": 1200}, "void"),
        ({"cls": 0.1}, "over the bar"),
        ({"disk": [60] * phone.SAID}, "over the bar"),
    ],
)
def test_the_pages_on_a_telephone(other, verdict):
    """Of three rounds one is another."""
    assert phone.judged("record", FAST, [*ROUND, *ROUND, *[SEEN | other] * phone.VISITS])["verdict"] == verdict


def test_one_slow_visit_is_told_and_makes_no_round():
    row = phone.judged("record", FAST, [*ROUND, *ROUND, SEEN | {"lcp": 1400}, *ROUND[1:]])
    assert (row["verdict"], row["slowest"], row["spread"]) == (phone.WITHIN, 1.4, 0)


def test_the_page_of_the_family_keeps_no_line_and_each_line_has_its_bar():
    visits = [SEEN | {"disk": [], "lcp": 2000}] * 3
    assert phone.judged("family", SLOW, visits)["verdict"] == phone.WITHIN
    assert phone.judged("family", FAST, visits)["verdict"] == "over the bar"


@pytest.mark.parametrize(
    ("ratio", "spread", "errors", "said"),
    [(2, 0.1, 0, saving.WITHIN), (3, 0.1, 0, "over the bar"), (2, 0.2, 0, "void"), (2, 0.1, 1, "1 not answered well")],
)
def test_saving(ratio, spread, errors, said):
    assert saving.verdict(ratio, spread, errors) == said


def test_lines_that_are_missing_are_told():
    assert "missing" not in saving.render([], (saving.sent(), saving.sent()))
    assert "**Lines are missing, or doubled.**" in saving.render([], (saving.sent(), saving.sent() - 1))
