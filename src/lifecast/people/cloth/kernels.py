"""The constraints of cloth as Warp kernels.

Extended position-based dynamics (XPBD; Macklin, Mueller and Chentanez 2016) with one sweep a substep (Macklin et al.
2019, "Small steps in physics simulation"): a constraint C with compliance a moves its particles by
dx = -w grad C * C / (sum of w |grad C|^2 + a / dt^2), where w are inverse masses.

A launch over more than one constraint of the same particles is free of races on a CPU, where Warp runs the threads of
a launch one after another; on CUDA the solver launches one colour at a time.
"""

# Warp reads these functions' annotations, so they must not be strings: no `from __future__ import annotations` here.
import warp as wp

MOST = wp.constant(0.004)
"""Metres that a particle may move in one substep: more would jump through a limb."""
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


@wp.kernel
def predict(
    x: wp.array(dtype=wp.vec3), before: wp.array(dtype=wp.vec3), v: wp.array(dtype=wp.vec3),
    w: wp.array(dtype=float), normal: wp.array(dtype=wp.vec3), drag: wp.array(dtype=float),
    gravity: float, wind: wp.vec3, dt: float,
):  # fmt: skip
    """Move every free particle as gravity, the air and its own velocity say."""
    i = wp.tid()
    before[i] = x[i]
    if w[i] > 0.0:
        flow = wp.dot(wind - v[i], normal[i])
        # Against quick motion the air's push is held to what stops the cloth within the substep.
        push = wp.min(drag[i] * wp.abs(flow) * dt, 0.5) * flow
        v[i] = v[i] + wp.vec3(0.0, -gravity * dt, 0.0) + normal[i] * push
        x[i] = x[i] + v[i] * dt


@wp.kernel
def stretch(
    x: wp.array(dtype=wp.vec3), w: wp.array(dtype=float), ends: wp.array(dtype=wp.vec2i),
    length: wp.array(dtype=float), compliance: wp.array(dtype=float), start: int, step: int, per_dt2: float,
):  # fmt: skip
    """Pull edges to their flat length (XPBD, section 3)."""
    k = start + step * wp.tid()
    a = ends[k][0]
    b = ends[k][1]
    d = x[a] - x[b]
    n = wp.length(d)
    total = w[a] + w[b] + compliance[k] * per_dt2
    s = (length[k] - n) / (total * wp.max(n, 1.0e-7))
    x[a] = x[a] + d * (s * w[a])
    x[b] = x[b] - d * (s * w[b])


@wp.kernel
def bend(
    x: wp.array(dtype=wp.vec3), w: wp.array(dtype=float), four: wp.array(dtype=wp.vec4i),
    share: wp.array(dtype=wp.vec4), compliance: wp.array(dtype=float), start: int, step: int, per_dt2: float,
):  # fmt: skip
    """Flatten pairs of triangles (Bergou et al. 2006, "A quadratic bending model for inextensible surfaces").

    `share` are the cotangent weights K of the two triangles' vertices; K x is zero where they lie flat.
    """
    k = start + step * wp.tid()
    c = share[k]
    i = four[k]
    f = x[i[0]] * c[0] + x[i[1]] * c[1] + x[i[2]] * c[2] + x[i[3]] * c[3]
    w0 = w[i[0]]
    w1 = w[i[1]]
    w2 = w[i[2]]
    w3 = w[i[3]]
    total = w0 * c[0] * c[0] + w1 * c[1] * c[1] + w2 * c[2] * c[2] + w3 * c[3] * c[3] + compliance[k] * per_dt2
    f = f * (-1.0 / wp.max(total, 1.0e-12))
    x[i[0]] = x[i[0]] + f * (w0 * c[0])
    x[i[1]] = x[i[1]] + f * (w1 * c[1])
    x[i[2]] = x[i[2]] + f * (w2 * c[2])
    x[i[3]] = x[i[3]] + f * (w3 * c[3])


@wp.kernel
def gather(
    x: wp.array(dtype=wp.vec3), node: wp.array(dtype=int), y: wp.array(dtype=wp.vec3), y0: wp.array(dtype=wp.vec3)
):
    """Copy the nodes' positions out."""
    k = wp.tid()
    y[k] = x[node[k]]
    y0[k] = x[node[k]]


@wp.kernel
def tether(
    y: wp.array(dtype=wp.vec3), w: wp.array(dtype=float), ends: wp.array(dtype=wp.vec2i),
    most: wp.array(dtype=float), start: int, step: int,
):  # fmt: skip
    """Pull nodes together that are farther apart than the cloth between them is long."""
    k = start + step * wp.tid()
    a = ends[k][0]
    b = ends[k][1]
    d = y[a] - y[b]
    n = wp.length(d)
    if n > most[k]:
        s = (most[k] - n) / (wp.max(w[a] + w[b], 1.0e-9) * n)
        y[a] = y[a] + d * (s * w[a])
        y[b] = y[b] - d * (s * w[b])


