import torch

from lifecast.model.mlp import PixelAlignedMLP


def one_point(mlp, x):
    """The MLP for one point, written out: lists of numbers, one neuron at a time."""
    running = list(x)
    embedding = None
    for index, layer in enumerate(mlp.layers):
        if index in mlp.skips:
            running = running + list(x)
        running = [
            sum(w * v for w, v in zip(row, running, strict=True)) + b
            for row, b in zip(layer.weight.tolist(), layer.bias.tolist(), strict=True)
        ]
        if index < len(mlp.layers) - 1:
            running = [v if v > 0 else 0.01 * v for v in running]
        if index == mlp.embedding_layer:
            embedding = running
    return running[0], embedding


def test_it_computes_what_one_point_at_a_time_computes():
    torch.manual_seed(1)
    mlp = PixelAlignedMLP(5, (7, 6, 4, 1), skips=(1, 3), embedding_layer=2).double()
    points = torch.randn(2, 3, 5, dtype=torch.float64)
    logit, embedding = mlp(points)
    assert logit.shape == (2, 3)
    assert embedding.shape == (2, 3, 4)
    for b in range(2):
        for n in range(3):
            value, middle = one_point(mlp, points[b, n].tolist())
            torch.testing.assert_close(logit[b, n].item(), value)
            torch.testing.assert_close(embedding[b, n], torch.tensor(middle, dtype=torch.float64))


def test_without_an_embedding_layer_there_is_no_embedding():
    logit, embedding = PixelAlignedMLP(3, (4, 1), skips=())(torch.zeros(6, 3))
    assert logit.shape == (6,)
    assert embedding is None
