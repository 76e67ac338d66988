import logging
import sys

from opendialogue.logs import DiscreetFormatter


def logged(message, *args, exc_info=None):
    record = logging.LogRecord("name", logging.ERROR, __file__, 1, message, args, exc_info)
    return DiscreetFormatter().format(record)


def test_exception_is_found_but_not_quoted():
    try:
        try:
            raise KeyError("canary of a name")
        except KeyError:
            raise ValueError("canary of an address")  # noqa: B904  the context is what is tested
    except ValueError:
        text = logged("Internal Server Error", exc_info=sys.exc_info())
    assert "canary" not in text
    assert "builtins.ValueError" in text
    assert "builtins.KeyError" in text
    assert "test_logs.py" in text


def test_nobody_writes_a_line_of_their_own():
    assert "\n" not in logged("Not Found: %s", "/a\r\n2026-01-01 CRITICAL forged")


def test_the_time_is_utc_and_says_so():
    record = logging.LogRecord("name", logging.ERROR, __file__, 1, "words", (), None)
    record.created = 0
    assert DiscreetFormatter().format(record) == "1970-01-01T00:00:00Z ERROR name: words"
