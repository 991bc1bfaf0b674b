"""Hair under hats."""

import numpy as np
import trimesh

from lifecast.people.hair import UNDER_HAT, under_hat

CENTRE = np.array([0.1, 1.6, 0.02])


def beanie() -> np.ndarray:
    """The upper half of a ball of 10 cm, 5 mm thick, with a brim."""
    ball = np.asarray(trimesh.creation.icosphere(subdivisions=4).vertices)
    cap = ball[ball[:, 1] > 0]
    turn = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    brim = [np.stack([r * np.cos(turn), 0 * turn, r * np.sin(turn)], 1) for r in np.arange(0.105, 0.17, 0.01)]
    return (np.concatenate([cap * 0.1, cap * 0.105, *brim]) + CENTRE).astype(np.float32)


def test_hair_that_stands_out_of_a_hat_is_pressed_in_beneath_it() -> None:
    rng = np.random.default_rng(1)
    way = rng.normal(size=(400, 3))
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    afro = (CENTRE + way * 0.16).astype(np.float32)
    pressed = under_hat(afro, beanie(), CENTRE)
    far = np.linalg.norm(pressed - CENTRE, axis=1)
    covered = way[:, 1] > 0.08
    assert far[covered].max() <= 0.1 - UNDER_HAT + 1e-4
    assert far[covered].min() > 0.09  # to the hat's inner wall, and not to the skull
    below = way[:, 1] < -0.08
    np.testing.assert_array_equal(pressed[below], afro[below])
    turned = (pressed - CENTRE) / far[:, None]
    np.testing.assert_allclose(turned, way, atol=1e-4)


def test_hair_that_lies_close_stays_as_it_is() -> None:
    ball = np.asarray(trimesh.creation.icosphere(subdivisions=3).vertices)
    close = (CENTRE + ball * 0.09).astype(np.float32)
    np.testing.assert_array_equal(under_hat(close, beanie(), CENTRE), close)
