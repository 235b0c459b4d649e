"""A job's settings as a plan for the encoder, or a refusal that names the setting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.mediaconvert.errors import bad_request

FRAME_COUNTER = ".%07d"
"""What MediaConvert puts between a frame capture's name and its extension."""


@dataclass(frozen=True, kw_only=True)
class Sound:
    """AAC sound of an output."""

    bitrate: int
    channels: int
    sample_rate: int


@dataclass(frozen=True, kw_only=True)
class H264:
    """Video encoded by quality, within a peak bitrate."""

    quality: int
    max_bitrate: int
    high_quality: bool
    scene_cuts: bool
    faststart: bool
    sound: Sound | None


@dataclass(frozen=True, kw_only=True)
class Capture:
    """Frames as JPEG files."""

    rate: tuple[int, int]
    count: int
    quality: int


@dataclass(frozen=True, kw_only=True)
class Output:
    """One output: where it goes, how large it is, what it is.

    Attributes:
        bucket: Bucket of the destination.
        key: Object key; of a capture, with `%07d` where the frame's number goes.
        size: Width and height; 0 for one that follows from the other or from the source.
        scaling: MediaConvert's name for what happens when the aspect differs.
        codec: The encoding.
    """

    bucket: str
    key: str
    size: tuple[int, int]
    scaling: str
    codec: H264 | Capture


@dataclass(frozen=True, kw_only=True)
class JobPlan:
    """A job that the encoder can carry out.

    Attributes:
        source: The input's URL, as given.
        rotate: Clockwise degrees, or None to follow the file's own flag.
        groups: The outputs, group by group.
    """

    source: str
    rotate: int | None
    groups: tuple[tuple[Output, ...], ...]


class Fields:
    """Settings of one level: every one must be taken, what is left is refused by name."""

    def __init__(self, value: dict[str, Any], path: str) -> None:
        self._left = dict(value)
        self._path = path

    def value(self, name: str) -> Any:
        """A required setting."""
        if name not in self._left:
            raise bad_request(f"{self._path}.{name}: is required")
        return self._left.pop(name)

    def choice(self, name: str, *allowed: str) -> str:
        """A setting with the values that are carried out; the first is the default."""
        value = str(self._left.pop(name, allowed[0]))
        if value not in allowed:
            raise bad_request(f"{self._path}.{name}: {value} is not carried out by the stand-in")
        return value

    def number(self, name: str, default: int) -> int:
        """A number with a default."""
        return int(self._left.pop(name, default))

    def text(self, name: str, default: str = "") -> str:
        """A text with a default."""
        return str(self._left.pop(name, default))

    def has(self, name: str) -> bool:
        """Whether the setting is there and not taken yet."""
        return name in self._left

    def inner(self, name: str) -> Fields:
        """The settings inside a required one."""
        return Fields(self.value(name), f"{self._path}.{name}")

    def items(self, name: str) -> list[Fields]:
        """The settings inside each element of a required list."""
        return [Fields(v, f"{self._path}.{name}[{at}]") for at, v in enumerate(self.value(name))]

    def refuse(self, message: str) -> Exception:
        """An error about this level."""
        return bad_request(f"{self._path}: {message}")

    def names(self) -> list[str]:
        """What is left: the keys of a map whose names are the caller's."""
        return list(self._left)

    def done(self) -> None:
        """Refuse what nobody took."""
        for name in self._left:
            raise bad_request(f"{self._path}.{name}: is not carried out by the stand-in")


def plan(settings: dict[str, Any]) -> JobPlan:
    """Read a job's settings, in the API's names.

    Raises:
        ApiError: a setting is missing, contradicts another, or is not carried out; names it.
    """
    job = Fields(settings, "Settings")
    if job.has("TimecodeConfig"):
        timecode = job.inner("TimecodeConfig")
        timecode.choice("Source", "ZEROBASED")
        timecode.done()
    inputs = job.items("Inputs")
    if len(inputs) != 1:
        raise job.refuse(f"has {len(inputs)} inputs; the stand-in carries out jobs with one")
    source, rotate, selectors = _input(inputs[0])
    groups = tuple(_group(group, source, selectors) for group in job.items("OutputGroups"))
    job.done()
    outputs = [output for group in groups for output in group]
    if not any(isinstance(output.codec, H264) for output in outputs):
        raise job.refuse("a frame capture output needs a regular output beside it")
    if len({(output.bucket, output.key) for output in outputs}) < len(outputs):
        raise job.refuse("two outputs would have the same name; set NameModifier")
    return JobPlan(source=source, rotate=rotate, groups=groups)


def _input(fields: Fields) -> tuple[str, int | None, set[str]]:
    source = str(fields.value("FileInput"))
    fields.choice("TimecodeSource", "EMBEDDED", "ZEROBASED")
    rotate: int | None = 0
    if fields.has("VideoSelector"):
        selector = fields.inner("VideoSelector")
        rotation = selector.choice(
            "Rotate", "DEGREE_0", "DEGREES_90", "DEGREES_180", "DEGREES_270", "AUTO"
        )
        rotate = None if rotation == "AUTO" else int(rotation.rpartition("_")[2])
        selector.done()
    names: set[str] = set()
    if fields.has("AudioSelectors"):
        selectors = fields.inner("AudioSelectors")
        for name in selectors.names():
            selector = selectors.inner(name)
            selector.choice("DefaultSelection", "NOT_DEFAULT", "DEFAULT")
            selector.done()
            names.add(name)
    fields.done()
    return source, rotate, names


