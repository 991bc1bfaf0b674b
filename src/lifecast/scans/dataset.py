"""Prepared people as training samples: `PeopleDataset`.

samples = PeopleDataset("DATA", "train", size=512, points=8000)
loader = DataLoader(samples, batch_size=8, num_workers=4)
samples.set_epoch(3)    # every epoch has other points and augmentation; (seed, epoch, index) decide a sample
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from lifecast.errors import DataError, UsageError
from lifecast.scans.augmentation import NONE, Augmentation, clean_background
from lifecast.scans.background import Backgrounds
from lifecast.scans.dataset_format import FORMAT
from lifecast.scans.landmark_file import Limbs, read_landmarks
from lifecast.scans.photographic.bystanders import Other
from lifecast.scans.photographic.framing import is_whole
from lifecast.scans.photographic.held_things import seen_hands
from lifecast.scans.photographic.layers import Box, Layer, Picture, bounding_box, cut
from lifecast.scans.photographic.seeds import SampleSeed, Stream
from lifecast.scans.photographic.steps import Photograph, Surroundings
from lifecast.scans.placement import Placement
from lifecast.scans.point_pools import NearPool, PointPools, Window
from lifecast.scans.view_files import ViewFiles
from lifecast.space.limb_map import CHANNELS, limb_map
from lifecast.space.skeleton import MIRRORED_PAIRS
from lifecast.space.units import BLANK_GREY

TEXTURE = 256
"""Pixels of the surfaces that things are drawn with."""


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
    parsing
        Give parsing maps, which views of `lifecast mannequins` have.
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
        parsing: bool = False,
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
        self._joints: dict[str, NDArray[np.float64] | None] = {}
        self.limbs, self.parsing = limbs, parsing
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
        card = self._json(self.root / person / "person.json")
        self._views[person] = card["views"]
        joints = card.get("joints")
        self._joints[person] = None if joints is None else np.array(joints, np.float64)  # null becomes nan
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
            limbs (6, S/4, S/4), the limb map, and parsing (2, S, S) uint8, the `Part` of front and back or `NOTHING`,
            if asked for.
        """
        person, view = self.items[index]
        seed = SampleSeed(self.seed, int(self._epoch), index)
        rng, steps = seed.main(), self.augmentation.photographic
        frames = seed.stream(Stream.CUT_OFF)
        placement, cuts = steps.cut_off.placement(self.augmentation.placement(rng), frames)
        files = self._files(person, view)

        whole = placement.picture(files.mask(), self.size, 0)
        depth, depth_mask = files.depth(placement)
        rim = steps.cut_off.rim(bounding_box(whole), self.size, cuts, frames)
        surroundings = self._surroundings(index, placement, depth[0], depth_mask[0])
        photograph = self._photograph(files, whole, surroundings, rim, seed, rng)
        image, mask, hidden = photograph.image, photograph.mask, photograph.hidden
        if hidden is not None:
            open_ = cv2.resize(hidden, depth.shape[1:], interpolation=cv2.INTER_AREA) < 128
            depth, depth_mask = depth * open_, depth_mask * open_
        box = bounding_box(mask)
        front = files.normals("front", placement, mask, box)
        back = files.normals("back", placement, mask, box)
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
        sample |= self._given(files, placement)
        if self.parsing:
            sample["parsing"] = torch.from_numpy(files.parsing(placement, mask))
        if self.limbs:
            sample["limbs"] = self._limb_map(self._landmarks[person][view], placement, hidden, seed)
        if self.points:
            points, occupancy = self._pools.draw(
                person, self._views[person][view], placement, self.points, self.near_fraction,
                self._range(window, rim), rng,
            )  # fmt: skip
            sample["points"], sample["occupancy"] = torch.from_numpy(points), torch.from_numpy(occupancy)
        return sample

    def _given(self, files: ViewFiles, placement: Placement) -> dict[str, Any]:
        """What else of a view's files joins its sample."""
        return {}

    def _files(self, person: str, view: int) -> ViewFiles:
        return ViewFiles(self.root / person / self._views[person][view]["files"], self.size, self.stored_size)

    def _surroundings(
        self, index: int, placement: Placement, depth: NDArray[np.float32], there: NDArray[np.float32]
    ) -> Surroundings:
        """What the person's photograph is made with; depth and `there` (S/4, S/4) are the front's."""
        person, number = self.items[index]
        view, joints = self._views[person][number], self._joints[person]
        hands = np.zeros((0, 2))
        if joints is not None:
            turned = joints @ np.array(view["rotation"]).reshape(3, 3).T + [*view["shift"], 0.0]
            hands = seen_hands(placement.points(turned), depth, there)
        sun = view.get("sun")
        if sun is not None:
            sun = np.array([*(placement.linear() @ sun[:2]), sun[2]])

        def choose(rng: np.random.Generator) -> Other | None:
            """Somebody else of the same split."""
            chosen, at = self.items[int(rng.integers(len(self.items)))]
            return None if chosen == person else other_person(self._files(chosen, at))

        def texture(rng: np.random.Generator) -> Picture:
            if self.backgrounds is None:
                return np.full((8, 8, 3), BLANK_GREY, np.uint8)
            return self.backgrounds.draw(rng, min(self.size, TEXTURE))

        return Surroundings(placement, hands, sun, choose, texture)

    def _photograph(
        self, files: ViewFiles, mask: NDArray[np.uint8], surroundings: Surroundings, rim: Box, seed: SampleSeed,
        rng: np.random.Generator,
    ) -> Photograph:  # fmt: skip
        """The person of a mask (S, S) before a background, as a camera would have it."""
        augmentation, box = self.augmentation, bounding_box(mask)
        colour = surroundings.placement.picture(files.colour(), self.size, BLANK_GREY, box)
        if self.backgrounds is None:
            background = np.full((self.size, self.size, 3), BLANK_GREY, np.uint8)
        else:
            background = augmentation.tone(self.backgrounds.draw(rng, self.size), rng, 0.7)
            colour = augmentation.tone(colour, rng, 0.7)
        photograph = augmentation.photographic.take(
            background, Layer(colour, cut(mask, box), box), mask, surroundings, rim, seed,
            lambda picture: augmentation.tone(picture, rng, 0.7),
        )  # fmt: skip
        if self.backgrounds is None or rng.random() >= augmentation.cleaned:
            return photograph
        return replace(photograph, image=clean_background(photograph.image, photograph.found, rng))

    def _limb_map(
        self, landmarks: NDArray[np.float32], placement: Placement, hidden: Picture | None, seed: SampleSeed
    ) -> Tensor:
        """(6, S/4, S/4), turned with the picture; zeros where no pose is given."""
        rng = seed.stream(Stream.LIMBS)
        if not landmarks[:, 3].any() or rng.random() < self.augmentation.blind:
            return torch.zeros(CHANNELS, self.size // 4, self.size // 4)
        moved = landmarks[list(MIRRORED_PAIRS)] if placement.flip else landmarks.copy()
        moved[:, :3] = placement.points(moved[:, :3])
        moved[:, 2] += rng.normal(0, 1, len(moved)).astype(np.float32) * np.float32(self.augmentation.mistaken)
        if hidden is not None:
            guess = self.augmentation.photographic.hidden_landmarks.guessed
            moved = guess(moved, hidden, seed.stream(Stream.HIDDEN_LANDMARKS))
        return limb_map(torch.from_numpy(moved), self.size // 4)

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

    def _range(self, window: NDArray[np.int64], rim: Box) -> Window | None:
        """What of the crop `window` (x0, y0, w, h in pixels, row 0 at the top) is photographed, in view units.

        None where that is all of the picture.
        """
        if self.window is None and is_whole(rim, self.size):
            return None
        left, top = np.maximum(window[:2], rim[:2])
        right, bottom = np.minimum(window[:2] + window[2:], np.array(rim[:2]) + rim[2:])
        low, high = np.array([left, self.size - bottom]), np.array([right, self.size - top])
        return low * 2 / self.size - 1, high * 2 / self.size - 1


def other_person(files: ViewFiles) -> Other:
    """Read somebody else, to stand in the same picture."""
    mask, colour = files.mask(), files.colour()

    def cut_out(placement: Placement) -> Layer:
        cover = placement.picture(mask, files.size, 0)
        box = bounding_box(cover)
        return Layer(placement.picture(colour, files.size, BLANK_GREY, box), cut(cover, box), box)

    return Other(2 * bounding_box(mask)[3] / files.size, cut_out)
