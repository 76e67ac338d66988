"""Sealed to the service and to what it belongs to: it opens with our key, and as nothing else."""

import json
import os

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from network.sealing import NotOpened, UnknownKey, new_private_key, public_key, unseal
from tests.sealed import seal


@pytest.fixture(autouse=True)
def keys(settings):
    settings.SEALING_KEYS = new_private_key()


def test_it_opens_with_our_key_and_what_it_was_bound_to():
    name, _ = public_key()
    assert json.loads(unseal(seal({"text": "Näin 👩‍👧"}, "of A"), key=name, bound="of A")) == {"text": "Näin 👩‍👧"}


def test_the_same_words_are_never_sealed_the_same_and_their_length_says_nothing():
    short, other, longer = seal({"text": "a"}, ""), seal({"text": "a"}, ""), seal({"text": "a" * 400}, "")
    assert short != other
    assert len(short) == len(longer)


def test_it_opens_as_nothing_else():
    name, _ = public_key()
    with pytest.raises(NotOpened):
        unseal(seal({}, "of A"), key=name, bound="of B")


@pytest.mark.parametrize("at", [0, 40, 70, -1])
def test_touched_anywhere_it_does_not_open(at):
    name, _ = public_key()
    sealed = seal({"text": "a"}, "of A")
    at %= len(sealed)
    other = "A" if sealed[at] != "A" else "B"
    with pytest.raises(NotOpened):
        unseal(sealed[:at] + other + sealed[at + 1 :], key=name, bound="of A")


@pytest.mark.parametrize("sealed", ["", "AAAA", "ä", "-" * 300, "A" * 200])
def test_what_was_never_sealed_does_not_open(sealed):
    name, _ = public_key()
    with pytest.raises(NotOpened):
        unseal(sealed, key=name, bound="")


def test_a_new_key_in_front_and_the_old_one_still_opens(settings):
    old, _ = public_key()
    sealed = seal({"text": "a"}, "of A")
    settings.SEALING_KEYS = f"{new_private_key()} {settings.SEALING_KEYS}"
    assert public_key()[0] != old
    assert unseal(sealed, key=old, bound="of A")
    with pytest.raises(NotOpened):
        unseal(sealed, key=public_key()[0], bound="of A")


def test_without_the_old_key_it_says_so(settings):
    old, _ = public_key()
    sealed = seal({}, "")
    settings.SEALING_KEYS = new_private_key()
    with pytest.raises(UnknownKey):
        unseal(sealed, key=old, bound="")


def test_without_any_key_nothing_is_sealed(settings):
    settings.SEALING_KEYS = ""
    assert public_key() is None


def test_a_key_of_the_commands_making_is_taken(settings):
    from io import StringIO

    from django.core.management import call_command

    out = StringIO()
    call_command("new_sealing_key", stdout=out)
    settings.SEALING_KEYS = out.getvalue()
    assert public_key()


def test_the_construction_is_the_one_written_down():
    """ECDH, HKDF-SHA-256 over label and both points, AES-256-GCM: reckoned here by hand."""
    from network import sealing

    [(name, private)] = sealing._keys(sealing.settings.SEALING_KEYS).items()
    ours = ec.generate_private_key(ec.SECP256R1())
    point, theirs = sealing._point(ours.public_key()), sealing._point(private.public_key())
    secret = ours.exchange(ec.ECDH(), private.public_key())
    key = HKDF(hashes.SHA256(), 32, None, b"opendialogue sealed 1" + point + theirs).derive(secret)
    nonce = os.urandom(12)
    whole = point + nonce + AESGCM(key).encrypt(nonce, b"words", b"of A")
    assert unseal(sealing._encode(whole), key=name, bound="of A") == b"words"


@pytest.mark.parametrize("keys", ["none", "ä", "A" * 200])
def test_a_slip_in_a_key_is_found_before_anybody_writes(settings, keys):
    from opendialogue.checks import sealing_keys

    assert sealing_keys(None) == []
    settings.SEALING_KEYS = keys
    assert [fault.id for fault in sealing_keys(None)] == ["opendialogue.E003"]
