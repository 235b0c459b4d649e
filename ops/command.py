"""From a parsed command line to the work."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Final

from ops import callbacks, cost, dead_letters, jobs, listings, secret
from ops.attempts import Attempt, pick
from ops.cloud import Cloud
from ops.outcome import Outcome

Command = Callable[[Cloud, argparse.Namespace], Outcome]


def _attempt(cloud: Cloud, given: argparse.Namespace) -> Attempt:
    return pick(cloud, job_id=given.job, listing_id=given.listing, retry=given.retry)


def _replay(cloud: Cloud, given: argparse.Namespace) -> Outcome:
    attempt = _attempt(cloud, given)
    if given.only == "callback":
        return callbacks.resend(cloud, attempt, yes=given.yes)
    return jobs.replay(cloud, attempt, scope=given.only or "all", yes=given.yes)


COMMANDS: Final[dict[tuple[str, str], Command]] = {
    ("job", "show"): lambda cloud, given: jobs.show(
        cloud, job_id=given.job, listing_id=given.listing
    ),
    ("job", "replay"): _replay,
    ("dlq", "list"): lambda cloud, _: dead_letters.list_letters(cloud),
    ("dlq", "peek"): lambda cloud, given: dead_letters.peek(cloud, given.message),
    ("dlq", "redrive"): lambda cloud, given: dead_letters.redrive(
        cloud, given.message, everything=given.all, yes=given.yes
    ),
    ("dlq", "discard"): lambda cloud, given: dead_letters.discard(
        cloud, given.message, everything=given.all, yes=given.yes
    ),
    ("callback", "verify"): lambda cloud, given: callbacks.verify(
        cloud, _attempt(cloud, given), signature=given.signature
    ),
    ("callback", "resend"): lambda cloud, given: callbacks.resend(
        cloud, _attempt(cloud, given), yes=given.yes
    ),
    ("listing", "restore"): lambda cloud, given: listings.restore(
        cloud, given.listing, days=given.days, tier=given.tier, yes=given.yes
    ),
    ("listing", "purge"): lambda cloud, given: listings.purge(
        cloud, given.listing, confirm=given.confirm, yes=given.yes
    ),
    ("secret", "rotate"): lambda cloud, given: secret.rotate(cloud, given.step, yes=given.yes),
}
"""By group and command, as the parser names them."""

OFFLINE: Final[dict[tuple[str, str], Callable[[argparse.Namespace], Outcome]]] = {
    ("cost", "estimate"): cost.estimate,
}
"""Commands that need no environment."""
