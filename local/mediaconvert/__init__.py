"""Stand-in for AWS Elemental MediaConvert, which the emulator lacks: it really transcodes.

Requests are checked against AWS's own model of the service, settings that are not carried out are
refused by name, and a job reads and writes S3 with the rights of its own role.
"""

from local.mediaconvert.register import USES, install
from local.mediaconvert.task import create_job_sync

__all__ = ["USES", "create_job_sync", "install"]
