"""One cold start: `python -I -S cold_worker.py WHAT ROOT RUNS`, in the layout that Lambda has.

WHAT is a function's package, or service names such as `boto3:s3` or `botocore:s3,stepfunctions`.
Nothing of this project's own environment is on the path: the archive, the layers, the runtime.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "MEDIA_BUCKET": "toq-listing-medias-bench",
    "ENVIRONMENT": "bench",
    "PROCESSING_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:bench",
    "CALLBACK_URL": "https://backend.example/callback",
    "CALLBACK_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:bench",
    "MAX_BATCH_ASSETS": "20",
    "MAX_BATCH_BYTES": "268435456",
    "MAX_IMAGE_BYTES": "268435456",
    "MAX_IMAGE_PIXELS": "100000000",
    "MAX_VIDEO_BYTES": "5368709120",
    "MAX_VIDEO_SECONDS": "1200",
    "RENDITION_CACHE_CONTROL": "",
    "STRIP_METADATA": "false",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "bench",
}
CLIENTS = {
    "dispatch": ("_ports",),
    "validate": ("_validator",),
    "thumbnails": ("_store",),
    "zip_bundle": ("_ports",),
    "consolidate": ("_ports",),
    "callback": ("_ports",),
}


def start(what: str, root: Path) -> None:
    """Import a function and make its clients, or the clients alone."""
    library, _, services = what.partition(":")
    if services:
        if library == "boto3":
            boto3 = importlib.import_module("boto3")
            for service in services.split(","):
                boto3.client(service)
        else:
            session = importlib.import_module("botocore.session").get_session()
            for service in services.split(","):
                session.create_client(service)
        return
    sys.path.insert(0, str(root / what))
    handler = importlib.import_module(f"{what}.handler")
    for name in CLIENTS[what]:
        getattr(handler, name)()


def main(what: str, folder: str, runs: str) -> None:
    """Start once, whatever `runs` says: a process has one cold start."""
    root = Path(folder)
    layers = ["runtime", "imaging"] if what == "thumbnails" else ["runtime"]
    sys.path += [str(root / layer / "python") for layer in layers] + [str(root / "boto3")]
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    # Processor time: nothing waits here, files being cached, and others' load counts less.
    began = time.process_time()
    start(what, root)
    took = (time.process_time() - began) * 1000
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    said = {"milliseconds": [took] * int(runs), "startMegabytes": 0, "peakMegabytes": peak}
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
