"""The coarse net's picture where the map heads' is larger than its own."""

import pytest
import torch

from lifecast.model.ablations import preset_named
from lifecast.model.model import Model
from lifecast.training.recipe import LossWeights
from lifecast.training.stage import Stage


@pytest.mark.parametrize("predicted", [True, False])
def test_the_coarse_net_is_trained_at_its_own_size(predicted: bool) -> None:
    """Normals are predicted from 512 pixels there; the coarse net gets 256 all the same."""
    architecture = preset_named("compact-no-detail")
    with torch.device("meta"):
        stage = Stage(Model(architecture), "coarse", LossWeights(), predicted_normals=predicted)
        side = stage.size
        maps = {"front": torch.empty(1, 3, side, side), "back": torch.empty(1, 3, side, side)}
        maps |= {"mask": torch.empty(1, 1, side, side), "depth": torch.empty(1, 2, side, side)}
        prediction = stage.predict({"image": torch.empty(1, 3, side, side), **maps})
    assert side == (512 if predicted else 256)
    assert prediction.coarse_features.shape[-1] == architecture.coarse.feature_size
