"""The network: a push-pull fill and a small residual U-Net over it.

Every layer was chosen by its time in ONNX Runtime on one core: channel counts are multiples of 16,
strided convolutions stand for space-to-depth, bilinear upsampling for depth-to-space, and the mean
colour goes straight to the coarsest level, so that little is done at full size.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIZE_MULTIPLE = 8
PYRAMID_LEVELS = 9
DETAIL_GAIN = 6.0
_TAPS = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
_KERNEL = _TAPS[:, None] * _TAPS[None]


def push_pull(image: Tensor, hole: Tensor) -> Tensor:
    """Fills the hole from coarser and coarser averages of the known pixels.

    image [N,3,H,W], hole [N,1,H,W] with 1 = unknown, H and W multiples of 8. The first level is a
    2x2 mean, the others a 5-tap binomial kernel; a cell counts as known once a quarter of its
    weight is. Known pixels come back bit-equal.
    """
    known = 1 - hole
    full = torch.cat([image * known, known], 1)
    levels = [_normalise(F.avg_pool2d(full, 2))]
    blur = torch.eye(4)[:, :, None, None] * _KERNEL
    for _ in range(PYRAMID_LEVELS - 1):
        levels.append(_normalise(F.conv2d(levels[-1], blur.to(image.dtype), stride=2, padding=2)))
    last = levels[-1]
    mean = last[:, :3].sum((2, 3), keepdim=True) / (last[:, 3:].sum((2, 3), keepdim=True) + 1e-3)
    filled = last[:, :3] + mean * (1 - last[:, 3:])
    spread = (torch.eye(3)[:, :, None, None] * _KERNEL * 4).to(image.dtype)
    for level in levels[-2::-1]:
        padded = F.pad(filled, (1, 1, 1, 1), mode='replicate')
        up = F.conv_transpose2d(padded, spread, stride=2, padding=2, output_padding=1)
        up = up[:, :, 2:2 + level.shape[2], 2:2 + level.shape[3]]
        filled = level[:, :3] + up * (1 - level[:, 3:])
    up = F.interpolate(filled, scale_factor=2, mode='bilinear', align_corners=False)
    return full[:, :3] + up * hole


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


class DenseBlock(nn.Module):
    """x + conv(relu(conv(x))), both 3x3."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.kaiming_normal_(self.first.weight)
        nn.init.kaiming_normal_(self.second.weight)
        self.second.weight.data.mul_(0.1)
        nn.init.zeros_(self.first.bias)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(F.relu(self.first(x)))


class InpaintingNetwork(nn.Module):
    """Residual over a push-pull fill; levels at 1/2, 1/4 and 1/8 of the size."""

    def __init__(self, half: int = 16, quarter: int = 48, eighth: int = 96,
                 dilations: tuple[int, ...] = (1, 2, 4, 8, 1, 2, 4, 8, 1)):
        super().__init__()
        self.stem = nn.Conv2d(4, half, 5, stride=2, padding=2)
        self.to_quarter = nn.Conv2d(half, quarter, 4, stride=2, padding=1)
        self.enter_quarter = SeparableBlock(quarter)
        self.to_eighth = nn.Conv2d(quarter, eighth, 2, stride=2)
        self.colour = nn.Conv2d(4, eighth, 1)
        self.middle = nn.Sequential(*[SeparableBlock(eighth, dilation) for dilation in dilations])
        self.from_eighth = nn.Conv2d(eighth, quarter, 1)
        self.leave_quarter = nn.Sequential(SeparableBlock(quarter), SeparableBlock(quarter))
        self.from_quarter = nn.Conv2d(quarter, half, 1)
        self.leave_half = DenseBlock(half)
        self.head = nn.Conv2d(half, 12, 3, padding=1)
        for layer in (self.stem, self.to_quarter, self.to_eighth, self.colour, self.from_eighth,
                      self.from_quarter, self.head):
            nn.init.kaiming_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.head.weight.data.mul_(0.01)

    def residual(self, fill: Tensor, hole: Tensor) -> Tensor:
        """What to add to the push-pull fill, [N,3,H,W]."""
        low = F.avg_pool2d(fill, 8)
        detail = (fill - F.interpolate(low, scale_factor=8, mode='bilinear', align_corners=False)) * DETAIL_GAIN
        half = F.relu(self.stem(torch.cat([detail, hole], 1)))
        quarter = self.enter_quarter(F.relu(self.to_quarter(half)))
        colour = self.colour(torch.cat([low * 2 - 1, F.avg_pool2d(hole, 8)], 1))
        eighth = self.middle(F.relu(self.to_eighth(quarter) + colour))
        quarter = self.leave_quarter(F.relu(quarter + _double(self.from_eighth(eighth))))
        half = self.leave_half(F.relu(half + _double(self.from_quarter(quarter))))
        return F.pixel_shuffle(self.head(half), 2)

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """image [N,3,H,W] in 0..1, mask [N,1,H,W] with 1 = hole; known pixels come back bit-equal."""
        hole = (mask > 0.5).to(image.dtype)
        fill = push_pull(image, hole)
        return (fill + self.residual(fill, hole) * hole).clamp(0, 1)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode='bilinear', align_corners=False)
