"""The network: a small convolutional detector without anchors; one box and eight scores at each cell of three grids.

Grids of stride 8, 16 and 32 as in FCOS (Tian et al., 2019), separate branches for boxes and scores, decoded inside the graph.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .labels import LABELS

SIZE = 320
"""Side of the input of the exported network, pixels."""
STRIDES = (8, 16, 32)
WIDTHS = (16, 32, 64, 96, 112)
"""Channels after each halving of the picture."""
NECK = 64
PRIOR = 0.01
"""Score that an untrained network gives, so that the many empty cells do not dominate the first updates (Lin et al., 2017)."""


def _convolution(before: int, after: int, side: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, after, side, stride, side // 2, bias=False), nn.BatchNorm2d(after, eps=1e-3),
                         nn.SiLU(inplace=True))


class _Residual(nn.Module):
    """Half of the channels go through two 3x3 convolutions and are added back."""

    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(_convolution(channels, channels // 2, 1), _convolution(channels // 2, channels // 2),
                                  _convolution(channels // 2, channels, 3))

    def forward(self, features: Tensor) -> Tensor:
        return features + self.body(features)


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
        self.box_branch = nn.ModuleList(nn.Sequential(_convolution(NECK, NECK // 2), nn.Conv2d(NECK // 2, 4, 1)) for _ in STRIDES)
        self.score_branch = nn.ModuleList(
            nn.Sequential(_convolution(NECK, NECK), nn.Conv2d(NECK, len(LABELS), 1)) for _ in STRIDES)
        for branch in self.score_branch:
            nn.init.constant_(branch[-1].bias, float(np.log(PRIOR / (1 - PRIOR))))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(distances [n, cells, 4] to the sides in units of e^stride, logits [n, cells, 8])."""
        level8 = self.stage8(self.stem(pictures))
        level16 = self.stage16(level8)
        level32 = self.stage32(level16)
        top8, top16, top32 = (lateral(level) for lateral, level in zip(self.lateral, (level8, level16, level32)))
        mid16 = self.merge[1](top16 + F.interpolate(top32, scale_factor=2.0, mode='nearest'))
        out8 = self.merge[0](top8 + F.interpolate(mid16, scale_factor=2.0, mode='nearest'))
        out16 = mid16 + self.down[0](out8)
        out32 = top32 + self.down[1](out16)
        levels = (out8, out16, out32)
        boxes = [branch(level).flatten(2) for branch, level in zip(self.box_branch, levels)]
        scores = [branch(level).flatten(2) for branch, level in zip(self.score_branch, levels)]
        return torch.cat(boxes, 2).transpose(1, 2), torch.cat(scores, 2).transpose(1, 2)


def cells(height: int, width: int) -> tuple[Tensor, Tensor]:
    """(centres [cells, 2] in pixels, stride [cells, 1]) in the order of the network's output."""
    centres, strides = [], []
    for stride in STRIDES:
        y, x = torch.meshgrid(torch.arange(height // stride), torch.arange(width // stride), indexing='ij')
        centres.append((torch.stack([x, y], 2).reshape(-1, 2) + 0.5) * stride)
        strides.append(torch.full((len(centres[-1]), 1), float(stride)))
    return torch.cat(centres), torch.cat(strides)


def to_corners(distances: Tensor, centres: Tensor, strides: Tensor) -> Tensor:
    """Boxes [n, cells, 4] (left, top, right, bottom in pixels) from raw distances."""
    reach = torch.exp(distances.clamp(-6, 5)) * strides
    return torch.cat([centres - reach[..., :2], centres + reach[..., 2:]], -1)


class DecodedNetwork(nn.Module):
    """[n, 3, 320, 320] -> [n, 4 + 8, cells]: centre x, centre y, width, height in pixels of the input, and a score per label."""

    def __init__(self, network: DetectorNetwork, size: int = SIZE):
        super().__init__()
        self.network = network
        centres, strides = cells(size, size)
        self.register_buffer('centres', centres)
        self.register_buffer('strides', strides)

    def forward(self, pictures: Tensor) -> Tensor:
        distances, logits = self.network(pictures)
        corners = to_corners(distances, self.centres, self.strides)
        low, high = corners[..., :2], corners[..., 2:]
        return torch.cat([(low + high) / 2, high - low, logits.sigmoid()], 2).transpose(1, 2)


def to_input(pictures: np.ndarray) -> np.ndarray:
    """uint8 [n, h, w, 3] -> float32 [n, 3, h, w] as the network takes it."""
    return np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)).astype(np.float32) / 255


def load_network(checkpoint, averaged: bool = True) -> DetectorNetwork:
    """The network of a checkpoint, ready to answer."""
    state = torch.load(checkpoint, weights_only=True)
    network = DetectorNetwork()
    network.load_state_dict(state['average' if averaged else 'network'])
    return network.eval()
