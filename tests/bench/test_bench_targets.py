"""Which side of a goal or a floor a value is on, and that a floor missed is said."""

import pytest

from bench.targets import Target, as_rows


@pytest.mark.parametrize(
    ("value", "at_least", "verdict"),
    [
        (12, True, "goal"),
        (9, True, "floor"),
        (7, True, "below"),
        (7, False, "goal"),
        (9, False, "floor"),
        (12, False, "below"),
    ],
)
def test_verdicts(value: float, at_least: bool, verdict: str) -> None:
    goal, floor = (10, 8) if at_least else (8, 10)
    target = Target(id="P0", what="x", value=value, goal=goal, floor=floor, at_least=at_least)
    assert target.verdict == verdict
    assert as_rows([target])[0]["verdict"] == verdict
