"""Orientation and descriptors of key points (Lowe 2004, sections 5 and 6) without histograms and arctangents."""

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor, nn

from .extrema import FIRST_GROUPS, FlatLevels

ORIENTATION_GRID = 9
ORIENTATION_REACH = 4.0
ORIENTATION_BINS = 36
HARMONICS = 9
SECOND_PEAK = 0.8
PATCH_GRID = 12
PATCH_CELLS = 4
CELL_SIGMAS = 3.0
PATCH_REACH_CELLS = 5.0
DIRECTIONS = 8
CLIP = 0.2


@dataclass
class Keypoints:
    """Rows of equal length; x, y and sigma in pixels of the octave."""

    x: Tensor
    y: Tensor
    sigma: Tensor
    width: Tensor
    height: Tensor
    level_start: Tensor
    """Offset of the key point's level in its source."""
    group: Tensor
    pitch: Tensor
    strength: Tensor

    def take(self, rows: Tensor) -> 'Keypoints':
        return Keypoints(**{f.name: torch.index_select(getattr(self, f.name), 0, rows) for f in fields(self)})


def by_group(mask: Tensor, group: Tensor) -> Tensor:
    """Rows where the mask holds, ordered by group, because gradients are returned in that order."""
    return torch.cat([torch.nonzero(mask & (group == g))[:, 0] for g in range(FIRST_GROUPS + 1)])


