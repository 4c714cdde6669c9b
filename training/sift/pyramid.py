"""Gaussian scale space as matrix products.

A convolution with one input and one output channel leaves most multipliers idle. The same blur written as products
of overlapping image blocks with a banded matrix of Gaussian weights takes a quarter of the time. Blocks are
``BLOCK`` pixels wide and include ``halo`` more pixels on either side; the image is mirrored at its edges.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEVELS_PER_OCTAVE = 3
LEVELS = LEVELS_PER_OCTAVE + 3
BASE_SIGMA = 1.6
CAMERA_SIGMA = 0.5
OCTAVES = 5
FIRST_UPSCALE = 1.25
"""Pixels of the first octave per pixel of the image. Lowe's factor of two costs 2.6 times as much there and finds no
more matches.
"""
FIRST_SIGMA = 0.8
"""Base sigma of the first octave, pixels of the image: half that of the second octave."""
BLOCK = 32
GROUP = 8
"""Columns are gathered in runs of this many; single ones would be copied one at a time."""


NEGLIGIBLE = 1e-7
"""Weights below this share of the largest are set to 0, below the precision of the sums."""


def level_factor(level: float) -> float:
    """Sigma of a level as a multiple of its octave's first."""
    return 2 ** (level / LEVELS_PER_OCTAVE)


def gaussian_rows(sigma: float, halo: int, upscale: float) -> Tensor:
    """[upscale * BLOCK, BLOCK + 2 halo] weights; row i is centred at input column halo + i / upscale."""
    centres = torch.arange(round(BLOCK * upscale), dtype=torch.float64)[:, None] / upscale + halo
    columns = torch.arange(BLOCK + 2 * halo, dtype=torch.float64)[None]
    weights = torch.exp(-((columns - centres) ** 2) / (2 * sigma**2))
    # The tails would be denormal numbers, which are a hundred times slower to compute with.
    weights = torch.where(weights < NEGLIGIBLE, 0.0, weights)
    return (weights / weights.sum(1, keepdim=True)).float()


def mirrored(index: Tensor, size) -> Tensor:
    """Folds indices outside 0..size-1 back without repeating the edge."""
    period = 2 * (size - 1)
    folded = torch.remainder(torch.abs(index), period)
    return torch.where(folded >= size, period - folded, folded)


class BlockBlur(nn.Module):
    """One image [H, W] at several blurs, each [upscale * H, upscale * W]. H and W may be any size above ``halo``.

    With ``whole_blocks`` the caller promises multiples of BLOCK, which saves a copy of every level.
    """

    def __init__(self, sigmas: list[float], halo: int, upscale: float = 1, whole_blocks: bool = False):
        super().__init__()
        self.halo, self.whole_blocks = halo, whole_blocks
        self.rows_out = round(BLOCK * upscale)
        if whole_blocks is False and upscale != 1:
            raise ValueError('only whole blocks can be upscaled')
        self.window = BLOCK + 2 * halo
        self.count = len(sigmas)
        for level, sigma in enumerate(sigmas):
            rows = gaussian_rows(sigma, halo, upscale)
            self.register_buffer(f'rows{level}', rows)
            self.register_buffer(f'columns{level}', rows.T.contiguous())

    def forward(self, image: Tensor) -> list[Tensor]:
        height, width = image.shape[0], image.shape[1]
        block_rows, block_columns = (height + BLOCK - 1) // BLOCK, (width + BLOCK - 1) // BLOCK
        windows = self._column_windows(image, block_columns)
        row_index = mirrored(self._starts(block_rows, BLOCK, self.window) - self.halo, height)
        return [self._level(level, windows, row_index, image) for level in range(self.count)]

    @staticmethod
    def _starts(count, stride: int, window: int) -> Tensor:
        return (torch.arange(count)[:, None] * stride + torch.arange(window)[None]).reshape(-1)

    def _column_windows(self, image: Tensor, block_columns) -> Tensor:
        """[H * block_columns, window]"""
        height, width = image.shape[0], image.shape[1]
        if self.whole_blocks:
            padded = F.pad(image[None, None], (self.halo, self.halo, 0, 0), mode='reflect')
        else:
            columns = torch.arange(block_columns * BLOCK + 2 * self.halo) - self.halo
            padded = torch.index_select(image, 1, mirrored(columns, width))
        padded = padded.reshape(height, -1, GROUP)
        groups = self._starts(block_columns, BLOCK // GROUP, self.window // GROUP)
        return torch.index_select(padded, 1, groups).reshape(-1, self.window)

    def _level(self, level: int, windows: Tensor, row_index: Tensor, image: Tensor) -> Tensor:
        height, width = image.shape[0], image.shape[1]
        padded_width = (width + BLOCK - 1) // BLOCK * self.rows_out
        across = torch.matmul(windows, getattr(self, f'columns{level}')).reshape(height, padded_width)
        stacked = torch.index_select(across, 0, row_index).reshape(-1, self.window, padded_width)
        blurred = torch.matmul(getattr(self, f'rows{level}'), stacked).reshape(-1, padded_width)
        return blurred if self.whole_blocks else blurred[:height, :width]


class ScaleSpace(nn.Module):
    """[H, W] in 0..1, multiples of BLOCK -> octaves of six levels. Octave 0 has FIRST_UPSCALE times the picture's
    pixels a side, octave 1 as many as the picture, every further one half of the one before. Each level is blurred from
    the picture or from the octave's first, never from its neighbour."""

    def __init__(self):
        super().__init__()
        of_picture = lambda base: [math.sqrt((base * level_factor(k)) ** 2 - CAMERA_SIGMA**2) for k in range(LEVELS)]
        self.first = BlockBlur(of_picture(FIRST_SIGMA), halo=8, upscale=FIRST_UPSCALE, whole_blocks=True)
        self.second = BlockBlur(of_picture(BASE_SIGMA), halo=16, whole_blocks=True)
        further = [BASE_SIGMA * math.sqrt(level_factor(k) ** 2 - 1) for k in range(1, LEVELS)]
        self.next = BlockBlur(further, halo=16)

    def forward(self, image: Tensor) -> list[list[Tensor]]:
        octaves = [self.first(image), self.second(image)]
        while len(octaves) < OCTAVES:
            # Level 3 has twice the base sigma; at half size it is the next octave's first level.
            base = octaves[-1][LEVELS_PER_OCTAVE][::2, ::2]
            octaves.append([base, *self.next(base)])
        return octaves


def octave_pitch(octave: int) -> float:
    """Pixels of the picture per pixel of an octave."""
    return 1 / FIRST_UPSCALE if octave == 0 else 2.0 ** (octave - 1)


def octave_sigma(octave: int) -> float:
    """Blur of an octave's first level, pixels of the octave."""
    return FIRST_SIGMA * FIRST_UPSCALE if octave == 0 else BASE_SIGMA
