"""`make controls`: writes `docs/security.md` from the rules; a test keeps it fresh."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from components.functions.bundle import ROOT
from policy.rules import RULES
from policy.rules.exceptions import EXCEPTIONS
from policy.rules.not_applicable import NOT_APPLICABLE

PAGE: Final = ROOT / "docs" / "security.md"

BEYOND_RULES: Final = (
    (
        "least privilege",
        "Every call of a role is allowed by its own policy, and no grant goes unused",
        "components/policy_documents/roles.py",
        "tests/local/test_rights.py::test_no_grant_goes_unused",
    ),
    (
        "forbidden acts",
        "A role is refused what is not its job, and everything of another environment",
        "components/policy_documents/",
        "tests/local/test_rights.py::test_a_role_is_refused",
    ),
    (
        "policy documents",
        "Documents are valid, and grant no way up (parliament)",
        "components/policy_documents/",
        "tests/infra/test_policy_documents.py::test_the_linter_finds_nothing",
    ),
    (
        "secret unseen",
        "The callback secret is in no log, execution history, job file or state",
        "lambda_src/toq_media/aws/secrets.py",
        "tests/local/test_rights.py::test_the_secret_is_in_no_log_and_no_state",
    ),
    (
        "callback signed",
        "A callback is signed over its exact bytes; forged and stale ones are refused",
        "lambda_src/toq_media/signing.py",
        "tests/runtime/test_signing.py",
    ),
    (
        "callback target",
        "A callback goes to the configured URL only, without redirects, within its time-outs",
        "lambda_src/callback/http.py",
        "tests/runtime/test_callback_http.py",
    ),
    (
        "keys parsed",
        "A key that could be read as another path, or of another listing, is refused",
        "lambda_src/toq_media/keys.py",
        "tests/runtime/test_hostile_names.py",
    ),
    (
        "log lines",
        "Whatever a client writes, a log line stays one line of plain characters",
        "lambda_src/toq_media/observability.py",
        "tests/runtime/test_hostile_names.py::test_a_log_line_stays_one_line",
    ),
    (
        "archive entries",
        "No entry of a bundle leaves the folder that it is unpacked into",
        "lambda_src/toq_media/zipping/names.py",
        "tests/runtime/test_zipping_names.py",
    ),
    (
        "type by content",
        "The type of a file is what its bytes say, not what its name says",
        "lambda_src/toq_media/media_types.py",
        "tests/runtime/test_media_types.py",
    ),
    (
        "bombs",
        "Pixels, bytes and seconds of a file are bounded before it is decoded",
        "lambda_src/toq_media/imaging/decoding.py",
        "tests/runtime/test_imaging_hostile.py",
    ),
    (
        "transcoder's input",
        "The transcoder is given objects of the media bucket only, never a URL",
        "lambda_src/toq_media/transcoding.py",
        "tests/runtime/test_transcoding.py",
    ),
)
"""What no rule can read from resources: (control, what must hold, where, proof)."""

_INTRO: Final = """\
# Security controls

What must hold, where it is enforced, and what proves it. This page is written by `make controls`
from the rules of the policy pack (`policy/rules/`); a test fails when it is out of date. Who could
do what, and what stops them, is in [the threat model](threat-model.md).

- `make policy STACK=staging` runs the pack offline over the resources that a stack would have:
  exit code 1 when a mandatory rule is violated; `JSON=1` and `SARIF=out/policy.sarif` for machines.
- `pulumi preview --policy-pack policy` (or `pulumi up`) runs the same pack inside the engine.
- `make checkov STACK=staging` has an independent tool judge the same resources, in an environment
  of its own; it is not part of `make test`, since installing it takes about 300 MB.
- A rule's proof is `pytest tests/policy -k ID`: it passes on all four stacks and fails on a program
  changed where the rule looks (`tests/policy/changes.py`).
"""


def page() -> str:
    """The whole page."""
    rules = [
        (f"`{r.id}`", r.holds, r.severity.value, ", ".join(r.controls) or "-", _link(r.enforced_in))
        for r in RULES
    ]
    beyond = [
        (control, holds, _link(where), f"`{proof}`")
        for control, holds, where, proof in BEYOND_RULES
    ]
    exceptions = [
        (f"`{rule}`", name, reason) for (rule, name), reason in sorted(EXCEPTIONS.items())
    ]
    left_out = [(", ".join(o.controls), f"`{o.resources}`", o.reason) for o in NOT_APPLICABLE]
    return "\n".join(
        (
            _INTRO,
            f"## Read from resources ({len(RULES)} rules)\n",
            _table(("id", "what must hold", "severity", "asked for by", "enforced in"), rules),
            "## Shown by running it\n",
            _table(("control", "what must hold", "enforced in", "proof"), beyond),
            "## Exceptions\n",
            _table(("rule", "resource", "reason"), exceptions),
            "## Not applicable\n",
            _table(("controls", "resources", "reason"), left_out),
            _LEGEND,
        )
    )


_LEGEND: Final = """\
Catalogues: ids such as `S3.8` are AWS Foundational Security Best Practices; `CIS` the AWS
foundations benchmark; `AwsSolutions-` cdk-nag; `CKV` checkov.
"""


def _link(path: str) -> str:
    return f"[{re.sub(r'^components/', '', path)}](../{path})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Write the page."""
    Path(PAGE).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
