"""`dlq`: look at dead letters, send them back to work, or throw them away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ops.callbacks import call_function, deliver
from ops.cloud import Cloud
from ops.errors import NotThereError, OpsError
from ops.letters import Letter, read_letter
from ops.outcome import Outcome

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

MAX_LETTERS = 1000
"""Most letters that one command takes in hand."""

_BATCH = 10  # SQS's limit for one call
_HOLD_SECONDS = 300  # others do not see a letter while a command has it
_SEARCH_SECONDS = 20


@dataclass
class _Held:
    """A letter with its message, which this command holds until it is removed or given back."""

    message: MessageTypeDef
    letter: Letter
    removed: bool = False

    @property
    def id(self) -> str:
        return self.message["MessageId"]

    @property
    def row(self) -> dict[str, Any]:
        keys = self.letter.attempt.keys if self.letter.attempt else None
        attributes = self.message.get("Attributes", {})
        sent = datetime.fromtimestamp(int(attributes.get("SentTimestamp", "0")) / 1000, UTC)
        return {
            "message": self.id,
            "kind": self.letter.kind,
            "listing": keys.listing_id if keys else None,
            "job": keys.job_id if keys else None,
            "retry": keys.retry if keys else None,
            "sent": sent.isoformat(timespec="seconds"),
            "redrivable": not self.letter.hopeless,
            "reason": self.letter.reason,
        }


def rows_of_job(
    cloud: Cloud, *, listing_id: int | None, job_id: int | None
) -> list[dict[str, Any]]:
    """Letters about a job, a listing, or a job of a listing."""
    with _letters(cloud) as held:
        rows = [one.row for one in held]
    return [
        row for row in rows if job_id in (None, row["job"]) and listing_id in (None, row["listing"])
    ]


def list_letters(cloud: Cloud) -> Outcome:
    """`dlq list`: every letter with its reason; exit code 1 when there are any."""
    with _letters(cloud) as held:
        rows = [one.row for one in held]
    return Outcome(
        title=f"dead letters in {cloud.names.dead_letter_queue}",
        facts={"count": len(rows)},
        tables={"letters": rows},
        exit_code=1 if rows else 0,
    )


def peek(cloud: Cloud, message_id: str) -> Outcome:
    """`dlq peek`: one letter whole."""
    with _letters(cloud) as held:
        one = _chosen(held, [message_id], everything=False)[0]
    return Outcome(
        title=f"dead letter {one.id}",
        facts={
            **one.row,
            "receives": int(one.message.get("Attributes", {})["ApproximateReceiveCount"]),
            "attributes": _attributes(one.message),
            "body": one.message["Body"],
        },
    )


def redrive(cloud: Cloud, ids: Sequence[str], *, everything: bool, yes: bool) -> Outcome:
    """`dlq redrive`: jobs back to their queue, callbacks to the backend.

    A job is sent and then taken out, so that it is at worst there twice (dispatch drops a
    duplicate) and never lost. StartMessageMoveTask is not used: it cannot choose, and would bring
    every hopeless letter back five receives later.
    """

    def act(one: _Held) -> str:
        if one.letter.hopeless:
            return "left: would only come back; mend its cause or discard it"
        if not yes:
            return "would be redriven"
        problem = _send_on(cloud, one)
        if problem:
            return f"left: {problem}"
        _remove(cloud, one)
        return "redriven"

    return _handle(cloud, ids, "redrive", act, everything=everything, yes=yes)


def discard(cloud: Cloud, ids: Sequence[str], *, everything: bool, yes: bool) -> Outcome:
    """`dlq discard`: take letters out for good; the rows are the only record of them."""

    def act(one: _Held) -> str:
        if not yes:
            return "would be discarded"
        _remove(cloud, one)
        return "discarded"

    return _handle(cloud, ids, "discard", act, everything=everything, yes=yes)


def _handle(
    cloud: Cloud,
    ids: Sequence[str],
    verb: str,
    act: Callable[[_Held], str],
    *,
    everything: bool,
    yes: bool,
) -> Outcome:
    with _letters(cloud) as held:
        rows = [
            {**one.row, "result": act(one)} for one in _chosen(held, ids, everything=everything)
        ]
    left = [row for row in rows if str(row["result"]).startswith("left")]
    return Outcome(
        title=f"{verb} in {cloud.names.dead_letter_queue}",
        facts={"chosen": len(rows), "left": len(left)},
        tables={"letters": rows},
        done=yes,
        exit_code=1 if left else 0,
    )


def _send_on(cloud: Cloud, one: _Held) -> str:
    """Put a letter back to work; why that failed, or an empty string."""
    letter = one.letter
    if letter.kind == "ended":
        return call_function(cloud, dict(letter.event)).problem
    if letter.kind == "callback":
        assert letter.attempt, "a callback without its attempt is hopeless"
        try:
            return deliver(cloud, letter.attempt.keys).problem
        except NotThereError as error:
            return str(error)
    cloud.sqs.send_message(
        QueueUrl=cloud.queue_url(cloud.names.queue),
        MessageBody=one.message["Body"],
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value}
            for name, value in _attributes(one.message).items()
        },
    )
    return ""


def _chosen(held: Sequence[_Held], ids: Sequence[str], *, everything: bool) -> list[_Held]:
    """The letters that were named.

    Raises:
        OpsError: none was named.
        NotThereError: one is not there, or another reader holds it now.
    """
    if everything:
        return list(held)
    if not ids:
        raise OpsError("name letters with --message (more than once), or take --all")
    by_id = {one.id: one for one in held}
    for wanted in ids:
        if wanted not in by_id:
            raise NotThereError(
                f"message {wanted}: is not in the dead-letter queue, or in another reader's hands "
                f"for up to {_HOLD_SECONDS} s; `dlq list` shows what is there"
            )
    return [by_id[wanted] for wanted in ids]


@contextmanager
def _letters(cloud: Cloud) -> Iterator[list[_Held]]:
    """Hold every letter; those that were not removed are given back at once at the end."""
    url = cloud.queue_url(cloud.names.dead_letter_queue)
    held: dict[str, _Held] = {}
    deadline = time.monotonic() + _SEARCH_SECONDS
    try:
        while len(held) < MAX_LETTERS and time.monotonic() < deadline:
            found = cloud.sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=_HOLD_SECONDS,
                WaitTimeSeconds=1,  # a long poll asks all of SQS's servers, a short one some
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            for message in found:
                letter = read_letter(message["Body"], _attributes(message))
                held[message["MessageId"]] = _Held(message, letter)
            if not found:
                break
        yield list(held.values())
    finally:
        _give_back(cloud, url, (one for one in held.values() if not one.removed))


def _give_back(cloud: Cloud, url: str, held: Iterable[_Held]) -> None:
    """End the hold, so that the next command sees them at once."""
    for one in held:
        try:
            cloud.sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=one.message["ReceiptHandle"], VisibilityTimeout=0
            )
        except cloud.sqs.exceptions.MessageNotInflight:
            continue  # the hold ended by itself


def _remove(cloud: Cloud, one: _Held) -> None:
    cloud.sqs.delete_message(
        QueueUrl=cloud.queue_url(cloud.names.dead_letter_queue),
        ReceiptHandle=one.message["ReceiptHandle"],
    )
    one.removed = True


def _attributes(message: MessageTypeDef) -> dict[str, str]:
    given = message.get("MessageAttributes", {})
    return {name: value.get("StringValue", "") for name, value in given.items()}
