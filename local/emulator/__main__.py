"""`python -m local.emulator`: the emulator's own process, started by `Emulator`."""

from local.emulator.launcher import main

main()
