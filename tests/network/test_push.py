"""Notifications: held to the example of RFC 8291, section 5, byte for byte, and to what a push service checks."""

import base64
import json
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from network import push

KEYS = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6"
    "cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def decode(text):
    return base64.urlsafe_b64decode(text + "==")


def test_the_example_of_the_standard():
    sender = ec.derive_private_key(int.from_bytes(decode(SENDER), "big"), push.CURVE)
    words = b"When I grow up, I want to be a watermelon"
    assert push.encrypt(words, KEYS, salt=decode(SALT), sender=sender) == decode(BODY)


def test_never_the_same_twice():
    assert push.encrypt(b"x", KEYS) != push.encrypt(b"x", KEYS)


def test_signed_for_one_push_service_and_not_for_long():
    key = push.new_private_key()
    found = push.headers("https://updates.push.services.mozilla.com/wpush/v2/abc", key, "https://post.example")
    scheme, token, known = found["Authorization"].replace(",", "").split()
    assert (scheme, known) == ("vapid", f"k={push.public_key(key)}")
    said, _, signature = token.removeprefix("t=").rpartition(".")
    r, s = (int.from_bytes(part, "big") for part in (decode(signature)[:32], decode(signature)[32:]))
    public = ec.EllipticCurvePublicKey.from_encoded_point(push.CURVE, decode(known[2:]))
    public.verify(utils.encode_dss_signature(r, s), said.encode(), ec.ECDSA(hashes.SHA256()))
    claims = json.loads(decode(said.split(".")[1]))
    assert (claims["aud"], claims["sub"]) == ("https://updates.push.services.mozilla.com", "https://post.example")
    assert claims["exp"] - time.time() == pytest.approx(12 * 60 * 60, abs=60)
