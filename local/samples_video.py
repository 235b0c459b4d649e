"""The demo's clips: slow camera moves over real interior photos, encoded as phones would."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import imageio_ffmpeg
import interior_photos

from local.errors import LocalCloudError

SECONDS = 4
_RATE = 25
_TIME_LIMIT_SECONDS = 120
_ENCODER = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "25", "-pix_fmt", "yuv420p")
_SOUND = f"aevalsrc='0.08*sin(2*PI*220*t)+0.05*sin(2*PI*330*t)':s=44100:d={SECONDS}"


def make_videos(folder: Path) -> None:
    """Write three clips of `SECONDS` seconds: landscape with sound, portrait by flag, silent.

    Raises:
        LocalCloudError: ffmpeg fails; the message is its last line.
    """
    photos = sorted((Path(interior_photos.__file__).parent / "images").glob("*.jpg"))
    _tour(photos[-1], folder / "tour living room.mp4")
    _portrait(photos[-2], folder / "IMG_3001.MOV")
    _silent(photos[-3], folder / "bedroom silent.mp4")


def _tour(photo: Path, target: Path) -> None:
    """Landscape, zooming in, with a tone."""
    picture = ["-i", str(photo), "-f", "lavfi", "-i", _SOUND]
    _ffmpeg([*picture, "-vf", _move(1280, 720), *_ENCODER, "-c:a", "aac", "-shortest", str(target)])


def _portrait(photo: Path, target: Path) -> None:
    """As a phone held upright stores it: pixels on their side, a flag that stands them up."""
    with tempfile.TemporaryDirectory() as scratch:
        lying = Path(scratch, "lying.mov")
        picture = ["-i", str(photo), "-f", "lavfi", "-i", _SOUND]
        turned = f"{_move(720, 1280)},transpose=2"
        _ffmpeg([*picture, "-vf", turned, *_ENCODER, "-c:a", "aac", "-shortest", str(lying)])
        # The option counts anticlockwise; phones write a clockwise turn of 90 degrees.
        _ffmpeg(["-display_rotation", "-90", "-i", str(lying), "-c", "copy", str(target)])


def _silent(photo: Path, target: Path) -> None:
    """Landscape without a sound track."""
    _ffmpeg(["-i", str(photo), "-vf", _move(960, 540), *_ENCODER, "-an", str(target)])


def _move(width: int, height: int) -> str:
    """Filters that fill the frame with a photo and zoom slowly into its middle.

    The photo is enlarged first: zoompan moves by whole pixels, which shows at its own size.
    """
    frames = SECONDS * _RATE
    large = f"{2 * width}:{2 * height}"
    return (
        f"scale={large}:force_original_aspect_ratio=increase,crop={large},"
        f"zoompan=z='1+0.2*on/{frames}':x='(iw-iw/zoom)/2':y='(ih-ih/zoom)/2'"
        f":d={frames}:s={width}x{height}:fps={_RATE},setsar=1"
    )


def _ffmpeg(arguments: list[str]) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", *arguments]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_TIME_LIMIT_SECONDS)
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise LocalCloudError(f"ffmpeg cannot make a sample video: {reason}") from error
