"""What comes in over HTTP: written to a private temporary file under a size limit, deleted after use.

The photograph's own checks (format, pixels, damage) are `lifecast.photo.decode`'s; here only bytes are counted, because
a body must be refused while it arrives and not after it filled the disk.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from lifecast.errors import PhotoError

CHUNK = 1 << 20


class UploadTooLarge(PhotoError):
    """More bytes than the server takes."""


@dataclass
class Upload:
    """A photograph on disk, in a folder of its own with mode 700; `discard` deletes both."""

    name: str
    """The name that the client gave, its last part only: for messages, never for a path."""
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="lifecast-upload-")))

    @property
    def path(self) -> Path:
        """The file; its name carries only the suffix of the client's."""
        suffix = Path(self.name).suffix.lower()
        plain = suffix if len(suffix) <= 6 and suffix[1:].isalnum() else ""
        return self.folder / f"photo{plain}"

    @classmethod
    def copy_of(cls, source: Path) -> Upload:
        """Copy a file, which is somebody else's to delete.

        OSError if it cannot be read.
        """
        upload = cls(source.name)
        try:
            shutil.copyfile(source, upload.path)
        except BaseException:
            upload.discard()
            raise
        return upload

    def discard(self) -> None:
        """Delete the photograph; calling it again does nothing."""
        shutil.rmtree(self.folder, ignore_errors=True)


async def receive(chunks: AsyncIterator[bytes], name: str, limit: int) -> Upload:
    """Write a stream of bytes to disk.

    Raises
    ------
    UploadTooLarge
        More than `limit` bytes came; what was written is deleted.
    PhotoError
        Nothing came.
    """
    upload = Upload(Path(name.replace("\\", "/")).name or "photo")
    size = 0
    try:
        with upload.path.open("wb") as file:
            async for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise UploadTooLarge(
                        f"{upload.name}: larger than the {limit / 2**20:.0f} MiB that this server takes"
                    )
                file.write(chunk)
        if size == 0:
            raise PhotoError(f"{upload.name}: an empty file; choose a photograph")
    except BaseException:
        upload.discard()
        raise
    return upload
