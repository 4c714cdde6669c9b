"""SIFT as one graph: grey image in, key points with descriptors out. It has no trained weights; as a network it runs
like every other network of the product.
"""

import math

import torch
from torch import Tensor, nn

from .description import Descriptor, Keypoints, Orientation, by_group
from .extrema import FIRST_GROUPS, FlatLevels, Refinement, find_extrema
from .pyramid import LEVELS_PER_OCTAVE, ScaleSpace

MAX_KEYPOINTS = 1024
SCALE_POWER = 0.75
"""Larger structures are detected more repeatably than small ones of the same contrast."""
PRESELECTION = 0.5
"""Pixels with at least this share of the contrast are considered, since refinement may raise it."""


class SiftNetwork(nn.Module):
    """image uint8 [1, 1, H, W] (H and W multiples of 32), contrast float32 [1] ->
    keypoints [n, 2] (pixels, centre of the first pixel at 0), scores [n] descending (response times
    sigma^SCALE_POWER), descriptors [n, 128],
    frames [n, 2] (sigma in pixels, angle in rad from x towards y). n is 0 to MAX_KEYPOINTS.
    """

    def __init__(self):
        super().__init__()
        self.scale_space = ScaleSpace()
        self.refinement = Refinement()
        self.orientation = Orientation()
        self.descriptor = Descriptor()

    def forward(self, image: Tensor, contrast: Tensor):
        octaves = self.scale_space(image[0, 0].float() * (1 / 255))
        found = find_extrema(octaves, contrast * (PRESELECTION / LEVELS_PER_OCTAVE))
        levels = FlatLevels(octaves)
        points = self._refined(levels, found, contrast)
        angle, holds = self.orientation(levels, points)
        points, angle = _one_row_per_angle(points, angle, holds)
        descriptors = self.descriptor(levels, points, angle)
        order = torch.argsort(points.strength, descending=True)[:MAX_KEYPOINTS]
        place = torch.stack([points.x, points.y], 1) * points.pitch[:, None]
        frames = torch.stack([points.sigma * points.pitch, angle], 1)
        return tuple(torch.index_select(part, 0, order) for part in (place, points.strength, descriptors, frames))

    def _refined(self, levels: FlatLevels, found, contrast: Tensor) -> Keypoints:
        found, (dx, dy, ds), response = self.refinement(levels, found, contrast)
        sigma = found.sigma * torch.exp((found.level.float() + ds) * (math.log(2) / LEVELS_PER_OCTAVE))
        strength = response * torch.where(response > 0, sigma * found.pitch, torch.zeros(())) ** SCALE_POWER
        kept = torch.nonzero((strength > 0) & (strength >= _weakest_kept(strength)))[:, 0]
        pick = lambda values: torch.index_select(values, 0, kept)
        at, size = found.take(kept), pick(found.width * found.height)
        # Sources of the first octave hold one level each.
        start = torch.where(at.group == FIRST_GROUPS, at.offset + at.level * size, torch.zeros_like(size))
        return Keypoints(x=at.column.float() + pick(dx), y=at.row.float() + pick(dy), sigma=pick(sigma), width=at.width,
                         height=at.height, level_start=start, group=at.group, pitch=at.pitch,
                         strength=pick(strength))


def _weakest_kept(strength: Tensor) -> Tensor:
    """Strength of the MAX_KEYPOINTS-th best key point; 0 when there are fewer."""
    best = torch.sort(strength, descending=True)[0]
    return torch.cat([best, torch.zeros(MAX_KEYPOINTS)])[MAX_KEYPOINTS - 1]


def _one_row_per_angle(points: Keypoints, angle: Tensor, holds: Tensor) -> tuple[Keypoints, Tensor]:
    count = torch.arange(angle.shape[0])
    rows = torch.cat([count, count])
    group = torch.index_select(points.group, 0, rows)
    strength = torch.where(holds.T.reshape(-1), torch.index_select(points.strength, 0, rows), torch.zeros(()))
    chosen = by_group((strength > 0) & (strength >= _weakest_kept(strength)), group)
    return points.take(torch.index_select(rows, 0, chosen)), torch.index_select(angle.T.reshape(-1), 0, chosen)
