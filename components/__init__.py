"""The Pulumi program: one ComponentResource a file, wired in `platform.py`."""
