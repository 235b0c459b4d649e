"""The key and the callback secret, as staging would register them."""

from __future__ import annotations

from tests.infra.harness import KEY_ID, Recorded
from tests.infra.staging_facts import KEY, TAGS, inputs


def test_the_key_rotates_and_waits_before_it_goes(staging: Recorded) -> None:
    assert inputs(staging, "aws:kms/key:Key", "encryption-key", without="policy") == {
        "description": "TOQ media processing, staging",
        "enableKeyRotation": True,
        "deletionWindowInDays": 30,
        "tags": TAGS,
    }
    assert inputs(staging, "aws:kms/alias:Alias", "encryption-alias") == {
        "name": "alias/toq-media-processing-staging",
        "targetKeyId": KEY_ID,
    }


def test_the_callback_secret_has_no_value_in_state(staging: Recorded) -> None:
    secret = inputs(staging, "aws:secretsmanager/secret:Secret", "encryption-callback-secret")

    assert secret == {
        "name": "toq-media-callback-staging",
        "description": "Signs callbacks to the backend: JSON with current and previous.",
        "kmsKeyId": KEY,
        "recoveryWindowInDays": 30,
        "tags": TAGS,
    }
    assert staging.of_type("aws:secretsmanager/secretVersion:SecretVersion") == []
