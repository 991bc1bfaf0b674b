"""From a framed person to the maps of their head and hands, seen in the photograph's own resolution."""

from __future__ import annotations

import torch

from lifecast.framed_person import FramedPerson
from lifecast.model.model import Model
from lifecast.photo.decode import Photo
from lifecast.photo.framing import crop_colour
from lifecast.space.close_up import CLOSE_UPS, CloseUpMaps, CloseUps, Square, cut_square, visible_squares
from lifecast.space.maps import Maps
from lifecast.space.units import BLANK_GREY
from lifecast.space.view import Camera


def person_close_ups(
    model: Model, photo: Photo, framed: FramedPerson, maps: Maps, constants: CloseUps = CLOSE_UPS
) -> tuple[CloseUpMaps, ...]:
    """Predict the maps of head and hands in squares of the photograph.

    They correct the finest maps of the whole person. Of those squares that the person's landmarks show, and that the
    photograph has pixels for; none without landmarks, a mask, or a close-up head.
    """
    config = model.architecture.maps
    if model.close_up is None or framed.joints is None or maps.mask is None or config is None:
        return ()
    joints = framed.joints[0].float().cpu().numpy()  # (33, 4)
    squares = [
        square for square in visible_squares(joints, constants) if framed.camera.side * square.half >= constants.least
    ]
    return tuple(close_up(model, photo, framed, maps, square, config.close_up_size) for square in squares)


def close_up(model: Model, photo: Photo, framed: FramedPerson, maps: Maps, square: Square, size: int) -> CloseUpMaps:
    """Predict the maps of one square, `size` pixels wide."""
    device = maps.front.device
    pixels = torch.from_numpy(crop_colour(photo.colour, square_camera(framed.camera, square, size)))
    image = pixels.to(device).permute(2, 0, 1)[None].float()  # (1, 3, size, size)
    if framed.given_mask is not None:  # as the picture of the whole person has it
        cover = cut_square(framed.given_mask.float(), square, size)
        image = image * cover + BLANK_GREY * (1 - cover)
    assert maps.mask is not None
    front, back, mask = (cut_square(values.float(), square, size) for values in (maps.front, maps.back, maps.mask))
    found = model(image / 127.5 - 1, given=Maps(front, back, mask), until="close_up").maps
    assert found is not None
    return CloseUpMaps(square, found.fine.front, found.fine.back, found.fine.mask)


def square_camera(camera: Camera, square: Square, size: int) -> Camera:
    """Make the camera of a square of another camera's view."""
    left = camera.left + (square.x - square.half + 1) / 2 * camera.side
    top = camera.top + (1 - square.y - square.half) / 2 * camera.side
    return Camera(left, top, square.half * camera.side, size, camera.photo_size)
