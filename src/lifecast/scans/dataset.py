"""Prepared people as training samples: `PeopleDataset`.

samples = PeopleDataset("DATA", "train", size=512, points=8000)
loader = DataLoader(samples, batch_size=8, num_workers=4)
samples.set_epoch(3)    # every epoch has other points and augmentation; (seed, epoch, index) decide a sample
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from lifecast.errors import DataError, UsageError
from lifecast.scans.augmentation import NONE, Augmentation, Box, Placement, clean_background
from lifecast.scans.background import Backgrounds
from lifecast.scans.dataset_format import FORMAT
from lifecast.scans.landmark_file import Limbs, read_landmarks
from lifecast.scans.point_pools import NearPool, PointPools, Window
from lifecast.space.limb_map import CHANNELS, limb_map
from lifecast.space.skeleton import MIRRORED_PAIRS


def _read_picture(path: Path, flags: int) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), flags)
    if picture is None:
        raise DataError(f"{path}: missing or damaged; run `lifecast prepare` again, which makes it anew")
    return np.asarray(picture, np.uint8)


def _box(mask: NDArray[np.uint8]) -> Box:
    """Bounding box of what is not 0."""
    x, y, w, h = cv2.boundingRect(mask)
    return x, y, w, h


def _compose(image: NDArray[np.uint8], colour: NDArray[np.uint8], mask: NDArray[np.uint8], box: Box) -> None:
    """`colour` (h, w, 3) over the `box` of `image`, in place; `mask` (h, w) is its coverage."""
    x, y, w, h = box
    if w == 0:
        return
    behind = image[y : y + h, x : x + w]
    share = cv2.merge([mask, mask, mask])
    # b + (a - b) m in bytes: rounding twice costs at most one grey level.
    image[y : y + h, x : x + w] = cv2.add(
        cv2.multiply(colour, share, scale=1 / 255), cv2.multiply(behind, cv2.bitwise_not(share), scale=1 / 255)
    )


class PeopleDataset(Dataset[dict[str, Any]]):
    """Views of prepared people; each item is a dict of tensors (see `__getitem__`).

    Parameters
    ----------
    root
        Folder that `lifecast prepare` wrote.
    split
        `train`, `test` or `all`.
    size
        Pixels S of the square pictures, at most twice what is stored.
    points
        Points N of a sample; 0 leaves points and occupancy out.
    near
        Pool of the points near the surface: sigma 5 cm (coarse level) or 3 cm (fine level).
    near_fraction
        Share of the points that comes from it; the rest is uniform in the volume.
    window
        Side in pixels of a random crop on the person in which the points shall lie (fine level; the paper: 512 of
        1024). The pictures stay whole, `window` says where the crop is.
    augmentation
        None: samples as rendered, in front of plain grey.
    backgrounds
        Folder of pictures; None: generated backgrounds (with augmentation).
    limbs
        Give maps of the limbs, drawn from the landmarks that `lifecast landmarks` has added, or from those that
        `lifecast lift` made of them.
    seed
        Of everything random.
    people
        Folders of people below `root`, in place of a split; possibly none yet.
    """

    def __init__(
        self,
        root: str | Path,
        split: Literal["train", "test", "all"] = "train",
        size: int = 512,
        points: int = 8000,
        near: NearPool = "near5",
        near_fraction: float = 15 / 16,
        window: int | None = None,
        augmentation: Augmentation | None = None,
        backgrounds: str | Path | None = None,
        limbs: Limbs = False,
        seed: int = 0,
        people: list[str] | None = None,
    ) -> None:
        self.root = Path(root)
        header = self._json(self.root / "dataset.json")
        if header.get("format") != FORMAT:
            found = header.get("format")
            raise DataError(f"{self.root / 'dataset.json'}: format {found!r}, but this version reads {FORMAT}")
        self.stored_size = int(header["size"])
        self.people = self._split(split) if people is None else list(people)
        if not self.people and people is None:
            raise DataError(f"{self.root}: nobody in the split {split!r}")
        if size % 4 or size < 32:
            raise UsageError(f"size {size}: give a multiple of 4 of at least 32")
        if window is not None and not 0 < window <= size:
            raise UsageError(f"window {window}: must be in 1..{size}")
        if points and not header.get("points", True):
            raise DataError(f"{self.root}: mannequins have no points; levels learn from people of `lifecast prepare`")
        if not 0 <= near_fraction <= 1:
            raise UsageError(f"near_fraction {near_fraction}: must be in 0..1")
        self.size, self.points, self.near_fraction = size, points, near_fraction
        self.window, self.seed = window, seed
        self.augmentation = augmentation or NONE
        self.backgrounds = Backgrounds(Path(backgrounds) if backgrounds else None, seed) if augmentation else None
        self.items: list[tuple[str, int]] = []
        self._views: dict[str, list[dict[str, Any]]] = {}
        self._landmarks: dict[str, NDArray[np.float32]] = {}
        self.limbs = limbs
        for person in self.people:
            self.load(person)
            self.items += [(person, view) for view in range(len(self._views[person]))]
        # Shared memory, so that workers that stay alive between epochs get a new epoch too.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]
        self._pools = PointPools(self.root, near)

    def _split(self, split: str) -> list[str]:
        """The people of a split."""
        parts = self._json(self.root / "split.json")
        if split == "all":
            return sorted(parts["train"] + parts["test"])
        if split not in parts:
            raise UsageError(f"split {split!r}: choose train, test or all")
        return list(parts[split])

    def load(self, person: str) -> None:
        """Read a person's views and landmarks, before the first sample of them."""
        self._views[person] = self._json(self.root / person / "person.json")["views"]
        if self.limbs:
            self._landmarks[person] = self._read_landmarks(person)

    def _read_landmarks(self, person: str) -> NDArray[np.float32]:
        return read_landmarks(self.root / person, len(self._views[person]), self.limbs == "lifted")

    @staticmethod
    def _json(path: Path) -> dict[str, Any]:
        try:
            result: dict[str, Any] = json.loads(path.read_text())
            return result
        except FileNotFoundError as error:
            raise DataError(f"{path}: missing; make the dataset with `lifecast prepare`") from error
        except ValueError as error:
            raise DataError(f"{path}: damaged ({error}); run `lifecast prepare` again") from error

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose random draws the samples use."""
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Sample `index`.

        Returns
        -------
        dict with
            image (3, S, S) float32 in [-1, 1]; mask (1, S, S) in [0, 1]; front, back (3, S, S) unit normals, 0 outside;
            depth (2, S/4, S/4) front and back view z, 0 outside; depth_mask (1, S/4, S/4);
            points (N, 3) view space; occupancy (N,); window (4,) int64 x0, y0, w, h; person str; view int;
            limbs (6, S/4, S/4), the limb map, if asked for.
        """
        person, view = self.items[index]
        rng = np.random.default_rng([self.seed, int(self._epoch), index])
        placement = self.augmentation.placement(rng)
        stem = self.root / person / self._views[person][view]["files"]
        size = self.size

        stored = self._sized(_read_picture(Path(f"{stem}_mask.png"), cv2.IMREAD_GRAYSCALE))
        mask = placement.picture(stored, size, 0)
        box = _box(mask)
        image = self._image(index, stem, placement, mask, box, rng)
        front = self._normals(Path(f"{stem}_front.png"), placement, mask, box)
        back = self._normals(Path(f"{stem}_back.png"), placement, mask, box)
        depth, depth_mask = self._depth(Path(f"{stem}_depth.npz"), placement)
        window = self._window(mask, rng)
        sample: dict[str, Any] = {
            "image": torch.from_numpy(image).permute(2, 0, 1).contiguous().float().mul_(2 / 255).sub_(1),  # (3, S, S)
            "mask": torch.from_numpy(mask)[None].float().div_(255),  # (1, S, S)
            "front": torch.from_numpy(front),  # (3, S, S)
            "back": torch.from_numpy(back),  # (3, S, S)
            "depth": torch.from_numpy(depth),  # (2, S/4, S/4)
            "depth_mask": torch.from_numpy(depth_mask),  # (1, S/4, S/4)
            "window": torch.tensor(window),
            "person": person,
            "view": view,
        }
        if self.limbs:
            sample["limbs"] = self._limb_map(self._landmarks[person][view], placement, index)
        if self.points:
            points, occupancy = self._pools.draw(
                person, self._views[person][view], placement, self.points, self.near_fraction,
                None if self.window is None else self._range(window), rng,
            )  # fmt: skip
            sample["points"], sample["occupancy"] = torch.from_numpy(points), torch.from_numpy(occupancy)
        return sample

    def _sized(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """`picture` resized to S (area-averaged when smaller)."""
        if picture.shape[0] == self.size:
            return picture
        way = cv2.INTER_AREA if picture.shape[0] > self.size else cv2.INTER_LINEAR
        return np.asarray(cv2.resize(picture, (self.size, self.size), interpolation=way), np.uint8)

    def _colour(self, path: Path) -> NDArray[np.uint8]:
        """(S, S, 3) RGB of a view's colour file; JPEG halves its size far quicker while decoding than afterwards."""
        reduced = self.stored_size >= 2 * self.size
        picture = _read_picture(path, cv2.IMREAD_REDUCED_COLOR_2 if reduced else cv2.IMREAD_COLOR)
        rgb: Any = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        return self._sized(rgb)

    def _image(
        self, index: int, stem: Path, placement: Placement, mask: NDArray[np.uint8], box: Box, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """(S, S, 3) RGB: person before background, as a camera would have it."""
        colour = placement.picture(self._colour(Path(f"{stem}_colour.jpg")), self.size, 127, box)
        if self.backgrounds is None:
            image = np.full((self.size, self.size, 3), 127, np.uint8)
        else:
            image = self.augmentation.tone(self.backgrounds.draw(rng, self.size), rng, 0.7)
            colour = self.augmentation.tone(colour, rng, 0.7)
            if rng.random() < self.augmentation.crowd:
                self._add_bystander(image, index, rng)
        _compose(image, colour, mask[box[1] : box[1] + box[3], box[0] : box[0] + box[2]], box)
        if self.backgrounds is not None:
            image = self.augmentation.camera(self.augmentation.tone(image, rng, 0.7), rng)
            if rng.random() < self.augmentation.cleaned:
                image = clean_background(image, mask, rng)
        return image

    def _add_bystander(self, image: NDArray[np.uint8], index: int, rng: np.random.Generator) -> None:
        """Somebody else of the same split into the background, off the middle and not larger than the person."""
        person, view = self.items[int(rng.integers(len(self.items)))]
        if person == self.items[index][0]:
            return
        stem = self.root / person / self._views[person][view]["files"]
        side = float(rng.choice([-1.0, 1.0]))
        placement = Placement(
            bool(rng.random() < 0.5), float(rng.uniform(0.4, 1.0)), 0.0,
            (side * float(rng.uniform(0.45, 1.1)), float(rng.uniform(-0.3, 0.1))),
        )  # fmt: skip
        mask = placement.picture(
            self._sized(_read_picture(Path(f"{stem}_mask.png"), cv2.IMREAD_GRAYSCALE)), self.size, 0
        )
        box = _box(mask)
        if box[2] == 0:
            return
        colour = placement.picture(self._colour(Path(f"{stem}_colour.jpg")), self.size, 127, box)
        _compose(image, colour, mask[box[1] : box[1] + box[3], box[0] : box[0] + box[2]], box)

    def _normals(self, path: Path, placement: Placement, mask: NDArray[np.uint8], box: Box) -> NDArray[np.float32]:
        """(3, S, S) unit normals, turned with the picture, 0 outside."""
        normals = np.zeros((3, self.size, self.size), np.float32)
        x, y, w, h = box
        if w == 0:
            return normals
        stored = placement.picture(self._sized(_read_picture(path, cv2.IMREAD_COLOR_RGB)), self.size, 128, box)
        planes = np.ascontiguousarray(stored.reshape(-1, 3).T).astype(np.float32)  # (3, h * w)
        planes *= np.float32(1 / 127.5)
        planes -= 1
        (a, b), (c, d) = placement.linear().astype(np.float32)
        planes[0], planes[1] = a * planes[0] + b * planes[1], c * planes[0] + d * planes[1]
        length = np.sqrt(planes[0] * planes[0] + planes[1] * planes[1] + planes[2] * planes[2])
        inside = (mask[y : y + h, x : x + w].ravel() > 0) & (length > 0.05)
        planes *= inside / np.maximum(length, np.float32(1e-6))
        normals[:, y : y + h, x : x + w] = planes.reshape(3, h, w)
        return normals

    def _depth(self, path: Path, placement: Placement) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(2, S/4, S/4) front and back view z, and (1, S/4, S/4) where there is any."""
        try:
            with np.load(path) as stored:
                maps = [stored["front"].astype(np.float32), stored["back"].astype(np.float32)]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{path}: missing or damaged ({error}); run `lifecast prepare` again") from error
        quarter = self.size // 4
        # -9 marks the outside through the resampling, which takes the nearest and never mixes.
        moved = np.stack([placement.picture(np.nan_to_num(m, nan=-9.0), quarter, -9, None, True) for m in maps])
        there = (moved[0] > -8) & (moved[1] > -8)
        return (moved * there * np.float32(placement.scale)).astype(np.float32), there[None].astype(np.float32)

    def _limb_map(self, landmarks: NDArray[np.float32], placement: Placement, index: int) -> Tensor:
        """(6, S/4, S/4), turned with the picture; zeros where no pose is given."""
        rng = np.random.default_rng([self.seed, int(self._epoch), index, 1])
        if not landmarks[:, 3].any() or rng.random() < self.augmentation.blind:
            return torch.zeros(CHANNELS, self.size // 4, self.size // 4)
        moved = torch.from_numpy(landmarks[list(MIRRORED_PAIRS)] if placement.flip else landmarks.copy())
        moved[:, :3] = torch.from_numpy(placement.points(moved[:, :3].numpy()))
        moved[:, 2] += torch.from_numpy(rng.normal(0, 1, len(moved)).astype(np.float32)) * self.augmentation.mistaken
        return limb_map(moved, self.size // 4)

    def _window(self, mask: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.int64]:
        """x0, y0, w, h of the crop: centred on a random pixel of the person, moved inside the picture."""
        if self.window is None:
            return np.array([0, 0, self.size, self.size], np.int64)
        side = self.window
        x, y, w, h = cv2.boundingRect(mask)
        rows, columns = np.nonzero(mask[y : y + h : 4, x : x + w : 4] > 127)
        if len(rows):
            pick = int(rng.integers(len(rows)))
            centre = np.array([x + 4 * columns[pick], y + 4 * rows[pick]])
        else:
            centre = np.array([self.size // 2, self.size // 2])
        corner = np.clip(centre - side // 2, 0, self.size - side)
        return np.array([corner[0], corner[1], side, side], np.int64)

    def _range(self, window: NDArray[np.int64]) -> Window:
        """The crop `window` (x0, y0, w, h in pixels, row 0 at the top) in view units."""
        low = np.array([window[0], self.size - window[1] - window[3]]) * 2 / self.size - 1
        return low, low + window[2:] * 2 / self.size