def _group(fields: Fields, source: str, selectors: set[str]) -> tuple[Output, ...]:
    fields.text("Name")
    settings = fields.inner("OutputGroupSettings")
    settings.choice("Type", "FILE_GROUP_SETTINGS")
    files = settings.inner("FileGroupSettings")
    destination = str(files.value("Destination"))
    files.done()
    settings.done()
    if "$" in destination:
        raise files.refuse("format identifiers in Destination are not carried out")
    outputs = tuple(_output(o, destination, source, selectors) for o in fields.items("Outputs"))
    fields.done()
    return outputs


def _output(fields: Fields, destination: str, source: str, selectors: set[str]) -> Output:
    video = fields.inner("VideoDescription")
    size = (video.number("Width", 0), video.number("Height", 0))
    scaling = video.choice("ScalingBehavior", "DEFAULT", "STRETCH_TO_OUTPUT")
    codec_settings = video.inner("CodecSettings")
    kind = codec_settings.choice("Codec", "H_264", "FRAME_CAPTURE")
    codec: H264 | Capture
    if kind == "H_264":
        codec, extension = _h264(fields, codec_settings.inner("H264Settings"), selectors), "mp4"
    else:
        codec, extension = _capture(fields, codec_settings.inner("FrameCaptureSettings")), "jpg"
    codec_settings.done()
    video.done()
    modifier = fields.text("NameModifier")
    extension = fields.text("Extension", extension)
    fields.done()
    if "$" in modifier:
        raise fields.refuse("format identifiers in NameModifier are not carried out")
    if destination.endswith("/"):
        destination += source.rpartition("/")[2].rpartition(".")[0]
    bucket, _, key = destination.removeprefix("s3://").partition("/")
    counter = FRAME_COUNTER if kind == "FRAME_CAPTURE" else ""
    key = f"{key}{modifier}".replace("%", "%%") if counter else f"{key}{modifier}"
    return Output(
        bucket=bucket,
        key=f"{key}{counter}.{extension}",
        size=size,
        scaling=scaling,
        codec=codec,
    )


def _h264(output: Fields, fields: Fields, selectors: set[str]) -> H264:
    container = output.inner("ContainerSettings")
    container.choice("Container", "MP4")
    placement = "NORMAL"
    if container.has("Mp4Settings"):
        mp4 = container.inner("Mp4Settings")
        placement = mp4.choice("MoovPlacement", "NORMAL", "PROGRESSIVE_DOWNLOAD")
        mp4.done()
    container.done()
    fields.choice("RateControlMode", "QVBR")
    quality = fields.inner("QvbrSettings")
    level = quality.number("QvbrQualityLevel", 7)
    quality.done()
    fields.choice("FramerateControl", "INITIALIZE_FROM_SOURCE")
    fields.choice("ParControl", "SPECIFIED")
    if fields.number("ParNumerator", 1) != fields.number("ParDenominator", 1):
        raise fields.refuse("ParNumerator: only square pixels are carried out")
    codec = H264(
        quality=level,
        max_bitrate=int(fields.value("MaxBitrate")),
        high_quality=fields.choice("QualityTuningLevel", "SINGLE_PASS", "SINGLE_PASS_HQ")
        == "SINGLE_PASS_HQ",
        scene_cuts=fields.choice("SceneChangeDetect", "ENABLED", "TRANSITION_DETECTION", "DISABLED")
        != "DISABLED",
        faststart=placement == "PROGRESSIVE_DOWNLOAD",
        sound=_sound(output, selectors) if output.has("AudioDescriptions") else None,
    )
    fields.done()
    return codec


def _sound(output: Fields, selectors: set[str]) -> Sound:
    descriptions = output.items("AudioDescriptions")
    if len(descriptions) != 1:
        raise output.refuse("AudioDescriptions: the stand-in carries out one")
    [description] = descriptions
    name = description.text("AudioSourceName", "Audio Selector 1")
    if name not in selectors:
        raise description.refuse(f"AudioSourceName: the input has no audio selector {name!r}")
    settings = description.inner("CodecSettings")
    settings.choice("Codec", "AAC")
    aac = settings.inner("AacSettings")
    mode = aac.choice("CodingMode", "CODING_MODE_2_0", "CODING_MODE_1_0")
    sound = Sound(
        bitrate=int(aac.value("Bitrate")),
        channels=2 if mode == "CODING_MODE_2_0" else 1,
        sample_rate=int(aac.value("SampleRate")),
    )
    aac.done()
    settings.done()
    description.done()
    return sound


def _capture(output: Fields, fields: Fields) -> Capture:
    container = output.inner("ContainerSettings")
    container.choice("Container", "RAW")
    container.done()
    capture = Capture(
        rate=(fields.number("FramerateNumerator", 1), fields.number("FramerateDenominator", 1)),
        count=fields.number("MaxCaptures", 10_000_000),
        quality=fields.number("Quality", 80),
    )
    fields.done()
    return capture
