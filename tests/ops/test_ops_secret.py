"""A rotation: at every step, what signs is accepted by whoever has what was given out."""

from __future__ import annotations

import pytest

from ops.errors import OpsError
from ops.secret import Secret, Step, next_secret


def after(step: Step, old: Secret) -> Secret:
    return next_secret(step, old, lambda: "new")[0]


def test_no_step_signs_with_a_secret_that_receivers_did_not_have_before_it() -> None:
    secret = Secret(current="old")
    steps: tuple[Step, ...] = ("prepare", "switch", "finish")
    for step in steps:
        given_out = {secret.current, secret.previous} - {""}
        secret = after(step, secret)
        assert secret.current in given_out
    assert secret == Secret(current="new")


def test_switching_again_goes_back() -> None:
    prepared = Secret(current="old", previous="new")
    assert after("switch", after("switch", prepared)) == prepared


def test_the_first_secret_is_put_by_prepare() -> None:
    assert after("prepare", Secret()) == Secret(current="new")


@pytest.mark.parametrize(
    ("step", "old"),
    [
        ("prepare", Secret(current="a", previous="b")),
        ("switch", Secret(current="a")),
        ("finish", Secret(current="a")),
        ("switch", Secret()),
    ],
)
def test_steps_out_of_order_are_refused(step: Step, old: Secret) -> None:
    with pytest.raises(OpsError, match="--step"):
        after(step, old)


def test_values_are_never_shown() -> None:
    secret = Secret(current="sesame-open", previous="")
    assert "sesame" not in repr(secret)
    assert "sesame" not in str(secret.prints)
    assert secret.prints["previous"] == "none"
