import hashlib
import hmac

import pytest

from toq_media.signing import delivery_id, sign, signed_headers, verify

SECRET = b"s" * 32
OLD = b"o" * 32
BODY = b'{"jobId":77}'
NOW = 1_768_046_400


def headers(secret: bytes = SECRET, timestamp: int = NOW) -> dict[str, str]:
    return signed_headers(BODY, secret, delivery="d-1", timestamp=timestamp)


def test_the_signature_is_the_contracts() -> None:
    assert sign(BODY, SECRET) == hmac.new(SECRET, BODY, hashlib.sha256).hexdigest()
    assert len(headers()["X-Toq-Signature"]) == 64


def test_a_genuine_callback_passes() -> None:
    assert verify(BODY, headers(), [SECRET], now=NOW) == ""


def test_an_old_sender_without_v2_passes() -> None:
    assert (
        verify(BODY, {"x-toq-signature": f" {sign(BODY, SECRET).upper()} "}, [SECRET], now=NOW)
        == ""
    )


def test_both_secrets_are_valid_during_a_rotation() -> None:
    assert verify(BODY, headers(OLD), [SECRET, OLD], now=NOW) == ""


@pytest.mark.parametrize(
    ("body", "change", "secrets", "now", "reason"),
    [
        (b"", {}, [SECRET], NOW, "empty"),
        (BODY + b" ", {}, [SECRET], NOW, "does not match"),
        (BODY, {"X-Toq-Signature": ""}, [SECRET], NOW, "missing"),
        (BODY, {"X-Toq-Signature": "sha256=00"}, [SECRET], NOW, "malformed"),
        (BODY, {}, [OLD], NOW, "does not match"),
        (BODY, {}, [], NOW, "does not match"),  # field note 43: no secret refuses, never accepts
        (BODY, {}, [SECRET], NOW + 301, "300 s"),
        (BODY, {"X-Toq-Timestamp": str(NOW + 1)}, [SECRET], NOW, "V2 does not match"),
        (BODY, {"X-Toq-Delivery": "d-2"}, [SECRET], NOW, "V2 does not match"),
        (BODY, {"X-Toq-Timestamp": "soon"}, [SECRET], NOW, "malformed"),
    ],
)
def test_what_is_not_genuine_is_refused(
    body: bytes, change: dict[str, str], secrets: list[bytes], now: int, reason: str
) -> None:
    assert reason in verify(body, headers() | change, secrets, now=now)


def test_the_delivery_id_is_stable() -> None:
    assert delivery_id("jobs/1/2/0/callback.json") == delivery_id("jobs/1/2/0/callback.json")
    assert delivery_id("jobs/1/2/0/callback.json") != delivery_id("jobs/1/2/1/callback.json")
