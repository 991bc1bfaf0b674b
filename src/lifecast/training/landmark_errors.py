"""What lifted landmarks get wrong, kept as examples: errors and visibilities of views of made people.

A made body is given the errors of a view in which the joints lie much as its own. So errors are as large at each joint,
as alike at joints of one limb, and as dependent on pose and camera as in use.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lifecast.model.heads.body_regressor import INPUTS
from lifecast.model.heads.pose_lifter import PoseLifter, lift
from lifecast.space.skeleton import Joint, mirrored_landmarks
from lifecast.training.landmarked_views import LandmarkedViews

NEAREST = 12
"""The errors are those of one of so many views."""
STRETCH = 0.15
"""Standard deviation of the logarithm by which they are made larger."""
NOISE = 0.004
"""Standard deviation of what every landmark is moved by besides, in view units."""
LEAST_VIEWS = 50
_HIPS = (Joint.LEFT_HIP, Joint.RIGHT_HIP)


@dataclass(frozen=True)
class LandmarkErrors:
    """Errors of N views, each as it is and mirrored."""

    places: Tensor
    """(N, K * 3) true places of `INPUTS` about the middle of the hips, view units."""
    errors: Tensor
    """(N, 33, 3) lifted landmarks less true places; 0 where the place is not known."""
    visibility: Tensor
    """(N, 33)"""

    def __len__(self) -> int:
        return len(self.places)

    def disturbed(self, joints: Tensor, draw: torch.Generator) -> Tensor:
        """Move true landmarks (B, 33, 3) in view units as a like view's are.

        Returns (B, 33, 4), with visibility.
        """
        count = len(joints)
        apart = torch.cdist(_places(joints), self.places)
        near = apart.topk(min(NEAREST, len(self)), largest=False).indices
        pick = near.gather(1, torch.randint(near.shape[1], (count, 1), generator=draw))[:, 0]
        stretch = torch.exp(torch.randn(count, 1, 1, generator=draw) * STRETCH)
        noise = torch.randn(joints.shape, generator=draw) * NOISE
        return torch.cat((joints + self.errors[pick] * stretch + noise, self.visibility[pick][..., None]), dim=-1)


def _places(joints: Tensor) -> Tensor:
    return (joints[:, list(INPUTS)] - joints[:, list(_HIPS)].mean(1, keepdim=True)).flatten(1)


def landmark_errors(views: LandmarkedViews, lifter: PoseLifter, chosen: Tensor) -> LandmarkErrors:
    """Measure the errors of `chosen` (N,) bool views, whose landmarks `lifter` lifts.

    Those with an unknown joint of `INPUTS` are left out.
    """
    whole = views.joints[:, list(INPUTS)].isfinite().all(-1).all(-1)
    landmarks, joints = views.landmarks[chosen & whole], views.joints[chosen & whole]
    lifted = lift(lifter, landmarks)
    errors = (lifted[..., :3] - joints).nan_to_num(0.0)
    joints = joints.nan_to_num(0.0)
    return LandmarkErrors(
        torch.cat((_places(joints), _places(mirrored_landmarks(joints)))),
        torch.cat((errors, mirrored_landmarks(errors))),
        torch.cat((lifted[..., 3], mirrored_landmarks(lifted)[..., 3])),
    )
