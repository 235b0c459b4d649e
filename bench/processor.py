"""Processor time of a process and, apart from it, of all that it started."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from bench.worker import ours

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_RUNS: Final = 3


class Clock:
    """Counts from its making.

    Args:
        pid: the process.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._began = _times(pid)

    def seconds(self) -> tuple[float, float]:
        """Seconds of the process itself and of its children, dead or alive, since the making."""
        own, children = _times(self._pid)
        return own - self._began[0], children - self._began[1]


def picture_seconds(picture: Path) -> float:
    """Processor time that the renditions of a picture take."""
    data = picture.read_bytes()
    ours(data)
    began = time.process_time()
    for _ in range(_RUNS):
        ours(data)
    return (time.process_time() - began) / _RUNS


def _times(pid: int) -> tuple[float, float]:
    parents: dict[int, int] = {}
    used: dict[int, tuple[float, float]] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            stat = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile; its parent has its time
        # The command's name may hold spaces; what follows its bracket is proc(5), fields 3 on.
        fields = stat.rpartition(")")[2].split()
        number = int(folder.name)
        parents[number] = int(fields[1])
        own, reaped = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
        used[number] = own / _TICKS, reaped / _TICKS
    below = [one for one in used if one != pid and _descends(one, pid, parents)]
    return used[pid][0], used[pid][1] + sum(sum(used[one]) for one in below)


def _descends(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid == ancestor:
            return True
    return False
