"""Small clips made on the spot with ffmpeg; nothing is fetched and nothing is committed."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import imageio_ffmpeg


def run_ffmpeg(*arguments: str) -> None:
    """Run the bundled ffmpeg; its error text is the failure's."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@cache
def clip(
    *,
    size: str = "320x180",
    seconds: float = 1.0,
    sound: bool = True,
    rotation: int = 0,
    suffix: str = ".mp4",
    options: tuple[str, ...] = (),
) -> bytes:
    """A test picture moving at 25 frames a second, with a tone; `rotation` is clockwise."""
    with TemporaryDirectory() as folder:
        plain = Path(folder, "plain" + suffix)
        final = Path(folder, "final" + suffix)
        picture = ["-f", "lavfi", "-i", f"testsrc=size={size}:rate=25:duration={seconds}"]
        tone = ["-f", "lavfi", "-i", f"sine=duration={seconds}"] if sound else []
        run_ffmpeg(*picture, *tone, "-pix_fmt", "yuv420p", *options, str(plain))
        if rotation == 0:
            return plain.read_bytes()
        # ffmpeg's option counts the other way round.
        turn = ["-display_rotation", str(-rotation)]
        run_ffmpeg(*turn, "-i", str(plain), "-c", "copy", str(final))
        return final.read_bytes()
