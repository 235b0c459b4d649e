"""What the program declares and the emulator is not sent, each with the reason."""

from __future__ import annotations

from typing import Final

_DESTROY_ONLY = "acts when the stack is destroyed; the local cloud is thrown away whole"

NOT_SENT: Final[dict[str, dict[str, str]]] = {
    "aws:kms/key:Key": {"deletionWindowInDays": _DESTROY_ONLY},
    "aws:s3/bucket:Bucket": {"forceDestroy": _DESTROY_ONLY},
    "aws:secretsmanager/secret:Secret": {"recoveryWindowInDays": _DESTROY_ONLY},
    "aws:lambda/function:Function": {
        "runtime": "functions run as provided.al2023 here: the emulator's Python runtimes lose the "
        "exception class",
    },
}
"""Resource type -> property path -> reason."""

NOT_MADE: Final[dict[str, str]] = {
    "aws:cloudwatch/queryDefinition:QueryDefinition": "the emulator has no PutQueryDefinition",
}
"""Resource types that are counted and get an id, but exist nowhere."""
