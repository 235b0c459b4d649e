"""Bearer tokens of an issuer, and who may see what."""

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from backend.auth import OPERATOR_ROLE, JwtIssuer
from tests.backend.backend_harness import BASE, LISTING, Service, settings_for

ISSUER = "https://login.toq.test"
AUDIENCE = "toq-media"
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
FAR = 4_000_000_000


class Keys:
    def get_signing_key_from_jwt(self, token: str) -> jwt.PyJWK:
        algorithm = jwt.get_algorithm_by_name("ES256")
        return jwt.PyJWK({**algorithm.to_jwk(KEY.public_key(), as_dict=True), "alg": "ES256"})


@pytest.fixture
def guarded(sqlite_service: Service) -> Service:
    sqlite_service.app.state.authenticator = JwtIssuer(ISSUER, AUDIENCE, Keys())
    return sqlite_service


def token(key: ec.EllipticCurvePrivateKey = KEY, **changes: Any) -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "dev", "exp": FAR, **changes}
    given = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(given, key, algorithm="ES256")


def status_with(service: Service, bearer: str) -> int:
    path = f"{BASE}/listings/{LISTING}/jobs"
    headers = {"Authorization": f"Bearer {bearer}"}
    return int(service.client.get(path, headers=headers).status_code)


def test_owner_stranger_and_operator(guarded: Service) -> None:
    assert status_with(guarded, token()) == 200
    assert status_with(guarded, token(sub="stranger")) == 403
    assert status_with(guarded, token(sub="stranger", roles=[OPERATOR_ROLE])) == 200
    assert status_with(guarded, token(sub="stranger", roles=OPERATOR_ROLE)) == 403


@pytest.mark.parametrize(
    "changes", [{"iss": "https://evil.test"}, {"aud": "other"}, {"exp": 1}, {"sub": None}]
)
def test_token_that_is_not_for_us(guarded: Service, changes: dict[str, Any]) -> None:
    assert status_with(guarded, token(**changes)) == 401


def test_forged_tokens(guarded: Service) -> None:
    assert status_with(guarded, token(OTHER)) == 401
    unsigned = jwt.encode({"iss": ISSUER, "sub": "dev"}, "", algorithm="none")
    assert status_with(guarded, unsigned) == 401


def test_strangers_are_kept_out_of_everything(guarded: Service) -> None:
    guarded.client.headers["Authorization"] = f"Bearer {token(sub='stranger')}"
    place = {"listingIdentityId": LISTING, "assetType": "PHOTO_VERTICAL", "sequence": 1}
    for path in ("uploads/process", "uploads/complete", "update", "approve", "download"):
        body = {**place, "approve": True, "requests": [{"resolution": "zip"}]}
        refused = guarded.post(f"/listings/media/{path}", body, status=403)
        assert refused["reason"] == "NOT_THE_OWNER"
    guarded.delete(place, status=403)
    guarded.get("/listings/media", status=403, listingIdentityId=LISTING)
    guarded.get(f"/listings/{LISTING}/events", status=403)
    assert guarded.get("/listings")["data"] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dev_token": None}, "DEV_TOKEN"),
        ({"jwt_issuer": ISSUER}, "belong together"),
        ({"jwt_issuer": ISSUER, "jwt_jwks_url": f"{ISSUER}/keys"}, "JWT_AUDIENCE"),
        (
            {"jwt_issuer": ISSUER, "jwt_jwks_url": f"{ISSUER}/keys", "jwt_audience": "a"},
            "development only",
        ),
        ({"callback_secret": "short"}, "CALLBACK_SECRET: shorter"),
        ({"processing_state_machine_arn": "arn:x"}, "processing_state_machine_arn"),
    ],
)
def test_unsafe_settings_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        settings_for("sqlite://", **changes)
