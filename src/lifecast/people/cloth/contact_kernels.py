"""Contact of cloth with skin, with other cloth and with itself, as Warp kernels; see `kernels`."""

# Warp reads these functions' annotations, so they must not be strings: no `from __future__ import annotations` here.
import warp as wp

ASIDE = wp.constant(0.004)
"""Metres that a particle may slide along a triangle beneath before the next look for contacts."""
GIVE = wp.constant(0.3)
"""How far cloth gives way to what lies on it, as a share of what momentum would ask: 0 is a rock."""
GENTLY = wp.constant(0.0005)
"""Metres of a particle's depth, at most, for which cloth gives way in a substep."""
NEAR = wp.constant(0.0025)
"""Metres that a particle may move along what it touches before its closest triangle is looked for again."""
ROUND = wp.constant(0.75)
"""How far skin rises from its flat triangles toward the planes of its vertices; 3/4 makes a quadratic patch of it."""


@wp.func
def slid(now: wp.vec3, moved: wp.vec3, normal: wp.vec3, pressed: float, friction: float):
    """Where a particle is after friction took back some of its sliding `moved` (Coulomb's cone on displacements)."""
    along = moved - normal * wp.dot(moved, normal)
    far = wp.length(along)
    if far > 1.0e-9:
        return now - along * wp.min(1.0, friction * pressed / far)
    return now


@wp.func
def corners_and_shares(faces: wp.array(dtype=int), f: int, place: wp.vec2):
    """The corners a, b, c of triangle `f`, and their shares u, v, t in a place in it."""
    u = place[0]
    v = place[1]
    return faces[3 * f], faces[3 * f + 1], faces[3 * f + 2], u, v, 1.0 - u - v


@wp.kernel
def touch_body(
    x: wp.array(dtype=wp.vec3), before: wp.array(dtype=wp.vec3), w: wp.array(dtype=float),
    gap: wp.array(dtype=float), friction: wp.array(dtype=float),
    body0: wp.array(dtype=wp.vec3), body1: wp.array(dtype=wp.vec3), outward: wp.array(dtype=wp.vec3),
    faces: wp.array(dtype=int), of: wp.array(dtype=int), face: wp.array(dtype=int), place: wp.array(dtype=wp.vec2),
    now: float, then: float,
):  # fmt: skip
    """Keep the particles `of` out of the skin.

    The body is at `now` of the way from `body0` to `body1`, and was at `then`. The skin is round between its vertices,
    by their normals `outward` (Boubekeur and Alexa 2008, "Phong tessellation"): tight cloth would show every triangle.
    """
    k = wp.tid()
    i = of[k]
    if face[k] >= 0 and w[i] > 0.0:
        a, b, c, u, v, t = corners_and_shares(faces, face[k], place[k])
        old = body0[a] * u + body0[b] * v + body0[c] * t
        new = body1[a] * u + body1[b] * v + body1[c] * t
        pa = body0[a] + (body1[a] - body0[a]) * now
        pb = body0[b] + (body1[b] - body0[b]) * now
        pc = body0[c] + (body1[c] - body0[c]) * now
        foot = old + (new - old) * now
        na = outward[a]
        nb = outward[b]
        nc = outward[c]
        n = wp.normalize(na * u + nb * v + nc * t)
        rise = na * (u * wp.dot(pa - foot, na)) + nb * (v * wp.dot(pb - foot, nb)) + nc * (t * wp.dot(pc - foot, nc))
        foot = foot + rise * ROUND
        d = wp.dot(x[i] - foot, n) - gap[i]
        if d < 0.0:
            pressed = wp.min(-d, 0.01)
            carried = (new - old) * (now - then)
            moved = x[i] - before[i] - carried
            x[i] = slid(x[i] + n * pressed, moved, n, pressed, friction[i])
            # Being pushed out of the skin gives no speed: cloth does not bounce.
            before[i] = before[i] + n * wp.max(wp.dot(x[i] - before[i] - carried, n), 0.0)


@wp.kernel
def lead_away(
    away: wp.array(dtype=wp.vec3), outward: wp.array(dtype=wp.vec3), faces: wp.array(dtype=int),
    of: wp.array(dtype=int), face: wp.array(dtype=int), place: wp.array(dtype=wp.vec2),
):  # fmt: skip
    """Note for each particle of `of` the skin's normal (`outward`, a vertex each) beneath it; 0 where none is near."""
    k = wp.tid()
    i = of[k]
    away[i] = wp.vec3(0.0, 0.0, 0.0)
    if face[k] >= 0:
        a, b, c, u, v, t = corners_and_shares(faces, face[k], place[k])
        away[i] = outward[a] * u + outward[b] * v + outward[c] * t


