"""The constraints of cloth as Warp kernels.

Extended position-based dynamics (XPBD; Macklin, Mueller and Chentanez 2016) with one sweep a substep (Macklin et al.
2019, "Small steps in physics simulation"): a constraint C with compliance a moves its particles by
dx = -w grad C * C / (sum of w |grad C|^2 + a / dt^2), where w are inverse masses.

A launch over more than one constraint of the same particles is free of races on a CPU, where Warp runs the threads of
a launch one after another; on CUDA the solver launches one colour at a time.
"""

# Warp reads these functions' annotations, so they must not be strings: no `from __future__ import annotations` here.
import warp as wp

from lifecast.people.cloth.contact_kernels import corners_and_shares

MOST = wp.constant(0.004)
"""Metres that a particle may move in one substep: more would jump through a limb."""


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


@wp.kernel
def hold(
    x: wp.array(dtype=wp.vec3), held: wp.array(dtype=int), firmness: wp.array(dtype=float),
    body0: wp.array(dtype=wp.vec3), body1: wp.array(dtype=wp.vec3), faces: wp.array(dtype=int),
    face: wp.array(dtype=int), place: wp.array(dtype=wp.vec2), off: wp.array(dtype=float), now: float,
):  # fmt: skip
    """Draw attached particles to their place on the skin."""
    k = wp.tid()
    i = held[k]
    a, b, c, u, v, t = corners_and_shares(faces, face[k], place[k])
    pa = body0[a] + (body1[a] - body0[a]) * now
    pb = body0[b] + (body1[b] - body0[b]) * now
    pc = body0[c] + (body1[c] - body0[c]) * now
    n = wp.normalize(wp.cross(pb - pa, pc - pa))
    target = pa * u + pb * v + pc * t + n * off[k]
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
