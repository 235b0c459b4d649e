"""Errors of the embedded cloud; the command line prints their one line and exits with 2."""

from __future__ import annotations


class LocalCloudError(Exception):
    """The embedded cloud cannot go on; the message says why and what to do."""


class PortInUseError(LocalCloudError):
    """The port asked for is taken by another process."""


class UnsupportedResourceError(LocalCloudError):
    """The program declares something that no provisioner knows."""


class DeploymentError(LocalCloudError):
    """The emulator refuses a resource; the message names it with the refusal."""


class UsageError(LocalCloudError):
    """The command was given something it cannot work with."""


class PipelineStuckError(LocalCloudError):
    """No end was reached in time; the message says where it stands."""