@wp.kernel
def spread(
    x: wp.array(dtype=wp.vec3), w: wp.array(dtype=float), y: wp.array(dtype=wp.vec3), y0: wp.array(dtype=wp.vec3),
    near: wp.array(dtype=wp.vec4i), share: wp.array(dtype=wp.vec4),
):  # fmt: skip
    """Move all particles with the nodes about them."""
    i = wp.tid()
    if w[i] > 0.0:
        n = near[i]
        s = share[i]
        x[i] = (
            x[i] + (y[n[0]] - y0[n[0]]) * s[0] + (y[n[1]] - y0[n[1]]) * s[1]
            + (y[n[2]] - y0[n[2]]) * s[2] + (y[n[3]] - y0[n[3]]) * s[3]
        )  # fmt: skip


@wp.func
def slid(now: wp.vec3, moved: wp.vec3, normal: wp.vec3, pressed: float, friction: float):
    """Where a particle is after friction took back some of its sliding `moved` (Coulomb's cone on displacements)."""
    along = moved - normal * wp.dot(moved, normal)
    far = wp.length(along)
    if far > 1.0e-9:
        return now - along * wp.min(1.0, friction * pressed / far)
    return now


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
        a = faces[3 * face[k]]
        b = faces[3 * face[k] + 1]
        c = faces[3 * face[k] + 2]
        u = place[k][0]
        v = place[k][1]
        t = 1.0 - u - v
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
        u = place[k][0]
        v = place[k][1]
        away[i] = (
            outward[faces[3 * face[k]]] * u + outward[faces[3 * face[k] + 1]] * v
            + outward[faces[3 * face[k] + 2]] * (1.0 - u - v)
        )  # fmt: skip


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
        a = faces[3 * face[k]]
        b = faces[3 * face[k] + 1]
        c = faces[3 * face[k] + 2]
        u = place[k][0]
        v = place[k][1]
        t = 1.0 - u - v
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
def hold(
    x: wp.array(dtype=wp.vec3), held: wp.array(dtype=int), firmness: wp.array(dtype=float),
    body0: wp.array(dtype=wp.vec3), body1: wp.array(dtype=wp.vec3), faces: wp.array(dtype=int),
    face: wp.array(dtype=int), place: wp.array(dtype=wp.vec2), off: wp.array(dtype=float), now: float,
):  # fmt: skip
    """Draw attached particles to their place on the skin."""
    k = wp.tid()
    i = held[k]
    a = faces[3 * face[k]]
    b = faces[3 * face[k] + 1]
    c = faces[3 * face[k] + 2]
    pa = body0[a] + (body1[a] - body0[a]) * now
    pb = body0[b] + (body1[b] - body0[b]) * now
    pc = body0[c] + (body1[c] - body0[c]) * now
    n = wp.normalize(wp.cross(pb - pa, pc - pa))
    u = place[k][0]
    v = place[k][1]
    target = pa * u + pb * v + pc * (1.0 - u - v) + n * off[k]
    x[i] = x[i] + (target - x[i]) * firmness[k]


@wp.kernel
def finish(
    x: wp.array(dtype=wp.vec3), before: wp.array(dtype=wp.vec3), v: wp.array(dtype=wp.vec3),
    w: wp.array(dtype=float), keep: float, dt: float,
):  # fmt: skip
    """Take velocities from what moved, `keep` of them; nothing moves farther than `MOST`."""
    i = wp.tid()
    if w[i] > 0.0:
        d = x[i] - before[i]
        n = wp.length(d)
        if n > MOST:
            d = d * (MOST / n)
            x[i] = before[i] + d
        v[i] = d * (keep / dt)


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
        f = face[k]
        u = place[k][0]
        v = place[k][1]
        old = corners[faces[3 * f]] * u + corners[faces[3 * f + 1]] * v + corners[faces[3 * f + 2]] * (1.0 - u - v)
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
            now = (
                corners[faces[3 * g]] * hit.u + corners[faces[3 * g + 1]] * hit.v
                + corners[faces[3 * g + 2]] * (1.0 - hit.u - hit.v)
            )  # fmt: skip
            foot[k] = now
            slack[k] = wp.max(NEAR, 0.4 * (wp.length(x[i] - now) - gap[i]))
        else:
            face[k] = -1
            slack[k] = 0.8 * (reach - gap[i])
