"""Pictures: from any file that a phone, camera or architect makes to four sRGB JPEGs.

Pure: bytes in, bytes out. Everything that is wrong with a file is an `AssetError`.
"""

from toq_media.imaging.decoding import MAX_SIDE, SourceFacts
from toq_media.imaging.rendering import Picture, Renditions, render

__all__ = ["MAX_SIDE", "Picture", "Renditions", "SourceFacts", "render"]
