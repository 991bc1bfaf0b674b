"""Every hairstyle on three very different bodies: closed, outside of the skull, thin at the hairline."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("embreex")


from lifecast.people.appearance import draw_build
from lifecast.people.body import SKIN_VERTICES, BodyModel, RestBody
from lifecast.people.hairstyles.beard import make_beard, make_brows, shade_skin, stubble
from lifecast.people.hairstyles.cap import make_cap
from lifecast.people.hairstyles.catalogue import STYLES
from lifecast.people.hairstyles.choice import draw_style_name, dress_head
from lifecast.people.hairstyles.colour import strand_texture
from lifecast.people.hairstyles.face import BEARDS
from lifecast.people.hairstyles.hairdo import TRIANGLES, make_hair
from lifecast.people.hairstyles.skull import Hairline, Skull
from lifecast.people.hairstyles.sphere import geodesic
from lifecast.people.hairstyles.style import Cap
from lifecast.people.rest_part import RestPart

Outermost = Callable[[RestPart, Skull, np.ndarray], np.ndarray]
TEXTURE = np.zeros((4, 4, 3), np.uint8)
LITRES = {
    "buzzed": (0.05, 0.7), "receding": (0.05, 1.2), "afro": (2.0, 9.0), "bob": (0.8, 4.5), "long-straight": (0.8, 6.0),
    "long-wavy": (0.8, 6.5), "curly": (0.8, 6.0),
}  # fmt: skip
"""Hair outside of the head by a ray's first hit, with what air it encloses seen from the middle of the head."""


@pytest.mark.parametrize("name", list(STYLES))
def test_a_style_is_a_closed_solid_on_the_scalp_of_any_body(
    name: str, model: BodyModel, bodies: list[RestBody], outermost: Outermost
) -> None:
    for number, rest in enumerate(bodies):
        style = STYLES[name](np.random.default_rng(number))
        hair = make_hair(model, rest, style, TEXTURE, np.random.default_rng(number))
        assert hair is not None
        assert np.isfinite(hair.points).all()
        assert hair.solid.unmatched_edges() == 0
        assert hair.solid.volume() > 0
        assert len(hair.faces) <= TRIANGLES
        np.testing.assert_allclose(np.asarray(hair.weights.sum(1)).ravel(), 1, atol=1e-6)
        # Hair is what one sees of the scalp, and nothing but hair reaches far from it.
        skull = Skull(model, rest)
        ways, _ = geodesic(12)
        skin = skull.skin(ways)
        inside = style.hairline.inside(skull, skin, np.random.default_rng(0))
        deep = inside > 0.012
        seen = outermost(hair, skull, ways)
        assert (seen[deep] > np.linalg.norm(skin - skull.centre, axis=1)[deep] + 0.0005).mean() > 0.99
        low, high = LITRES.get(name, (0.15, 4.0))
        area = 4 * np.pi / len(ways)
        bare = np.linalg.norm(skin - skull.centre, axis=1)
        litres = float((np.maximum(seen, bare) ** 3 - bare**3).sum() * area / 3 * 1000)
        assert low < litres < high


@pytest.mark.parametrize("cap", [Cap(top=0.02, side=0.01, edge=0.03), Cap(top=0.003, side=0.003, edge=0.012)])
def test_the_cap_is_thin_at_the_hairline_and_full_inside(cap: Cap, model: BodyModel, bodies: list[RestBody]) -> None:
    line = Hairline()
    for rest in bodies:
        skull = Skull(model, rest)
        solid = make_cap(skull, cap, line, np.zeros((0, 3)), 1, np.random.default_rng(5))
        ways, away = skull.directions(solid.points[:-1])
        skin = skull.skin(ways)
        height = away - np.linalg.norm(skin - skull.centre, axis=1)
        inside = line.inside(skull, skin, np.random.default_rng(5))
        assert height[np.abs(inside) < 0.0015].max() < 0.003
        top = (ways[:, 1] > 0.9) & (inside > cap.edge)
        np.testing.assert_allclose(height[top], cap.top, rtol=0.2)


def test_a_receding_hairline_lies_higher_at_the_temples(model: BodyModel, bodies: list[RestBody]) -> None:
    skull = Skull(model, bodies[1])
    ways, _ = geodesic(20)
    skin = skull.skin(ways)
    full, bare = (Hairline(recession=r).inside(skull, skin, np.random.default_rng(0)) > 0 for r in (0.0, 1.0))
    temple = (np.abs(ways[:, 0]) > 0.3) & (ways[:, 2] > 0.3)
    assert full[temple].sum() > bare[temple].sum() > 0
    crown = Hairline(recession=1.0, bald_crown=1.0).inside(skull, skin, np.random.default_rng(0)) > 0
    assert not crown[ways[:, 1] > 0.97].any()
    assert full[ways[:, 1] > 0.97].all()


