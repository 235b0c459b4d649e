"""Entry of the Pulumi program: configuration in, the environment's pipeline and its exports out."""

import pulumi

from components.functions import bundle
from components.naming import PROJECT
from components.platform import Platform, PlatformArgs
from components.settings import StackSettings

platform = Platform(PROJECT, PlatformArgs(settings=StackSettings.load(), bundle=bundle))

for name, value in platform.exports.items():
    pulumi.export(name, value)
