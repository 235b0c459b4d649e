"""Faults of the list that the embedded cloud cannot show, or that another suite shows."""

NOT_SHOWN = {
    "function runs out of memory": (
        "the emulator sets no memory limit; Lambda ends such a call as Runtime.ExitError, which is"
        " injected"
    ),
    "lifecycle moves an original while a job runs": (
        "the emulator never applies lifecycle rules; an object that is archived already is injected"
    ),
    "dead letters or messages expire (14 and 4 days)": (
        "no clock of the emulator can be moved; alarms on age and depth are part of the stack"
    ),
    "logs are not delivered": "the emulator delivers no vended logs",
    "Step Functions' own service errors": (
        "no such error can be asked of the emulator; the retries for them are held by tests/infra"
    ),
    "TLS to the backend fails": (
        "locally the backend is plain http on loopback; https elsewhere is held by the settings"
    ),
    "hostile pictures, names and archives": "shown by tests/runtime (imaging, keys, zipping)",
    "bundle: missing, replaced, archived or too many sources": (
        "shown by tests/runtime/test_zip_bundle_faults.py"
    ),
    "stuck jobs, two reconcilers, late callbacks": "the backend's side: shown by its own tests",
}
