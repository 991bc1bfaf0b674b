"""A person turning once around, as an animated GIF or WebP, or an MP4 film."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from lifecast.atomic import atomic_file
from lifecast.errors import MissingExtra, UsageError
from lifecast.surface.output.picture import Style, Subject, draw

FORMATS = ("gif", "webp", "mp4")


def check_animation(kind: str) -> None:
    """Check before the work that a turntable of this format can be written.

    Raises `MissingExtra` if not.
    """
    if kind != "mp4":
        return
    try:
        import imageio_ffmpeg  # noqa: F401
    except ImportError as error:
        raise MissingExtra("imageio-ffmpeg", "video", "An MP4 turntable") from error


def turntable(what: Subject, size: int = 480, frames: int = 36, style: Style = "colour") -> Iterator[np.ndarray]:
    """Draw the frames, each (size, size, 3) uint8, starting at the front.

    The last one precedes the first.
    """
    for index in range(frames):
        yield draw(what, size, yaw=360 * index / frames, style=style)


def save_turntable(
    what: Subject, path: str | Path, size: int = 480, frames: int = 36, seconds: float = 3.6, style: Style = "colour"
) -> None:
    """Write a turntable in the format of the path's suffix, atomically.

    It takes `seconds` once around, and loops.
    """
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise UsageError(f"cannot write a turntable as {path.name}: choose one of .{', .'.join(FORMATS)}")
    if frames < 2 or not 16 <= size <= 4096 or not seconds > 0:
        raise UsageError(
            f"a turntable of {frames} frames of {size} pixels in {seconds:g} s is not possible: "
            "take at least 2 frames, 16 to 4096 pixels, and more than 0 s"
        )
    if kind == "mp4":
        save_film(turntable(what, size + size % 2, frames, style), path, size + size % 2, frames / seconds)
        return
    pictures = [Image.fromarray(frame) for frame in turntable(what, size, frames, style)]
    duration = round(1000 * seconds / frames)
    with atomic_file(path) as part:
        if kind == "webp":
            pictures[0].save(
                part, save_all=True, append_images=pictures[1:], duration=duration, loop=0, quality=82, method=2
            )
        else:
            palette = common_palette(pictures)
            indexed = [picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG) for picture in pictures]
            indexed[0].save(part, save_all=True, append_images=indexed[1:], duration=duration, loop=0, disposal=1)


def common_palette(pictures: list[Image.Image]) -> Image.Image:
    """Choose one palette for all frames, from four of them, so that colours do not flicker."""
    some = pictures[:: max(1, len(pictures) // 4)][:4]
    sheet = Image.fromarray(np.concatenate([np.asarray(picture) for picture in some], axis=1))
    return sheet.quantize(256, method=Image.Quantize.MEDIANCUT)


def save_film(frames: Iterator[np.ndarray], path: Path, size: int, rate: float) -> None:
    """Encode H.264 that every browser plays, with the ffmpeg that imageio-ffmpeg carries."""
    check_animation("mp4")
    import imageio_ffmpeg

    with atomic_file(path) as part:
        writer = imageio_ffmpeg.write_frames(
            str(part), (size, size), fps=rate, codec="libx264", quality=7, macro_block_size=2, pix_fmt_out="yuv420p"
        )
        writer.send(None)
        for frame in frames:
            writer.send(np.ascontiguousarray(frame))
        writer.close()
