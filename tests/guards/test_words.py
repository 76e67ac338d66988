"""Words that make a network a ward stand nowhere: not on screen, not in code."""

import re

import pytest
from django.conf import settings

# product.md, "Words". Patience and compliments are welcome; a problem may be spoken of, a list of them is not kept.
AVOIDED = re.compile(
    r"\bpatients?\b|\bcarers?\b|\b(?:non-?)?complian(?:t|ce)\b|\bDNA\b|\bdid not attend\b|\bsymptoms?\b|\bproblem[ _-]lists?\b"
    r"|\buser stor(?:y|ies)\b|\bas an? (?:user|coordinator|clinician),? i want\b|\bdiagnos(?:is|es|ed)\b|\brisk[ _-]scores?\b",
    re.IGNORECASE,
)
# Names of licensed or unpublished instruments.
INSTRUMENTS = re.compile(r"COM-FIDE|\bCORE-(?:10|OM)\b|\bHCR-20\b")
PLACES = ["templates", "static", "network", "referrals", "meetings", "opendialogue"]
KINDS = {".html", ".txt", ".py", ".js", ".css", ".svg", ".sql", ".typ", ".webmanifest"}


def sources():
    for place in PLACES:
        for path in sorted((settings.BASE_DIR / place).rglob("*")):
            if path.suffix in KINDS and path.is_file():
                yield path


def found_in(text):
    # Names in code: spell them out, so that an underscore or a capital does not hide a word.
    spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("_", " ")
    return AVOIDED.findall(spelled) + INSTRUMENTS.findall(text)


def test_no_avoided_word_anywhere():
    found = {
        str(path.relative_to(settings.BASE_DIR)): words for path in sources() if (words := found_in(path.read_text()))
    }
    assert found == {}


def test_enough_is_read():
    assert len(list(sources())) > 100


@pytest.mark.parametrize(
    "text",
    ["the patient", "patients", "Carer:", "compliance", "She DNA'd", "Did not attend", "symptoms", "problem list", "patient_name",
     "class PatientForm", "problem_list", "a diagnosis", "risk score", "COM-FIDE"],
)  # fmt: skip
def test_a_planted_word_is_found(text):
    assert found_in(text)


@pytest.mark.parametrize(
    "text", ["Be patiently there", "There is a problem with this address", "impatience", "scarers"]
)
def test_other_words_are_free(text):
    assert not found_in(text)
