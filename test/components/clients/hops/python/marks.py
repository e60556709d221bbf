"""Signs and verifies marks, written from docs/mark-format.md with the standard library alone."""

import base64
import hashlib
import hmac
import re
import sys

SKEW_SECONDS = 30
SEAL = re.compile(r"1\.([0-9]{1,6})\.([1-9][0-9]{0,11})\.([A-Za-z0-9_~-]+)\.([A-Za-z0-9_~-]+)\.([A-Za-z0-9_-]{43})")


def escape(field: str) -> str:
    return "".join(
        chr(byte) if re.fullmatch("[A-Za-z0-9_-]", chr(byte)) else f"~{byte:02x}" for byte in field.encode()
    )


def signature(key_id, secret, audience, expiry, lane_key, lane, pins) -> str:
    fields = ["graylane", "1", "pins" if pins else "lane"]
    fields += [escape(audience), expiry, escape(key_id), escape(lane_key), escape(lane)]
    signed = ".".join(fields + ([pins] if pins else []))
    digest = hmac.new(bytes.fromhex(secret), signed.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def seal(key_id, secret, audience, expiry, lane_key, lane, pins) -> str:
    made = signature(key_id, secret, audience, expiry, lane_key, lane, pins)
    return ".".join(["1", "0", expiry, escape(key_id), escape(audience), made])


def verify(key_id, secret, audience, _expiry, lane_key, lane, pins, offered, now) -> str:
    parts = SEAL.fullmatch(offered)
    if parts is None or parts[3] != escape(key_id) or parts[4] != escape(audience):
        return "forged"
    expected = signature(key_id, secret, audience, parts[2], lane_key, lane, pins)
    if not hmac.compare_digest(parts[5], expected):
        return "forged"
    return "expired" if int(parts[2]) + SKEW_SECONDS < int(now) else "valid"


sys.stdin.reconfigure(encoding="utf-8")
for line in sys.stdin:
    command, *arguments = line.rstrip("\n").split("\t")
    print(seal(*arguments) if command == "sign" else verify(*arguments))
