"""What the emulator leaves unchecked, closed from outside: one concern a module.

Every module names the emulator's private parts it leans on in `USES`; a test and `install_all`
make sure that they exist, so that another version of the emulator fails at once and by name.
"""

from __future__ import annotations

from importlib import import_module

from local import mediaconvert
from local.emulator.patches import (
    encryption,
    events,
    executions,
    faults,
    functions,
    integrations,
    limits,
    resources,
    usage,
)
from local.emulator.settings import EmulatorSettings

# MediaConvert first: what comes after it wraps every service.
_PATCHES = (
    mediaconvert,
    resources,
    usage,
    faults,
    encryption,
    functions,
    events,
    executions,
    limits,
    integrations,
)


def missing_names() -> list[str]:
    """Names that the installed emulator lacks, as `module:name`."""
    return [
        name
        for patch in _PATCHES
        for name in patch.USES
        if not hasattr(import_module(name.split(":")[0]), name.split(":")[1])
    ]


def install_all(settings: EmulatorSettings) -> None:
    """Install every patch into this process's emulator.

    Raises:
        RuntimeError: the installed emulator is another version than these patches know.
    """
    if missing := missing_names():
        raise RuntimeError(f"this MiniStack lacks {', '.join(missing)}; install the locked version")
    for patch in _PATCHES:
        patch.install(settings)