def gradients(levels: FlatLevels, points: Keypoints, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Central differences (doubled) at the nearest pixels of [n, m] positions; rows must be ordered by group."""
    column = torch.minimum(torch.clamp(torch.floor(x + 0.5), min=1.0), (points.width - 2).float()[:, None]).long()
    row = torch.minimum(torch.clamp(torch.floor(y + 0.5), min=1.0), (points.height - 2).float()[:, None]).long()
    index = points.level_start[:, None] + row * points.width[:, None] + column
    across, down = [], []
    for group in range(FIRST_GROUPS + 1):
        rows = torch.nonzero(points.group == group)[:, 0]
        at = torch.index_select(index, 0, rows)
        stride = torch.index_select(points.width, 0, rows)[:, None]
        source = levels.first[group + 1] if group < FIRST_GROUPS else levels.further
        read = lambda places, source=source: torch.index_select(source, 0, places.reshape(-1))
        across.append(read(at + 1) - read(at - 1))
        down.append(read(at + stride) - read(at - stride))
    return torch.cat(across).reshape(-1, x.shape[1]), torch.cat(down).reshape(-1, x.shape[1])


def _grid(steps: Tensor) -> tuple[Tensor, Tensor]:
    y, x = torch.meshgrid(steps, steps, indexing='ij')
    return x.reshape(1, -1), y.reshape(1, -1)


class Orientation(nn.Module):
    """Up to two dominant gradient directions of each key point.

    The histogram is built from its Fourier series: cos and sin of multiples of an angle follow by recurrence from
    the gradient's own, and a Gaussian window of 0.19 rad smooths it.
    """

    def __init__(self):
        super().__init__()
        x, y = _grid(torch.linspace(-ORIENTATION_REACH, ORIENTATION_REACH, ORIENTATION_GRID))
        self.register_buffer('x', x)
        self.register_buffer('y', y)
        self.register_buffer('weight', torch.exp(-(x**2 + y**2) / (2 * 1.5**2)))
        angles = torch.arange(ORIENTATION_BINS) * (2 * math.pi / ORIENTATION_BINS)
        damped = [math.exp(-((0.19 * k) ** 2) / 2) for k in range(HARMONICS + 1)]
        waves = [0.5 * torch.ones(ORIENTATION_BINS)]
        for k in range(1, HARMONICS + 1):
            waves += [damped[k] * torch.cos(k * angles), damped[k] * torch.sin(k * angles)]
        self.register_buffer('waves', torch.stack(waves))

    def forward(self, levels: FlatLevels, points: Keypoints) -> tuple[Tensor, Tensor]:
        """Angles [n, 2] in rad from x towards y, and whether each is valid [n, 2]."""
        histogram = self._histogram(levels, points)
        before = torch.cat([histogram[:, -1:], histogram[:, :-1]], 1)
        after = torch.cat([histogram[:, 1:], histogram[:, :1]], 1)
        peaks = torch.where((histogram >= before) & (histogram > after), histogram, torch.full((), -1e9))
        # One extra row: ONNX Runtime 1.30 divides by zero in TopK over no rows, which crashes the process.
        height, place = (part[:-1] for part in torch.topk(torch.cat([peaks, peaks.new_zeros(1, ORIENTATION_BINS)]), 2))
        at = lambda values: torch.gather(values, 1, place)
        left, middle, right = at(before), at(histogram), at(after)
        parabola = 0.5 * (left - right) / torch.clamp(left - 2 * middle + right, max=-1e-12)
        angle = (place.float() + parabola) * (2 * math.pi / ORIENTATION_BINS)
        holds = torch.stack([height[:, 0] > -1e8, height[:, 1] >= SECOND_PEAK * height[:, 0]], 1)
        return angle, holds

    def _histogram(self, levels: FlatLevels, points: Keypoints) -> Tensor:
        sigma = points.sigma[:, None]
        gx, gy = gradients(levels, points, points.x[:, None] + sigma * self.x, points.y[:, None] + sigma * self.y)
        length = torch.sqrt(gx * gx + gy * gy + 1e-12)
        cosine, weighted = gx / length, length * self.weight
        sums = [weighted.sum(1)]
        before, previous = (weighted, torch.zeros_like(weighted)), (weighted * cosine, weighted * gy / length)
        sums += [part.sum(1) for part in previous]
        for _ in range(2, HARMONICS + 1):
            current = tuple(2 * cosine * now - last for now, last in zip(previous, before, strict=True))
            before, previous = previous, current
            sums += [part.sum(1) for part in current]
        return torch.matmul(torch.stack(sums, 1), self.waves)


class Descriptor(nn.Module):
    """128 numbers per key point: gradients of a rotated patch, pooled over 4x4 cells and 8 directions, RootSIFT. The
    weight of a direction is length * max(0, cos)^4, which is smooth and computed from four projections and two
    squarings.
    """

    def __init__(self):
        super().__init__()
        steps = ((torch.arange(PATCH_GRID) + 0.5) / PATCH_GRID - 0.5) * PATCH_REACH_CELLS
        x, y = _grid(steps)
        self.register_buffer('x', x * CELL_SIGMAS)
        self.register_buffer('y', y * CELL_SIGMAS)
        centres = torch.arange(PATCH_CELLS) - (PATCH_CELLS - 1) / 2
        share = lambda steps: torch.clamp(1 - (steps.reshape(-1, 1) - centres).abs(), min=0)
        cells = (share(y)[:, :, None] * share(x)[:, None, :]).reshape(-1, PATCH_CELLS**2)
        self.register_buffer('pooling', cells * torch.exp(-(x**2 + y**2) / (2 * 2.0**2)).reshape(-1, 1))

    def forward(self, levels: FlatLevels, points: Keypoints, angle: Tensor) -> Tensor:
        cosine, sine, sigma = torch.cos(angle)[:, None], torch.sin(angle)[:, None], points.sigma[:, None]
        gx, gy = gradients(levels, points, points.x[:, None] + sigma * (cosine * self.x - sine * self.y),
                           points.y[:, None] + sigma * (sine * self.x + cosine * self.y))
        along, across = gx * cosine + gy * sine, gy * cosine - gx * sine
        length = torch.sqrt(along * along + across * across + 1e-12)
        # (length^(1/4) cos)^4 = length cos^4.
        scale = torch.sqrt(torch.sqrt(length)) / length
        a, b = along * scale, across * scale
        diagonal = math.sqrt(0.5)
        half = torch.stack([a, (a + b) * diagonal, b, (b - a) * diagonal], 1)
        squared = half * half
        shares = squared * squared
        # [n, 4, samples] x [samples, 16]: the runtime flattens the left side, so that n = 0 is not an empty batch.
        both = torch.matmul(shares, self.pooling)
        forward = torch.matmul(torch.where(half > 0, shares, torch.zeros(())), self.pooling)
        pooled = torch.cat([forward, torch.clamp(both - forward, min=0)], 1)
        flat = pooled.transpose(1, 2).reshape(-1, DIRECTIONS * PATCH_CELLS**2)
        unit = flat / torch.sqrt((flat * flat).sum(1, keepdim=True) + 1e-12)
        clipped = torch.clamp(unit, max=CLIP)
        return torch.sqrt(clipped / (clipped.sum(1, keepdim=True) + 1e-12))
