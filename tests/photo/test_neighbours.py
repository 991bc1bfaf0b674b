import numpy as np

from lifecast.photo.blazepose import Circle, Pose
from lifecast.photo.mask import PoseMask
from lifecast.photo.neighbours import GRID, REACH, SOFTNESS, VIEW_UNITS, Limbs, share_of
from lifecast.space.skeleton import LIMBS, with_middles


def somebody(x: float, height: float = 280.0) -> np.ndarray:
    """(33, 4) landmarks of a person who stands straight at column x, arms down, feet at row 350."""
    points = np.zeros((33, 4), np.float32)
    points[:, 3] = 1
    rows = {0: 0.07, 7: 0.07, 11: 0.18, 13: 0.36, 15: 0.5, 17: 0.52, 19: 0.54, 21: 0.52, 23: 0.5, 25: 0.72, 27: 0.94}
    rows |= {29: 0.97, 31: 1.0}
    half = {0: 0.0, 7: 0.03, 11: 0.1, 13: 0.13, 15: 0.14, 17: 0.14, 19: 0.14, 21: 0.14, 23: 0.06, 25: 0.06, 27: 0.06}
    half |= {29: 0.06, 31: 0.07}
    for index in range(33):
        odd = index if index % 2 or index == 0 else index - 1
        key = odd if odd in rows else 0
        side = 1 if index % 2 else -1
        points[index, 0] = x + (side * half[key] if index else 0) * height
        points[index, 1] = 70 + rows[key] * height
    return points


def plain_distance(landmarks: np.ndarray, height: float, x: float, y: float) -> float:
    """Of one place, by the definition: a thousand points on each limb's axis."""
    points = with_middles(landmarks)
    best = np.inf
    for limb in LIMBS:
        along = np.linspace(0, 1, 1000)[:, None]
        axis = points[limb.start, :2] * (1 - along) + points[limb.end, :2] * along
        away = np.hypot(axis[:, 0] - x, axis[:, 1] - y).min() / (limb.radius * height / VIEW_UNITS)
        best = min(best, float(away))
    return best


def test_shares_follow_the_nearest_limb() -> None:
    own, other = somebody(150), somebody(260)
    share = share_of(Limbs.of(own, 280), [Limbs.of(other, 280)], 10, 20, 384)
    rng = np.random.default_rng(0)
    met = 0
    for row, column in rng.integers(0, GRID, (400, 2)):
        x, y = 10 + (column + 0.5) * 384 / GRID, 20 + (row + 0.5) * 384 / GRID
        mine = plain_distance(own, 280, x, y)
        theirs = min(plain_distance(other, 280, x, y), REACH)
        expected = np.clip(0.5 + ((theirs + 1e-3) / (mine + 1e-3) - 1) / (2 * SOFTNESS), 0, 1)
        assert abs(share[row, column] - expected) < 0.1
        met += 0 < expected < 1
    assert met > 5


def union_mask(people: list[np.ndarray]) -> tuple[Pose, np.ndarray]:
    """A pose of the first whose mask shows everybody (400 x 400 pixels, shown by 256), and the mask of each alone."""
    centres = (np.arange(256) + 0.5) * 400 / 256
    alone = np.stack([Limbs.of(p, 280).distance(centres, centres) < 1.2 for p in people])
    mask = alone.any(0).astype(np.float32)
    circle = Circle(200, 200, 160, 0.0, 1.0)  # its square, 1.25 times as wide, is the picture
    return Pose(people[0], 1.0, mask, circle, circle), alone


def test_a_neighbour_is_cut_out_of_the_mask_and_the_person_stays() -> None:
    people = [somebody(140), somebody(215)]
    pose, alone = union_mask(people)
    both = PoseMask(pose, (400, 400)).window(0, 0, 400, 256)
    assert float(both[alone[1]].mean()) > 0.95
    own, other = (Limbs.of(p, 280) for p in people)
    mask = PoseMask(pose, (400, 400), own, (other,)).window(0, 0, 400, 256)
    only = [alone[0] & ~alone[1], alone[1] & ~alone[0]]
    assert float(mask[only[0]].mean()) > 0.95
    assert float(mask[only[1]].mean()) < 0.05


def test_in_a_crowd_what_is_far_from_all_own_limbs_goes_too() -> None:
    """The third was not found, and nobody's limbs claim them."""
    people = [somebody(120), somebody(190), somebody(330)]
    pose, alone = union_mask(people)
    own, other = (Limbs.of(p, 280) for p in people[:2])
    mask = PoseMask(pose, (400, 400), own, (other,)).window(0, 0, 400, 256)
    assert float(mask[alone[2]].max()) == 0
    assert float(PoseMask(pose, (400, 400), own).window(0, 0, 400, 256)[alone[2]].mean()) > 0.95


def test_limbs_that_cannot_be_seen_claim_nothing() -> None:
    hidden = somebody(150)
    hidden[:, 3] = 0.3
    assert len(Limbs.of(hidden, 280).radius) == 0
    assert len(Limbs.of(hidden, 280, least_visibility=0.2).radius) == len(LIMBS)
