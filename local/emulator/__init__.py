"""MiniStack on a loopback port, with the checks that it leaves out."""

from local.emulator.process import Emulator

__all__ = ["Emulator"]
