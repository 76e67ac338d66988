"""Web push as the standards have it: encryption for one browser (RFC 8291, 8188) and a signature that says who sends (RFC 8292).

Written out here because it is three calls of `cryptography`, and the usual package brings fourteen others and 40 MiB into each worker
(docs/adr/0011). The tests hold it to the example of the standard, byte for byte.
"""

import base64
import json
import os
import time
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
RECORD = 4096  # what fits into one record, and every browser takes


def encrypt(
    payload: bytes, keys: dict[str, str], *, salt: bytes = b"", sender: ec.EllipticCurvePrivateKey | None = None
) -> bytes:
    """`payload` as only the browser with these `keys` can read it. `salt` and `sender` are fresh each time, but for tests."""
    salt, sender = salt or os.urandom(16), sender or ec.generate_private_key(CURVE)
    browser = _decode(keys["p256dh"])
    ours = _point(sender.public_key())
    secret = sender.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, browser))
    shared = _derive(secret, _decode(keys["auth"]), b"WebPush: info\0" + browser + ours, 32)
    key = _derive(shared, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(shared, salt, b"Content-Encoding: nonce\0", 12)
    head = salt + RECORD.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return head + AESGCM(key).encrypt(nonce, payload + b"\x02", None)


def headers(endpoint: str, private_key: str, contact: str) -> dict[str, str]:
    """The signature for one push service, good for twelve hours, and what the body is."""
    key = _private(private_key)
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(time.time()) + 12 * 60 * 60, "sub": contact}
    said = f"{_encode_json({'typ': 'JWT', 'alg': 'ES256'})}.{_encode_json(claims)}"
    r, s = utils.decode_dss_signature(key.sign(said.encode(), ec.ECDSA(hashes.SHA256())))
    token = f"{said}.{_encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    return {
        "Authorization": f"vapid t={token}, k={public_key(private_key)}",
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
    }


def public_key(private_key: str) -> str:
    """What browsers know us by."""
    return _encode(_point(_private(private_key).public_key()))


def are_keys(keys: dict[str, Any]) -> bool:
    """Whether these are the keys of a browser: a point on the curve and a secret of sixteen bytes."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, _decode(keys["p256dh"]))
        return len(_decode(keys["p256dh"])) == 65 and len(_decode(keys["auth"])) == 16
    except (ValueError, TypeError, KeyError, AttributeError):
        return False


def new_private_key() -> str:
    """A key for VAPID_PRIVATE_KEY."""
    return _encode(ec.generate_private_key(CURVE).private_numbers().private_value.to_bytes(32, "big"))


def _private(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(_decode(text), "big"), CURVE)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _encode_json(value: dict[str, object]) -> str:
    return _encode(json.dumps(value, separators=(",", ":")).encode())


def _encode(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