@wp.kernel
def touch_cloth(
    x: wp.array(dtype=wp.vec3), before: wp.array(dtype=wp.vec3), w: wp.array(dtype=float),
    gap: wp.array(dtype=float), friction: wp.array(dtype=float), faces: wp.array(dtype=int),
    border: wp.array(dtype=float), away: wp.array(dtype=wp.vec3), outer: wp.array(dtype=int),
    face: wp.array(dtype=int), place: wp.array(dtype=wp.vec2),
):  # fmt: skip
    """Keep the particles `outer` above the garment beneath.

    That one gives way, by `GIVE` of what its mass says: several particles push the same one from above.
    `border` is 1 for particles on a border: what is nearest to a border lies past it, where a plane says nothing.
    `away` leads from the skin: where cloth beneath is folded over, its outside is not the one that it was made with.
    """
    k = wp.tid()
    i = outer[k]
    if face[k] >= 0 and w[i] > 0.0:
        a, b, c, u, v, t = corners_and_shares(faces, face[k], place[k])
        n = wp.normalize(wp.cross(x[b] - x[a], x[c] - x[a]))
        if wp.dot(n, away[a] * u + away[b] * v + away[c] * t) < -0.2:
            n = -n
        off = x[i] - (x[a] * u + x[b] * v + x[c] * t)
        high = wp.dot(off, n)
        d = high - gap[i]
        past = border[a] * u + border[b] * v + border[c] * t > 0.98
        if d < 0.0 and not past and wp.length(off - n * high) < ASIDE + wp.abs(high):
            pressed = wp.min(-d, 0.01)
            below = GIVE * (w[a] * u * u + w[b] * v * v + w[c] * t * t)
            s = pressed / wp.max(w[i] + below, 1.0e-9)
            carried = x[a] * u + x[b] * v + x[c] * t - (before[a] * u + before[b] * v + before[c] * t)
            moved = x[i] - before[i] - carried
            x[i] = slid(x[i] + n * (s * w[i]), moved, n, pressed, friction[i])
            before[i] = before[i] + n * wp.max(wp.dot(x[i] - before[i] - carried, n), 0.0)
            down = n * (-GIVE * wp.min(s, GENTLY / wp.max(w[i] + below, 1.0e-9)))
            wp.atomic_add(x, a, down * (w[a] * u))
            wp.atomic_add(x, b, down * (w[b] * v))
            wp.atomic_add(x, c, down * (w[c] * t))


@wp.kernel
def keep_apart(
    x: wp.array(dtype=wp.vec3), w: wp.array(dtype=float), start: wp.array(dtype=wp.vec3), group: wp.array(dtype=int),
    grid: wp.uint64, distance: float, moves: wp.array(dtype=wp.vec3),
):  # fmt: skip
    """Push particles of the same group apart that started far from each other (self-contact).

    Particles of group -1 are left alone.
    """
    i = wp.tid()
    push = wp.vec3(0.0, 0.0, 0.0)
    if group[i] >= 0:
        p = x[i]
        found = wp.hash_grid_query(grid, p, distance)
        j = wp.int32(0)  # a variable, where 0 would be a constant
        while wp.hash_grid_query_next(found, j):
            if j != i and group[j] == group[i]:
                d = p - x[j]
                n = wp.length(d)
                if n < distance and n > 1.0e-6 and wp.length(start[i] - start[j]) > 2.0 * distance:
                    push = push + d * (0.25 * (distance - n) / n)
    moves[i] = push


@wp.kernel
def apply(x: wp.array(dtype=wp.vec3), w: wp.array(dtype=float), moves: wp.array(dtype=wp.vec3)):
    """Add `moves` to every free particle."""
    i = wp.tid()
    if w[i] > 0.0:
        x[i] = x[i] + moves[i]


@wp.kernel
def vertex_normal(
    x: wp.array(dtype=wp.vec3), faces: wp.array(dtype=int), start: wp.array(dtype=int), corner: wp.array(dtype=int),
    normal: wp.array(dtype=wp.vec3),
):  # fmt: skip
    """Compute area-weighted unit normals; the faces of particle i are corner[start[i]] to corner[start[i + 1]]."""
    i = wp.tid()
    total = wp.vec3(0.0, 0.0, 0.0)
    for k in range(start[i], start[i + 1]):
        f = corner[k]
        a = x[faces[3 * f]]
        total = total + wp.cross(x[faces[3 * f + 1]] - a, x[faces[3 * f + 2]] - a)
    normal[i] = wp.normalize(total)


@wp.kernel
def nearest(
    x: wp.array(dtype=wp.vec3), gap: wp.array(dtype=float), mesh: wp.uint64, corners: wp.array(dtype=wp.vec3),
    faces: wp.array(dtype=int), number: wp.array(dtype=int), reach: float, drift: float, of: wp.array(dtype=int),
    face: wp.array(dtype=int), place: wp.array(dtype=wp.vec2), asked: wp.array(dtype=wp.vec3),
    foot: wp.array(dtype=wp.vec3), slack: wp.array(dtype=float), drifted: wp.array(dtype=float),
):  # fmt: skip
    """Find the triangle closest to each particle of `of`, within `reach`, and the place in it; -1 where there is none.

    Triangle k of the mesh is the row `number[k]` of `faces`. Two things save most of the time. The triangle of before
    bounds the search. And a particle is not looked at again before it and what it lies on have moved by its `slack`:
    a few millimetres where it touches, more where there is room; `drift` is how far the mesh has moved, at most, since
    the start.
    """
    k = wp.tid()
    i = of[k]
    far = reach
    other = drift - drifted[k]
    if face[k] >= 0:
        a, b, c, u, v, t = corners_and_shares(faces, face[k], place[k])
        old = corners[a] * u + corners[b] * v + corners[c] * t
        far = wp.min(reach, wp.length(x[i] - old) + 1.0e-5)
        # Where both move alike, nothing has changed.
        other = wp.length(x[i] - asked[k] - (old - foot[k]))
    else:
        other = other + wp.length(x[i] - asked[k])
    if other >= slack[k]:
        hit = wp.mesh_query_point_no_sign(mesh, x[i], far)
        asked[k] = x[i]
        drifted[k] = drift
        if hit.result:
            g = number[hit.face]
            face[k] = g
            place[k] = wp.vec2(hit.u, hit.v)
            d, e, f, p, q, r = corners_and_shares(faces, g, place[k])
            now = corners[d] * p + corners[e] * q + corners[f] * r
            foot[k] = now
            slack[k] = wp.max(NEAR, 0.4 * (wp.length(x[i] - now) - gap[i]))
        else:
            face[k] = -1
            slack[k] = 0.8 * (reach - gap[i])
