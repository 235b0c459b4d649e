"""The pack as the engine starts it (`python policy ADDRESS`); the rules are in `rules/`."""

import sys
from pathlib import Path

from pulumi_policy import EnforcementLevel, PolicyPack

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from policy.rules import PACK_NAME, policies

# The constructor serves the engine and never returns: nothing may import this module.
PolicyPack(PACK_NAME, policies(), enforcement_level=EnforcementLevel.MANDATORY)
