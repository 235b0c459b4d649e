"""Command line of `python -m ops`."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from bench.cost.usage import Listing

_DESCRIPTION = """\
Look into an environment of the media pipeline, and mend what is broken.
What changes something is a dry run unless --yes is given.
Exit codes: 0 done, 1 something is missing or not as it should be, 2 it could not be done."""

Commands = argparse._SubParsersAction


def parser() -> argparse.ArgumentParser:
    """Every command; the chosen one is in `group` and `command`."""
    root = argparse.ArgumentParser(
        prog="python -m ops",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    groups = root.add_subparsers(dest="group", required=True)
    _job(groups)
    _dlq(groups)
    _callback(groups)
    _listing(groups)
    _secret(groups)
    _cost(groups)
    return root


def _job(groups: Commands[argparse.ArgumentParser]) -> None:
    commands = _group(groups, "job", "find a job, or do it again")
    show = _command(commands, "show", "everything known of a job or a listing")
    show.add_argument("job", nargs="?", type=_id, help="id of the job")
    show.add_argument("--listing", type=_id, help="its listing, which spares a search")
    replay = _command(commands, "replay", "run a job again under its next retry number")
    _attempt(replay)
    replay.add_argument(
        "--only",
        choices=("failed", "callback"),
        help="only the assets that failed, or only the delivery of the callback",
    )
    _change(replay)


def _dlq(groups: Commands[argparse.ArgumentParser]) -> None:
    commands = _group(groups, "dlq", "dead letters: what was given up, and why")
    _command(commands, "list", "every letter with its reason")
    peek = _command(commands, "peek", "one letter whole")
    peek.add_argument("message", help="id of the message")
    for name, says in (
        ("redrive", "back to work: jobs to the queue, callbacks to the backend"),
        ("discard", "throw away for good"),
    ):
        command = _command(commands, name, says)
        command.add_argument(
            "--message", action="append", default=[], help="id of a message; may be repeated"
        )
        command.add_argument("--all", action="store_true", help="every letter")
        _change(command)


def _callback(groups: Commands[argparse.ArgumentParser]) -> None:
    commands = _group(groups, "callback", "what the backend was told")
    verify = _command(commands, "verify", "stored body, attempts and receipt")
    _attempt(verify)
    verify.add_argument(
        "--signature", default="", help="X-Toq-Signature that the backend saw: which secret made it"
    )
    resend = _command(commands, "resend", "deliver the stored bytes again")
    _attempt(resend)
    _change(resend)


def _listing(groups: Commands[argparse.ArgumentParser]) -> None:
    commands = _group(groups, "listing", "objects of a listing")
    restore = _command(commands, "restore", "originals back from Glacier")
    restore.add_argument("listing", type=_id)
    restore.add_argument("--days", type=_id, default=7, help="how long copies stay readable")
    restore.add_argument("--tier", choices=("Bulk", "Standard", "Expedited"), default="Standard")
    _change(restore)
    purge = _command(commands, "purge", "every version of every object, gone for good")
    purge.add_argument("listing", type=_id)
    purge.add_argument("--confirm", type=_id, help="the listing's id once more")
    _change(purge)


def _secret(groups: Commands[argparse.ArgumentParser]) -> None:
    commands = _group(groups, "secret", "the secret that signs callbacks")
    rotate = _command(commands, "rotate", "a new secret in three steps, without a gap")
    rotate.add_argument("--step", choices=("prepare", "switch", "finish"), required=True)
    _change(rotate)


def _cost(groups: Commands[argparse.ArgumentParser]) -> None:
    commands = _group(groups, "cost", "what listings cost; needs no environment")
    says = "USD of one listing, and of a month of them"
    estimate = commands.add_parser("estimate", help=says, description=says)
    listing = Listing()
    for name in ("photos", "videos", "documents"):
        estimate.add_argument(f"--{name}", type=_number, default=getattr(listing, name))
    for name in ("photo_mb", "video_seconds", "video_mb", "document_mb"):
        option = f"--{name.replace('_', '-')}"
        estimate.add_argument(option, type=_amount, default=getattr(listing, name))
    estimate.add_argument("--batch-assets", type=_id, default=listing.batch_assets)
    estimate.add_argument("--archive-days", type=_id, default=listing.archive_days)
    estimate.add_argument("--json", action="store_true", help="JSON instead of tables")


def _group(
    groups: Commands[argparse.ArgumentParser], name: str, says: str
) -> Commands[argparse.ArgumentParser]:
    group = groups.add_parser(name, help=says, description=says)
    return group.add_subparsers(dest="command", required=True)


def _command(
    commands: Commands[argparse.ArgumentParser], name: str, says: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=says, description=says)
    where = command.add_argument_group("environment")
    where.add_argument("--stack", required=True, help="as in Pulumi.<stack>.yaml")
    where.add_argument(
        "--endpoint", default="", help="URL of an emulator; by default the stack's own, else AWS"
    )
    where.add_argument(
        "--ca-bundle",
        type=Path,
        help="certificate of the endpoint; by default the one that `make up` publishes",
    )
    command.add_argument("--json", action="store_true", help="JSON instead of tables")
    return command


def _attempt(command: argparse.ArgumentParser) -> None:
    command.add_argument("job", type=_id, help="id of the job")
    command.add_argument("--listing", type=_id, help="its listing, which spares a search")
    command.add_argument("--retry", type=_number, help="the attempt; the last by default")


def _change(command: argparse.ArgumentParser) -> None:
    command.add_argument("--yes", action="store_true", help="do it; else only say what would be")


def _id(text: str) -> int:
    number = _number(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: must be 1 or more")
    return number


def _amount(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not 0 <= amount < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: must be a number, 0 or more")
    return amount


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r}: must be a number")
    return int(text)
