"""The network: a small anchor-free convolutional detector with one box and eight scores per cell of four grids.

Grids of stride 4 to 32 as in FCOS (Tian et al., 2019), separate branches for boxes and scores, decoded inside the
graph.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .labels import LABELS

SIZE = 320
"""Side of the input of the exported network, pixels."""
STRIDES = (4, 8, 16, 32)
WIDTHS = (16, 32, 64, 96, 112)
"""Channels after each halving of the image."""
NECK = 64
"""Channels of the grids of stride 8 to 32."""
FINE = 32
"""Channels of the grid of stride 4; it has three quarters of all cells, so channels are most expensive there."""
PRIOR = 0.01
"""Initial score of an untrained network, so that the many empty cells do not dominate the first updates (Lin et al.,
2017).
"""


def _convolution(before: int, after: int, side: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, side, stride, side // 2, bias=False), nn.BatchNorm2d(after, eps=1e-3),
                         nn.SiLU(inplace=True))


class _Residual(nn.Module):
    """Residual block: half of the channels pass through two 3x3 convolutions and are added back."""

    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(_convolution(channels, channels // 2, 1), _convolution(channels // 2, channels // 2),
                                  _convolution(channels // 2, channels, 3))

    def forward(self, features: Tensor) -> Tensor:
        return features + self.body(features)


class _FineGrid(nn.Module):
    """The grid of stride 4, for figures that cover too few cells of the other grids."""

    def __init__(self, channels: int):
        super().__init__()
        self.lateral, self.above = _convolution(channels, FINE, 1), _convolution(NECK, FINE, 1)
        self.merge = _convolution(FINE, FINE)
        self.box_branch, self.score_branch = _box_branch(FINE), _score_branch(FINE)

    def forward(self, level4: Tensor, out8: Tensor) -> tuple[Tensor, Tensor]:
        merged = self.merge(self.lateral(level4) + F.interpolate(self.above(out8), scale_factor=2.0, mode='nearest'))
        return self.box_branch(merged), self.score_branch(merged)


class DetectorNetwork(nn.Module):
    """[n, 3, h, w] RGB in 0..1, h and w multiples of 32 -> raw boxes and logits of every cell."""

    def __init__(self):
        super().__init__()
        a, b, c, d, e = WIDTHS
        self.stem = nn.Sequential(_convolution(3, a, 3, 2), _convolution(a, b, 3, 2), _Residual(b))
        self.stage8 = nn.Sequential(_convolution(b, c, 3, 2), _Residual(c))
        self.stage16 = nn.Sequential(_convolution(c, d, 3, 2), _Residual(d))
        self.stage32 = nn.Sequential(_convolution(d, e, 3, 2), _Residual(e))
        self.lateral = nn.ModuleList(_convolution(width, NECK, 1) for width in (c, d, e))
        self.merge = nn.ModuleList(_convolution(NECK, NECK) for _ in range(2))
        self.down = nn.ModuleList(_convolution(NECK, NECK, 3, 2) for _ in range(2))
        self.box_branch = nn.ModuleList(_box_branch(NECK) for _ in range(3))
        self.score_branch = nn.ModuleList(_score_branch(NECK) for _ in range(3))
        self.fine = _FineGrid(b)

    def grids(self, pictures: Tensor) -> list[tuple[Tensor, Tensor]]:
        """(distances [n, 4, h, w] to the sides in units of e^stride, logits [n, 8, h, w]) of each grid."""
        level4 = self.stem(pictures)
        level8 = self.stage8(level4)
        level16 = self.stage16(level8)
        level32 = self.stage32(level16)
        top8, top16, top32 = (lateral(level) for lateral, level in zip(self.lateral, (level8, level16, level32)))
        mid16 = self.merge[1](top16 + F.interpolate(top32, scale_factor=2.0, mode='nearest'))
        out8 = self.merge[0](top8 + F.interpolate(mid16, scale_factor=2.0, mode='nearest'))
        out16 = mid16 + self.down[0](out8)
        out32 = top32 + self.down[1](out16)
        coarse = zip(self.box_branch, self.score_branch, (out8, out16, out32))
        return [self.fine(level4, out8)] + [(boxes(level), scores(level)) for boxes, scores, level in coarse]

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(distances [n, cells, 4], logits [n, cells, 8]), grid after grid."""
        distances, logits = ([part.flatten(2) for part in parts] for parts in zip(*self.grids(pictures)))
        return torch.cat(distances, 2).transpose(1, 2), torch.cat(logits, 2).transpose(1, 2)


def _box_branch(channels: int) -> nn.Sequential:
    return nn.Sequential(_convolution(channels, channels // 2), nn.Conv2d(channels // 2, 4, 1))


def _score_branch(channels: int) -> nn.Sequential:
    branch = nn.Sequential(_convolution(channels, channels), nn.Conv2d(channels, len(LABELS), 1))
    nn.init.constant_(branch[-1].bias, float(np.log(PRIOR / (1 - PRIOR))))
    return branch


class Cells(NamedTuple):
    """Centres and strides of all cells in output order: pixels [cells, 2] and [cells, 1]."""

    centres: Tensor
    strides: Tensor


def cells(height: int, width: int) -> Cells:
    """The cells of an image of this size."""
    centres, strides = [], []
    for stride in STRIDES:
        y, x = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing='ij')
        centres.append((torch.stack([x, y], 2).reshape(-1, 2) + 0.5) * stride)
        strides.append(torch.full((len(centres[-1]), 1), float(stride)))
    return Cells(torch.cat(centres), torch.cat(strides))


def to_reach(distances: Tensor, stride: Tensor | int) -> Tensor:
    """Distances in pixels from a cell's centre to the sides of its box."""
    return torch.exp(distances.clamp(-6, 5)) * stride


def to_corners(distances: Tensor, grid: Cells) -> Tensor:
    """Boxes [n, cells, 4] (left, top, right, bottom in pixels) from raw distances."""
    reach = to_reach(distances, grid.strides)
    return torch.cat([grid.centres - reach[..., :2], grid.centres + reach[..., 2:]], -1)


class DecodedNetwork(nn.Module):
    """[n, 3, 320, 320] -> [n, 4 + 8, cells]: centre x, centre y, width, height in pixels of the input, and a score per label."""

    def __init__(self, network: DetectorNetwork, size: int = SIZE):
        super().__init__()
        self.network, self.size = network, size

    def forward(self, pictures: Tensor) -> Tensor:
        decoded = []
        for stride, (distances, logits) in zip(STRIDES, self.network.grids(pictures)):
            # Stores one row and one column of centres instead of all cells, which saves 100 kB in the file.
            middles = (torch.arange(self.size // stride) + 0.5) * stride
            left, top, right, bottom = to_reach(distances, stride).split(1, 1)
            centres = [middles + (right - left) / 2, middles[:, None] + (bottom - top) / 2]
            decoded.append(torch.cat([*centres, left + right, top + bottom, logits.sigmoid()], 1).flatten(2))
        return torch.cat(decoded, 2)


def to_input(pictures: np.ndarray) -> np.ndarray:
    """Converts uint8 [n, h, w, 3] to the network's input, float32 [n, 3, h, w]."""
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)).astype(np.float32) / 255


def load_network(checkpoint, averaged: bool = True) -> DetectorNetwork:
    """Loads the network of a checkpoint, in evaluation mode."""
    state = torch.load(checkpoint, weights_only=True)
    network = DetectorNetwork()
    network.load_state_dict(state['average' if averaged else 'network'])
    return network.eval()
