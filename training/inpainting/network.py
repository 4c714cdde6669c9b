"""The network: a push-pull fill at quarter size and a small residual U-Net on top.

Every layer was chosen by its time in ONNX Runtime on one core. Only the addition to the push-pull fill runs at
full size: one strided convolution reduces to a quarter, one depth-to-space expands again. Channel counts are
multiples of 16, and upsampling is bilinear.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIZE_MULTIPLE = 16
CELL = 4
"""Side of the cells that the push-pull fill starts from, and stride of the first convolution."""
PYRAMID_LEVELS = 8
DETAIL_GAIN = 6.0
_TAPS = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
_KERNEL = _TAPS[:, None] * _TAPS[None]


class CoarseFill(NamedTuple):
    """Push-pull fill in cells of 4x4 pixels."""

    colour: Tensor
    """[N,3,H/4,W/4], known and unknown cells."""
    known: Tensor
    """[N,1,H/4,W/4]: share of known pixels of each cell."""
    pixels: Tensor
    """[N,48,H/4,W/4]: `colour` enlarged bilinearly, the pixels of a cell as channels."""


def push_pull(image: Tensor, hole: Tensor) -> CoarseFill:
    """Fills the hole from ever coarser averages of the known pixels.

    image [N,3,H,W], hole [N,1,H,W] with 1 = unknown, H and W multiples of 4. The first level is a mean over cells,
    the others a 5-tap binomial kernel; a cell counts as known when at least a quarter of its weight is.
    """
    known = 1 - hole
    cells = torch.cat([F.avg_pool2d(image * known, CELL), F.avg_pool2d(known, CELL)], 1)
    levels = [_normalise(cells)]
    blur = (torch.eye(4)[:, :, None, None] * _KERNEL).to(image.dtype)
    for _ in range(PYRAMID_LEVELS - 1):
        levels.append(_normalise(F.conv2d(levels[-1], blur, stride=2, padding=2)))
    last = levels[-1]
    mean = last[:, :3].sum((2, 3), keepdim=True) / (last[:, 3:].sum((2, 3), keepdim=True) + 1e-3)
    filled = last[:, :3] + mean * (1 - last[:, 3:])
    spread = (torch.eye(3)[:, :, None, None] * _KERNEL * 4).to(image.dtype)
    for level in levels[-2::-1]:
        padded = F.pad(filled, (1, 1, 1, 1), mode='replicate')
        up = F.conv_transpose2d(padded, spread, stride=2, padding=2, output_padding=1)
        up = up[:, :, 2:2 + level.shape[2], 2:2 + level.shape[3]]
        filled = level[:, :3] + up * (1 - level[:, 3:])
    return CoarseFill(filled, cells[:, 3:], _pixels_of_cells(filled))


def _pixels_of_cells(cells: Tensor) -> Tensor:
    """Bilinear upsampling as a convolution and a pixel shuffle, which is faster than a resize in ONNX Runtime."""
    places = (torch.arange(CELL) + 0.5) / CELL - 0.5
    weights = (1 - (places[:, None] - torch.arange(-1.0, 2.0)).abs()).clamp(min=0)
    kernel = (weights[:, None, :, None] * weights[None, :, None, :]).reshape(1, CELL * CELL, 3, 3)
    kernels = (torch.eye(3)[:, None, :, None, None] * kernel[:, :, None]).reshape(3 * CELL * CELL, 3, 3, 3)
    return F.conv2d(F.pad(cells, (1, 1, 1, 1), mode='replicate'), kernels.to(cells.dtype))


def _normalise(cell: Tensor) -> Tensor:
    weight = cell[:, 3:]
    share = (weight * 4).clamp(max=1.0)
    return torch.cat([cell[:, :3] / weight.clamp(min=1e-4) * share, share], 1)


class SeparableBlock(nn.Module):
    """x + pointwise(relu(pointwise(depthwise(x)))), the depthwise part dilated."""

    def __init__(self, channels: int, dilation: int = 1, expansion: int = 2):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, groups=channels)
        self.widen = nn.Conv2d(channels, channels * expansion, 1)
        self.narrow = nn.Conv2d(channels * expansion, channels, 1)
        nn.init.kaiming_normal_(self.widen.weight)
        nn.init.kaiming_normal_(self.narrow.weight)
        self.narrow.weight.data.mul_(0.2)
        for layer in (self.depthwise, self.widen, self.narrow):
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.narrow(F.relu(self.widen(self.depthwise(x))))


class InpaintingNetwork(nn.Module):
    """Residual over a push-pull fill; levels at 1/4, 1/8 and 1/16 of the size."""

    def __init__(self, quarter: int = 48, eighth: int = 64, sixteenth: int = 128):
        super().__init__()
        self.stem = nn.Conv2d(4, quarter, 6, stride=CELL, padding=1)
        self.coarse = nn.Conv2d(4, quarter, 3, padding=1)
        self.to_eighth = nn.Conv2d(quarter, eighth, 2, stride=2)
        self.enter_eighth = SeparableBlock(eighth)
        self.to_sixteenth = nn.Conv2d(eighth, sixteenth, 2, stride=2)
        self.colour = nn.Conv2d(4, sixteenth, 1)
        self.middle = nn.Sequential(*[SeparableBlock(sixteenth, dilation) for dilation in (1, 2, 4)])
        self.from_sixteenth = nn.Conv2d(sixteenth, eighth, 1)
        self.leave_eighth = nn.Sequential(SeparableBlock(eighth), SeparableBlock(eighth, 2))
        self.from_eighth = nn.Conv2d(eighth, quarter, 1)
        self.leave_quarter = nn.Sequential(SeparableBlock(quarter), SeparableBlock(quarter))
        self.head = nn.Conv2d(quarter, 3 * CELL * CELL, 1)
        for layer in (self.stem, self.coarse, self.to_eighth, self.to_sixteenth, self.colour,
                      self.from_sixteenth, self.from_eighth, self.head):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.head.weight.data.mul_(0.01)

    def residual(self, image: Tensor, hole: Tensor, fill: CoarseFill) -> Tensor:
        """The residual to add to the push-pull fill, as the pixels of its cells: [N,48,H/4,W/4]."""
        detail = (image - F.pixel_shuffle(fill.pixels, CELL)) * ((1 - hole) * DETAIL_GAIN)
        mean = F.avg_pool2d(fill.colour, CELL)
        shape = torch.cat([(fill.colour - _enlarge(mean, CELL)) * DETAIL_GAIN, fill.known], 1)
        quarter = F.relu(self.stem(torch.cat([detail, hole], 1)) + self.coarse(shape))
        eighth = self.enter_eighth(F.relu(self.to_eighth(quarter)))
        colour = self.colour(torch.cat([mean * 2 - 1, F.avg_pool2d(fill.known, CELL)], 1))
        sixteenth = self.middle(F.relu(self.to_sixteenth(eighth) + colour))
        eighth = self.leave_eighth(F.relu(eighth + _enlarge(self.from_sixteenth(sixteenth), 2)))
        quarter = self.leave_quarter(F.relu(quarter + _enlarge(self.from_eighth(eighth), 2)))
        return self.head(quarter)

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """image [N,3,H,W] in 0..1, mask [N,1,H,W] with 1 = hole; known pixels are bit-identical."""
        hole = (mask > 0.5).to(image.dtype)
        fill = push_pull(image, hole)
        pixels = (fill.pixels + self.residual(image, hole, fill)).clamp(0, 1)
        return image * (1 - hole) + F.pixel_shuffle(pixels, CELL) * hole


def _enlarge(x: Tensor, times: int) -> Tensor:
    return F.interpolate(x, scale_factor=times, mode='bilinear', align_corners=False)
