"""The pictures and true meshes that weights and other programs are measured on: a prepared dataset's test
people.

What a method gets is one picture: a rendered view before a background that depends on seed, person and view
alone. What it is measured against is the person's mesh in that view's space.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from lifecast.errors import DataError, OptionError
from lifecast.evaluation.triangles import Triangles
from lifecast.scans.regions import Regions

if TYPE_CHECKING:
    from numpy.typing import NDArray

FORMAT = 1
BACKGROUND_SEED = 77_000
"""Added to the seed of the generated backgrounds, so that none is one that training drew with the same
seed.
"""


@dataclass(frozen=True)
class Item:
    """One picture of one person."""

    person: str
    view: int
    yaw: float
    """Degrees that the person is turned about +y; 0 faces the camera."""
    elevation: float
    rotation: tuple[float, ...]
    """(9,) row-major R of p_view = R p + (shift, 0)."""
    shift: tuple[float, float]
    files: str
    """Stem of the view's files in the person's folder."""

    @property
    def name(self) -> str:
        """What results and other programs' meshes of this picture are called."""
        return f"{self.person}_view_{self.view:03d}"

    @property
    def facing(self) -> str:
        """front, side or back: how the person stands to the camera."""
        away = abs(wrapped(self.yaw))
        return "front" if away <= 45 else "side" if away < 135 else "back"


@dataclass(frozen=True)
class ViewMaps:
    """The picture and the true maps of one view at its stored size S."""

    picture: NDArray[np.uint8]
    """(S, S, 3) RGB, the person before the background: all that a method gets."""
    mask: NDArray[np.bool_]
    """(S, S) coverage above one half."""
    front: NDArray[np.float32]
    """(S, S, 3) true normals in view space, 0 outside."""
    back: NDArray[np.float32]


def wrapped(degrees: float) -> float:
    """Wrap an angle into (-180, 180]."""
    return 180.0 - (180.0 - degrees) % 360.0


def chosen_views(yaws: list[float], count: int | None) -> list[int]:
    """Choose `count` views spread evenly from the most frontal one on: their indices.

    None: all, in their order. One view a person is thus the front view.
    """
    if count is None or count >= len(yaws):
        return list(range(len(yaws)))
    first = min(range(len(yaws)), key=lambda i: abs(wrapped(yaws[i])))
    return sorted((first + round(i * len(yaws) / count)) % len(yaws) for i in range(count))


def read_json(path: Path) -> dict[str, Any]:
    """Read a dataset's JSON file, or raise a DataError that says what to do."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: missing; make the dataset with `lifecast prepare`") from error
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: damaged ({error}); run `lifecast prepare` again") from error
    return content


def read_items(root: Path, views: int | None = None, limit: int | None = None, split: str = "test") -> list[Item]:
    """List the pictures of the people in `split` of the prepared dataset at `root`.

    With a `limit` they are those of its first people. Raises DataError for a dataset that is missing, damaged, of
    another format, or whose split is empty.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder; make a benchmark with `lifecast synthesize` and `lifecast prepare`")
    header = read_json(root / "dataset.json")
    if header.get("format") != FORMAT:
        raise DataError(f"{root / 'dataset.json'}: format {header.get('format')!r}, this version reads {FORMAT}")
    if views is not None and views < 1:
        raise OptionError("views", views, "give at least 1")
    parts = read_json(root / "split.json")
    people = sorted(parts["train"] + parts["test"]) if split == "all" else list(parts.get(split, []))
    if not people:
        raise DataError(f"{root}: nobody in its {split} split; prepare with --test-fraction above 0, or more people")
    items: list[Item] = []
    for person in people[:limit]:
        path = root / person / "person.json"
        try:
            records = read_json(path)["views"]
            kept = chosen_views([float(record["yaw"]) for record in records], views)
            items += [
                Item(
                    person,
                    index,
                    float(records[index]["yaw"]),
                    float(records[index].get("elevation", 0.0)),
                    tuple(float(v) for v in records[index]["rotation"]),
                    (float(records[index]["shift"][0]), float(records[index]["shift"][1])),
                    str(records[index]["files"]),
                )
                for index in kept
            ]
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise DataError(f"{path}: damaged (no usable {error}); run `lifecast prepare` again") from error
    return items


