"""Seals as a browser does (static/js/kept.js), for tests of the service's side."""

import json
import os
from uuid import uuid4

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from network import sealing


def seal(fields, bound):
    """`fields` sealed to the key of now, for what `bound` says."""
    _, public = sealing.public_key()
    service = sealing._decode(public)
    ours = ec.generate_private_key(sealing.CURVE)
    point, nonce = sealing._point(ours.public_key()), os.urandom(12)
    secret = ours.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(sealing.CURVE, service))
    key = HKDF(hashes.SHA256(), 32, b"", sealing.LABEL + point + service).derive(secret)
    words = json.dumps(fields).encode()
    words += b" " * (-len(words) % 512)
    return sealing._encode(point + nonce + AESGCM(key).encrypt(nonce, words, bound.encode()))


def entry(meeting, author, fields, **other):
    """One entry of `author`, as it lies on their device; `other` is what somebody has changed in it since."""
    name, _ = sealing.public_key()
    clear = {"uuid": str(uuid4()), "author": str(author.uuid), "meeting": str(meeting.uuid), "case": str(meeting.case.uuid),
             "key": name}  # fmt: skip
    bound = "\n".join(clear[part] for part in ("key", "case", "meeting", "author", "uuid"))
    return clear | {"sealed": seal(fields, bound), "waited": True} | other
