"""ffmpeg as the encoder: one run a job, bounded in time, reading nothing but the one file."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from local.mediaconvert.errors import JobCanceled, JobError
from local.mediaconvert.plan import H264, Capture, JobPlan, Output

TIME_LIMIT_SECONDS = 15 * 60
_PROBE_SECONDS = 30
_POLL_SECONDS = 0.05
_SAFE = ("-nostdin", "-hide_banner", "-protocol_whitelist", "file,pipe")
_DURATION = re.compile(r"Duration: (\d+):(\d+):(\d+\.\d+)")
_TRANSPOSE = {90: "transpose=1", 180: "hflip,vflip", 270: "transpose=2"}
_MESSAGE_LENGTH = 300


@dataclass(frozen=True)
class Made:
    """A finished file of an output."""

    output: Output
    path: Path
    key: str


def duration_ms(source: Path) -> int:
    """Length of a media file.

    Raises:
        ValueError: ffmpeg cannot open it, or finds no picture; says why.
    """
    command = [imageio_ffmpeg.get_ffmpeg_exe(), *_SAFE, "-i", str(source)]
    done = subprocess.run(
        command, capture_output=True, timeout=_PROBE_SECONDS, check=False, cwd=source.parent
    )
    text = done.stderr.decode(errors="replace")
    found = _DURATION.search(text)
    if not found or "Video:" not in text:
        raise ValueError(_last_line(text, source))
    hours, minutes, seconds = found.groups()
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)


def encode(plan: JobPlan, source: Path, folder: Path, canceled: Callable[[], bool]) -> list[Made]:
    """Make every output of a job from its downloaded input.

    Args:
        plan: what to make.
        source: the input file.
        folder: an empty folder for the outputs.
        canceled: asked all the time; True ends the run.

    Raises:
        JobError: ffmpeg fails, makes nothing or takes longer than `TIME_LIMIT_SECONDS`.
        JobCanceled: `canceled` said so.
    """
    outputs = [output for group in plan.groups for output in group]
    targets = [_target(folder, number, output) for number, output in enumerate(outputs)]
    turn = _TRANSPOSE.get(plan.rotate or 0)
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), *_SAFE, "-v", "error", "-y",
        "-abort_on", "empty_output_stream",
        *([] if plan.rotate is None else ["-noautorotate"]), "-i", str(source),
    ]  # fmt: skip
    for output, target in zip(outputs, targets, strict=True):
        command += [*_arguments(output, turn), str(target)]
    log = folder / "log.txt"
    code = _run(command, folder, log, canceled)
    made = [made for o, t in zip(outputs, targets, strict=True) for made in _found(folder, o, t)]
    if code != 0 or len({item.output.key for item in made}) < len(outputs):
        reason = _last_line(log.read_text(errors="replace"), source)
        raise JobError(1040, f"Decoder error on the input [{plan.source}]: [{reason}]")
    return made


def _target(folder: Path, number: int, output: Output) -> Path:
    counter = ".%07d" if isinstance(output.codec, Capture) else ""
    return folder / f"output-{number}{counter}{Path(output.key).suffix}"


def _found(folder: Path, output: Output, target: Path) -> list[Made]:
    if isinstance(output.codec, H264):
        return [Made(output, target, output.key)] if target.exists() else []
    frames = sorted(folder.glob(target.name.replace("%07d", "*")))
    return [Made(output, frame, output.key % number) for number, frame in enumerate(frames)]


def _arguments(output: Output, turn: str | None) -> list[str]:
    filters = [*([turn] if turn else []), *_scaling(output)]
    codec = output.codec
    if isinstance(codec, Capture):
        rate = f"fps={codec.rate[0]}/{codec.rate[1]}:round=up"
        if codec.count > 1:
            filters.insert(0, rate)
        return [
            "-map", "0:v:0", "-vf", ",".join([*filters, "format=yuvj420p"]),
            "-frames:v", str(codec.count), "-c:v", "mjpeg",
            "-q:v", str(max(2, round((100 - codec.quality) / 4))),
            "-f", "image2", "-start_number", "0",
        ]  # fmt: skip
    arguments = [
        "-map", "0:v:0", "-vf", ",".join([*filters, "setsar=1", "format=yuv420p"]),
        "-c:v", "libx264", "-preset", "faster" if codec.high_quality else "veryfast",
        "-crf", str(38 - 2 * codec.quality),
        "-maxrate", str(codec.max_bitrate), "-bufsize", str(2 * codec.max_bitrate),
        *([] if codec.scene_cuts else ["-sc_threshold", "0"]),
        *(["-movflags", "+faststart"] if codec.faststart else []),
        "-map_metadata", "-1", "-f", "mp4",
    ]  # fmt: skip
    if codec.sound is None:
        return [*arguments, "-an"]
    return [
        *arguments, "-map", "0:a:0?", "-c:a", "aac", "-b:a", str(codec.sound.bitrate),
        "-ac", str(codec.sound.channels), "-ar", str(codec.sound.sample_rate),
    ]  # fmt: skip


def _scaling(output: Output) -> list[str]:
    width, height = output.size
    if not (width or height):
        return []
    if not (width and height) or output.scaling == "STRETCH_TO_OUTPUT":
        return [f"scale={width or -2}:{height or -2}:flags=bicubic"]
    fit = f"scale={width}:{height}:force_original_aspect_ratio=decrease:flags=bicubic"
    return [fit, f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2"]


def _run(command: list[str], folder: Path, log: Path, canceled: Callable[[], bool]) -> int:
    deadline = time.monotonic() + TIME_LIMIT_SECONDS
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=sink, cwd=folder)
    try:
        while process.poll() is None:
            if canceled():
                raise JobCanceled
            if time.monotonic() > deadline:
                raise JobError(1999, f"The job took longer than {TIME_LIMIT_SECONDS} s")
            time.sleep(_POLL_SECONDS)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return process.returncode


def _last_line(text: str, source: Path) -> str:
    """The last word of ffmpeg, without the scratch folder's name and without its own numbering."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    useful = [line for line in lines if "At least one output file" not in line]
    line = re.sub(r"^\[[^\]]*\]\s*", "", useful[-1]) if useful else "no message"
    return line.replace(str(source), source.name)[:_MESSAGE_LENGTH]