def read_true_mesh(root: Path, item: Item) -> Triangles:
    """Read the person's whole mesh (the soup) in the view space of `item`."""
    path = root / item.person / "mesh.npz"
    try:
        with np.load(path) as stored:
            vertices, faces = stored["vertices"].astype(np.float64), stored["faces"].astype(np.int64)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: missing or damaged ({error}); run `lifecast prepare` again") from error
    rotation = np.array(item.rotation).reshape(3, 3)
    return Triangles(vertices @ rotation.T + [*item.shift, 0.0], faces)


def read_true_regions(root: Path, item: Item) -> Regions | None:
    """Read which region each face of `read_true_mesh` belongs to, (F,).

    None of scans and of people made before.
    """
    path = root / item.person / "mesh.npz"
    try:
        with np.load(path) as stored:
            return stored["regions"].astype(np.uint8) if "regions" in stored else None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: missing or damaged ({error}); run `lifecast prepare` again") from error


def _read_picture(path: Path, flags: int) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), flags)
    if picture is None:
        raise DataError(f"{path}: missing or damaged; run `lifecast prepare` again, which makes it anew")
    return np.asarray(picture, np.uint8)


def decode_normals(stored: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Decode stored bytes (n + 1) / 2 to unit normals (S, S, 3), 0 outside of `mask`."""
    normals = stored.astype(np.float32) / 127.5 - 1
    length = np.linalg.norm(normals, axis=-1, keepdims=True)
    usable = mask[..., None] & (length > 0.05)
    return np.asarray(np.divide(normals, length, out=np.zeros_like(normals), where=usable))


def read_view(root: Path, item: Item, seed: int = 0, backgrounds: Path | None = None) -> ViewMaps:
    """Read the picture of `item` before its background, and its true maps.

    The background is generated, or cropped from the folder `backgrounds`; `seed`, person and view decide it.
    """
    from lifecast.scans.background import Backgrounds

    stem = root / item.person / item.files
    colour = _read_picture(Path(f"{stem}_colour.jpg"), cv2.IMREAD_COLOR_RGB)
    coverage = _read_picture(Path(f"{stem}_mask.png"), cv2.IMREAD_GRAYSCALE)
    rng = np.random.default_rng([seed, zlib.crc32(item.person.encode()), item.view])
    behind = Backgrounds(backgrounds, BACKGROUND_SEED + seed).draw(rng, colour.shape[0])
    share = coverage[..., None].astype(np.float32) / 255
    picture = np.round(colour * share + behind * (1 - share)).astype(np.uint8)
    mask = coverage > 127
    front = _read_picture(Path(f"{stem}_front.png"), cv2.IMREAD_COLOR_RGB)
    back = _read_picture(Path(f"{stem}_back.png"), cv2.IMREAD_COLOR_RGB)
    return ViewMaps(picture, mask, decode_normals(front, mask), decode_normals(back, mask))


def resized_maps(
    normals: NDArray[np.float32], mask: NDArray[np.bool_], size: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Resize true normals and mask: area means, normals made unit length again."""
    if normals.shape[0] == size:
        return normals, mask
    mode = cv2.INTER_AREA if normals.shape[0] > size else cv2.INTER_LINEAR
    coverage = cv2.resize(mask.astype(np.float32), (size, size), interpolation=mode)
    smaller = cv2.resize(normals, (size, size), interpolation=mode)
    inside = coverage > 0.5
    length = np.linalg.norm(smaller, axis=-1, keepdims=True)
    usable = inside[..., None] & (length > 0.05)
    return np.divide(smaller, length, out=np.zeros_like(smaller), where=usable), np.asarray(inside)
