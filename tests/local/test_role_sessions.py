"""Sessions of roles outlive their first credentials."""

from datetime import UTC, datetime, timedelta
from typing import Any

from local.emulator.clients import RoleProvider

ROLE = "arn:aws:iam::123456789012:role/backend"


class Sts:
    """Hands out numbered credentials that live for the given spans, the last for all after it."""

    def __init__(self, *lives: timedelta) -> None:
        self._lives = list(lives)
        self.given = 0

    def assume_role(self, **asked: str) -> dict[str, Any]:
        assert asked["RoleArn"] == ROLE
        life = self._lives[min(self.given, len(self._lives) - 1)]
        self.given += 1
        return {
            "Credentials": {
                "AccessKeyId": f"key-{self.given}",
                "SecretAccessKey": "secret",
                "SessionToken": "token",
                "Expiration": datetime.now(UTC) + life,
            }
        }


def test_credentials_about_to_expire_are_renewed_and_fresh_ones_kept() -> None:
    sts = Sts(timedelta(seconds=30), timedelta(hours=1))
    credentials = RoleProvider(sts, ROLE).load()
    assert credentials.get_frozen_credentials().access_key == "key-2"
    assert credentials.get_frozen_credentials().access_key == "key-2"
    assert sts.given == 2
