import numpy as np
import trimesh

from lifecast.surface.colour.photograph import mesh_outline


def test_a_balls_outline_is_a_disc():
    ball = trimesh.creation.icosphere(4, 0.5)
    outline = mesh_outline(ball.vertices + np.array([0.2, 0.1, 0]), ball.faces, 200)
    step = (np.arange(200) + 0.5) / 100 - 1
    disc = np.hypot(step[None, :] - 0.2, -step[:, None] - 0.1) < 0.5
    assert outline.shape == (200, 200)
    assert (outline > 0.5)[disc].mean() > 0.98
    assert (outline > 0.5)[~disc].mean() < 0.005
