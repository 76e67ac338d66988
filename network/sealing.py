"""Words sealed to the service by a browser that had no signal: nobody can open them again on the device, and here only with our key.

ECDH on P-256 with a key pair that the browser makes for each entry and forgets, HKDF with SHA-256, AES-256-GCM. What an entry belongs to
is bound in, so that it opens as nothing else. static/js/kept.js seals; docs/adr/0012 says why.
"""

import base64
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

CURVE = ec.SECP256R1()
LABEL = b"opendialogue sealed 1"
POINT, NONCE = 65, 12  # bytes in front of the words: the browser's public key, and the nonce

Keys = dict[str, ec.EllipticCurvePrivateKey]


class NotOpened(Exception):
    """Nothing that was sealed to us for this, or no longer what it was."""


class UnknownKey(NotOpened):
    """Sealed to a key that this service does not have."""


def public_key() -> tuple[str, str] | None:
    """Name and public half of the key that browsers seal to now; None when the service has none."""
    for name, key in _keys(settings.SEALING_KEYS).items():
        return name, _encode(_point(key.public_key()))
    return None


def unseal(sealed: str, *, key: str, bound: str) -> bytes:
    """The words, if `sealed` was sealed to our key of that name and for exactly what `bound` says."""
    private = _keys(settings.SEALING_KEYS).get(key)
    if private is None:
        raise UnknownKey
    try:
        whole = _decode(sealed)
        theirs, nonce, words = whole[:POINT], whole[POINT : POINT + NONCE], whole[POINT + NONCE :]
        secret = private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, theirs))
        info = LABEL + theirs + _point(private.public_key())
        return AESGCM(HKDF(hashes.SHA256(), 32, b"", info).derive(secret)).decrypt(nonce, words, bound.encode())
    except (InvalidTag, ValueError) as error:
        raise NotOpened from error


def new_private_key() -> str:
    """A key for SEALING_KEYS."""
    return _encode(ec.generate_private_key(CURVE).private_numbers().private_value.to_bytes(32, "big"))


@lru_cache(maxsize=4)
def _keys(texts: str) -> Keys:
    """Name → key, the one that is sealed to first."""
    keys = [_private(text) for text in texts.split()]
    return {_name(key): key for key in keys}


def _private(text: str) -> ec.EllipticCurvePrivateKey:
    value = _decode(text)
    if len(value) != 32:
        raise ValueError("A key has 32 bytes.")
    return ec.derive_private_key(int.from_bytes(value, "big"), CURVE)


def _name(key: ec.EllipticCurvePrivateKey) -> str:
    return _encode(sha256(_point(key.public_key())).digest()[:8])


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
