"""A preview as a comment on a pull request: the counts at a glance, everything else folded."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from local.preview.as_text import counts, facts, removal_note, value_text
from local.preview.difference import ABSENT, Change, Difference
from local.preview.snapshot import Snapshot, View

MAX_CHARACTERS: Final = 65_536
"""Longest comment that GitHub takes."""

_LONGEST_VALUE = 1_000
_ROOM_FOR_NOTE = 300


@dataclass(frozen=True, kw_only=True)
class Block:
    """One folded resource under a heading."""

    heading: str
    text: str


def overview(snapshot: Snapshot) -> str:
    """Every resource with its properties, folded."""
    blocks = [_folded("", view, facts(view), "yaml") for view in snapshot.resources]
    title = f"### `{snapshot.stack}`: {len(snapshot.resources)} resources"
    return _comment(snapshot, title, [Block(heading="Resources", text=text) for text in blocks])


def comparison(snapshot: Snapshot, base: str, difference: Difference) -> str:
    """What is added, changed and removed against a base, folded."""
    title = f"### `{snapshot.stack}` against {_code(base)}: {counts(difference)}"
    if difference.is_empty:
        return _comment(snapshot, f"{title}\n\nNo resource changes.", [])
    return _comment(snapshot, title, list(_blocks(difference)))


def _blocks(difference: Difference) -> Iterator[Block]:
    """Removals first: they are what a reviewer must not miss where room is short."""
    for view in difference.removed:
        text = f"- {_code(view.name)} {html.escape(view.type)}{removal_note(view)}"
        yield Block(heading="Removed", text=text)
    for item in difference.changed:
        body = "\n".join(_diff_lines(item.changes))
        yield Block(heading="Changed", text=_folded("~ ", item.view, body, "diff"))
    if difference.exports:
        yield Block(
            heading="Outputs", text=_fenced("\n".join(_diff_lines(difference.exports)), "diff")
        )
    for view in difference.added:
        yield Block(heading="Added", text=_folded("+ ", view, facts(view), "yaml"))


def _comment(snapshot: Snapshot, title: str, blocks: list[Block]) -> str:
    """Title and as many blocks as there is room for; the rest is counted.

    The first line marks the comment, so that the next run can replace it.
    """
    parts = [f"<!-- toq-media preview {snapshot.stack} -->", title]
    length, heading, left_out = len("\n\n".join(parts)), "", 0
    for block in blocks:
        new = [f"#### {block.heading}"] if block.heading != heading else []
        cost = sum(len(part) + 2 for part in [*new, block.text])
        if length + cost > MAX_CHARACTERS - _ROOM_FOR_NOTE:
            left_out += 1
            continue
        parts += [*new, block.text]
        length, heading = length + cost, block.heading
    if left_out:
        parts.append(
            f"**{left_out} more do not fit into a comment**; "
            f"`make preview STACK={snapshot.stack}` with the same `BASE` prints all."
        )
    return "\n\n".join(parts) + "\n"


def _folded(mark: str, view: View, body: str, language: str) -> str:
    summary = f"{mark}<code>{html.escape(view.name)}</code> {html.escape(view.type)}"
    content = _fenced(body, language) if body else "No properties."
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def _fenced(body: str, language: str) -> str:
    """A code block; its fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{body.rstrip()}\n{fence}"


def _diff_lines(changes: list[Change]) -> Iterator[str]:
    for change in changes:
        if change.before is not ABSENT:
            yield f"- {change.path}: {_short(value_text(change.before))}"
        if change.after is not ABSENT:
            yield f"+ {change.path}: {_short(value_text(change.after))}"


def _short(text: str) -> str:
    if len(text) <= _LONGEST_VALUE:
        return text
    return f"{text[:_LONGEST_VALUE]}... ({len(text):,} characters)"


def _code(text: str) -> str:
    return f"<code>{html.escape(text)}</code>"
