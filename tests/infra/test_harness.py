"""The harness must fail where the mock monitor would look away."""

from __future__ import annotations

import pulumi
import pytest
from pulumi_aws import get_caller_identity, sqs

from components.children import child
from tests.infra.harness import RecordingError, record


class Group(pulumi.ComponentResource):
    def __init__(self, name: str = "group") -> None:
        super().__init__("test:index:Group", name)


def test_records_type_name_inputs_and_options() -> None:
    def program() -> None:
        sqs.Queue("q", name="jobs", delay_seconds=3, opts=child(Group(), protect=True))

    queue = record(program).one("aws:sqs/queue:Queue", "q")

    assert queue.inputs == {"name": "jobs", "delaySeconds": 3}
    assert queue.protect
    assert queue.retain_on_delete
    assert queue.parent.endswith("test:index:Group::group")


def test_a_false_assertion_in_the_program_fails() -> None:
    def program() -> None:
        raise AssertionError("false")

    with pytest.raises(AssertionError, match="false"):
        record(program)


def test_a_failing_apply_fails_although_nobody_returns_it() -> None:
    def fail(_: str) -> None:
        raise ValueError("in apply")

    def program() -> None:
        sqs.Queue("q", opts=child(Group())).arn.apply(fail)

    with pytest.raises(ValueError, match="in apply"):
        record(program)


def test_a_resource_outside_every_component_fails() -> None:
    with pytest.raises(RecordingError, match="is in no component"):
        record(lambda: _ignore(sqs.Queue("q")))


def test_two_resources_with_one_urn_fail() -> None:
    def program() -> None:
        group = Group()
        sqs.Queue("q", opts=child(group))
        sqs.Queue("q", opts=child(group))

    with pytest.raises(RecordingError, match="two resources are called"):
        record(program)


def test_a_call_that_no_test_expects_fails() -> None:
    with pytest.raises(RecordingError, match="getCallerIdentity"):
        record(lambda: _ignore(get_caller_identity()))


def test_an_output_in_an_f_string_fails() -> None:
    def program() -> None:
        group = Group()
        queue = sqs.Queue("q", opts=child(group))
        sqs.Queue("r", name=f"{queue.name}-dlq", opts=child(group))

    with pytest.raises(Exception, match="Calling __str__ on an Output"):
        record(program)


def test_secret_values_are_unwrapped() -> None:
    def program() -> None:
        sqs.Queue("q", name=pulumi.Output.secret("hidden"), opts=child(Group()))

    assert record(program).one("aws:sqs/queue:Queue", "q").inputs == {"name": "hidden"}


def test_secret_inputs_are_named_even_where_only_a_part_is_secret() -> None:
    def program() -> None:
        tags: dict[str, pulumi.Input[str]] = {"a": pulumi.Output.secret("hidden"), "b": "open"}
        sqs.Queue("q", name="plain", tags=tags, opts=child(Group()))
        pulumi.export("token", pulumi.Output.secret("hidden"))

    recorded = record(program)

    assert recorded.one("aws:sqs/queue:Queue", "q").secrets == {"tags"}
    assert recorded.secret_exports == {"token"}


def test_stack_outputs_are_recorded() -> None:
    assert record(lambda: pulumi.export("answer", 42)).exports == {"answer": 42}


def test_runs_do_not_see_each_other() -> None:
    record(lambda: pulumi.export("first", 1))

    assert record(lambda: pulumi.export("second", 2)).exports == {"second": 2}


def _ignore(_: object) -> None:
    """A program returns nothing."""