def test_long_hair_lies_outside_of_the_back_and_follows_it(model: BodyModel, bodies: list[RestBody]) -> None:
    from lifecast.people.hairstyles.obstacle import Obstacle

    rest = bodies[2]
    hair = make_hair(model, rest, STYLES["long-straight"](np.random.default_rng(0)), TEXTURE, np.random.default_rng(0))
    assert hair is not None
    obstacle = Obstacle(model, rest, Skull(model, rest), 0.0)
    points = hair.points.astype(np.float64)
    points = points[points[:, 1] < obstacle.shoulder]
    assert len(points) > 500
    distance, _ = obstacle.nearest(points, True)
    assert np.mean(distance > -0.004) > 0.97
    lowest = int(hair.points[:, 1].argmin())
    assert hair.weights[lowest, model.bone("head")] == 0
    highest = int(hair.points[:, 1].argmax())
    assert hair.weights[highest, model.bone("head")] == 1


@pytest.mark.parametrize("name", ["tousled", "two-braids", "afro"])
def test_the_same_seed_gives_the_same_bytes(name: str, model: BodyModel, bodies: list[RestBody]) -> None:
    def bytes_of(seed: int) -> bytes:
        rng = np.random.default_rng(seed)
        hair = make_hair(model, bodies[0], STYLES[name](rng), TEXTURE, rng)
        assert hair is not None
        return hair.points.tobytes() + hair.faces.tobytes() + hair.uv.tobytes()

    assert bytes_of(1) == bytes_of(1)
    assert bytes_of(1) != bytes_of(2)


@pytest.mark.parametrize("kind", BEARDS)
def test_a_beard_is_closed_on_the_face_and_as_long_as_asked(
    kind: str, model: BodyModel, bodies: list[RestBody]
) -> None:
    for rest in bodies:
        eye = rest.heads[model.bone("eye.L")]
        lowest = []
        for length in (0.003, 0.06):
            beard = make_beard(model, rest, kind, length, TEXTURE, np.random.default_rng(0))
            assert beard.solid.unmatched_edges() == 0
            assert beard.solid.volume() > 0
            assert beard.points[:, 1].max() < eye[1]
            lowest.append(float(beard.points[:, 1].min()))
        if kind == "moustache":  # combed down, cut above the mouth's corners
            assert 0.002 < lowest[0] - lowest[1] < 0.04
        else:
            assert lowest[0] - lowest[1] == pytest.approx(0.055, abs=0.03)


def test_brows_lie_above_the_eyes_on_the_skin(model: BodyModel, bodies: list[RestBody]) -> None:
    for rest in bodies:
        brows = make_brows(model, rest, TEXTURE, np.random.default_rng(0))
        eye = rest.heads[model.bone("eye.L")]
        assert brows.solid.unmatched_edges() == 0
        assert 0.005 < brows.points[:, 1].mean() - eye[1] < 0.035
        skull = Skull(model, rest)
        ways, away = skull.directions(brows.points.astype(np.float64))
        assert np.abs(away - np.linalg.norm(skull.skin(ways) - skull.centre, axis=1)).max() < 0.006


def test_stubble_darkens_the_jaw_and_nothing_else(model: BodyModel) -> None:
    share = stubble(model)
    assert 0 < share.max() <= 0.35
    white = np.full((256, 256, 3), 255, np.uint8)
    dark = shade_skin(white, model, share, np.zeros(3), np.random.default_rng(0))
    changed = (dark < 200).any(-1).mean()
    assert 0.0005 < changed < 0.08


def test_grey_hair_brightens_a_dark_texture() -> None:
    colour = np.array([0.06, 0.05, 0.05])
    dark, grey = (strand_texture(colour, share, np.random.default_rng(0)) for share in (0.0, 0.9))
    assert grey[:200].mean() > 2 * dark[:200].mean()
    assert dark.shape == (256, 256, 3)


def test_styles_are_drawn_by_sex_and_descent() -> None:
    rng = np.random.default_rng(0)
    names: dict[bool, list[str]] = {True: [], False: []}
    for seed in range(300):
        build = draw_build(np.random.default_rng(seed))
        names[build.female].append(draw_style_name(build, rng))
    assert {*names[True], *names[False]} - {"bald"} <= set(STYLES)
    long = ("long-straight", "long-wavy", "bob", "ponytail")
    share = {sex: np.mean([n in long for n in found]) for sex, found in names.items()}
    assert share[True] > 0.35 > 0.1 > share[False]


def test_a_head_is_dressed_alike_by_the_same_seed(model: BodyModel) -> None:
    def bytes_of() -> bytes:
        rng = np.random.default_rng(7)
        build = draw_build(rng)
        rest = model.rest(build.phenotype, build.local, build.expression)
        head = dress_head(model, rest, build, rng, "beanie")
        assert head.shade.shape == (SKIN_VERTICES,)
        assert {p.name.split(":")[0] for p in head.parts} >= {"hat", "brows"}
        return b"".join(p.points.tobytes() + p.texture.tobytes() for p in head.parts)

    assert bytes_of() == bytes_of()
