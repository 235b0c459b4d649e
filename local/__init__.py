"""The embedded cloud: the same program, deployed into an AWS emulator on this machine."""
