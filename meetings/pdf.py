"""A note, or everything, as PDF. Typst gets the text as data: whatever people write, it is never markup."""

import json
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import typst
from django.utils import timezone

from meetings.note import Answer, Note, NoteLine

PAPER = Path(__file__).parent
BY = {
    "wish": "{} wishes",
    "reflection": "{}, reflecting",
    "action": "{} does",
    "decision": "Decided together",
    "understanding": "How we understand it now",
    "told": "Told later",
    "left": "Told later",
    "answered": "{}, when it was read back",
}


def note_as_pdf(note: Note) -> bytes:
    """What the reader of `note` sees on the screen, on paper. It carries no date, author or title of its own."""
    return _set("note", as_data(note))


def everything_as_pdf(data: dict[str, Any]) -> bytes:
    """What the person takes along (takeaway.everything). It says nothing about itself, either."""
    return _set("everything", data)


def _set(page: str, data: dict[str, Any], **how: Any) -> bytes:
    return bytes(typst.compile(_source(page), sys_inputs={"data": json.dumps(data, ensure_ascii=False)}, **how))


@cache
def _source(page: str) -> bytes:
    return b"".join((PAPER / f"{name}.typ").read_bytes() for name in ("paper", page))


def as_data(note: Note) -> dict[str, Any]:
    """Every text of the page, in order."""
    return {
        "title": note.title,
        "when": note.when,
        "there": note.who_was_there,
        "marks": note.marks,
        "lines": [_line(line) for line in note.lines],
        "talked": [
            {"decided": one.decided, **words(one.text), "answers": [_answer(said) for said in one.answers]}
            for one in note.talked
        ],
        "read_back": note.read_back,
        "heard": [_answer(one) for one in note.differing],
        "beside": [_answer(one) for one in note.beside],
        "out_of_sight": [{"said": one.said, "answers": [_answer(said) for said in one.answers]} for one in note.gone],
        "follows": note.what_follows,
        "night": note.night,
    }


def _line(line: NoteLine) -> dict[str, Any]:
    by = (
        "Not kept as a decision"
        if line.refused and line.kind == "decision"
        else BY.get(line.kind, "{}").format(line.by)
    )
    return {
        "kind": "refused" if line.refused else line.kind,
        "by": f"{by} · {timezone.localtime(line.at):%H:%M}",
        **words(line.words),
        "notes": line.marks,
        "answers": [_answer(one) for one in line.answers],
    }


def _answer(one: Answer) -> dict[str, Any]:
    return {"by": one.by, "verb": one.verb, **words(one.words)}


def words(text: str) -> dict[str, Any]:
    """The paragraphs, each with the direction of its first letter that has one."""
    return {"words": [{"text": part, "rtl": _leftward(part)} for part in text.split("\n")]}


def _leftward(text: str) -> bool:
    strong = next((way for way in map(unicodedata.bidirectional, text) if way in ("L", "R", "AL")), "L")
    return strong != "L"
