"""Key points: extrema of the difference of Gaussians, refined to subpixel positions (Lowe 2004, sections 3 and 4)."""

import itertools
from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .pyramid import LEVELS, LEVELS_PER_OCTAVE, octave_pitch, octave_sigma

FIRST_OCTAVE_CANDIDATES = (1200, 600, 300)
"""Maximum candidates of the first octave, by level; finer levels have more."""
FURTHER_CANDIDATES = (768, 384, 192, 96)
EDGE_RATIO = 10.0
BORDER = 5
FIRST_GROUPS = 3
"""Candidates of the first octave's three levels form groups 0..2, all others group 3; see FlatLevels."""


@dataclass
class Candidates:
    """Rows of equal length, in order of their groups. Integers are int64."""

    column: Tensor
    row: Tensor
    level: Tensor
    width: Tensor
    height: Tensor
    offset: Tensor
    """Offset of the octave's first level in its source."""
    pitch: Tensor
    sigma: Tensor
    """Sigma of the octave's first level, pixels of the octave."""
    group: Tensor

    def take(self, rows: Tensor) -> 'Candidates':
        return Candidates(**{f.name: torch.index_select(getattr(self, f.name), 0, rows) for f in fields(self)})


class FlatLevels:
    """Levels as flat arrays. Those of the first octave are large and stay separate, one source per group of
    candidates; those of all other octaves are concatenated.
    """

    def __init__(self, octaves: list[list[Tensor]]):
        self.first = [level.reshape(-1) for level in octaves[0]]
        self.further = torch.cat([level.reshape(-1) for octave in octaves[1:] for level in octave])

    def around(self, candidates: Candidates, index: Tensor) -> Tensor:
        """[n, 4 * m] values at the pixel indices [n, m] in the four levels from one below to two above."""
        parts = []
        for group in range(FIRST_GROUPS + 1):
            rows = torch.nonzero(candidates.group == group)[:, 0]
            chosen = torch.index_select(index, 0, rows)
            if group < FIRST_GROUPS:
                flat = chosen.reshape(-1)
                levels = [torch.index_select(self.first[group + k], 0, flat).reshape(-1, 9) for k in range(4)]
                parts.append(torch.cat(levels, 1))
            else:
                size = torch.index_select(candidates.width * candidates.height, 0, rows)
                start = torch.index_select(candidates.offset, 0, rows) + \
                    (torch.index_select(candidates.level, 0, rows) - 1) * size
                flat = torch.cat([chosen + (start + k * size)[:, None] for k in range(4)], 1)
                parts.append(torch.index_select(self.further, 0, flat.reshape(-1)).reshape(-1, 36))
        return torch.cat(parts)


def find_extrema(octaves: list[list[Tensor]], threshold: Tensor) -> Candidates:
    """Pixels whose |difference of Gaussians| is above the threshold and largest among the 26 neighbours."""
    parts, offset = [], torch.zeros((), dtype=torch.int64)
    for octave, levels in enumerate(octaves):
        height, width = levels[0].shape[0], levels[0].shape[1]
        size = [torch.abs(levels[k + 1] - levels[k]) for k in range(LEVELS - 1)]
        if octave == 0:
            peaks = _cell_peaks(size)
            for level, (peak, limit) in enumerate(zip(peaks, FIRST_OCTAVE_CANDIDATES, strict=True), 1):
                within = _largest_in_cell(_strongest(peak, limit, threshold), size[level])
                parts.append(_located(within, level, within, (width, height), (offset * 0, octave, level - 1)))
        else:
            index = _strongest(torch.cat(_peaks(size)), FURTHER_CANDIDATES[octave - 1], threshold)
            level = torch.div(index, width * height, rounding_mode='trunc')
            parts.append(_located(index, level + 1, index - level * (width * height), (width, height),
                                  (offset, octave, FIRST_GROUPS)))
            offset = offset + LEVELS * width * height
    return Candidates(**{f.name: torch.cat([getattr(part, f.name) for part in parts]) for f in fields(Candidates)})


def _peaks(size: list[Tensor]) -> list[Tensor]:
    """For the three inner differences: |difference| where it is a maximum, else 0; flat."""
    middle = [torch.maximum(size[1], size[2]), torch.maximum(size[2], size[3])]
    across = [torch.maximum(size[0], middle[0]), torch.maximum(middle[0], size[3]), torch.maximum(middle[1], size[4])]
    zero = torch.zeros(())
    return [torch.where(size[k] >= F.max_pool2d(across[k - 1][None, None], 3, 1, 1)[0, 0], size[k], zero).reshape(-1)
            for k in range(1, LEVELS_PER_OCTAVE + 1)]


def _cell_peaks(size: list[Tensor]) -> list[Tensor]:
    """The same by cells of 2x2 pixels, at a quarter of the cost: a cell's largest value must be the largest of its
    4x4 neighbourhood. Two maxima that close do not occur after these blurs.
    """
    around = [F.max_pool2d(level[None, None], 4, 2, 1)[0, 0] for level in size]
    own = [F.max_pool2d(level[None, None], 2, 2)[0, 0] for level in size[1:-1]]
    zero = torch.zeros(())
    peaks = []
    for k, value in enumerate(own, 1):
        largest = torch.maximum(around[k], torch.maximum(around[k - 1], around[k + 1]))
        peaks.append(torch.where(value >= largest, value, zero).reshape(-1))
    return peaks


def _largest_in_cell(cells: Tensor, size: Tensor) -> Tensor:
    """Flat index of the largest pixel of each 2x2 cell."""
    width = size.shape[1]
    columns = torch.div(torch.tensor(width), 2, rounding_mode='trunc')
    row = torch.div(cells, columns, rounding_mode='trunc')
    first = 2 * row * width + 2 * (cells - row * columns)
    places = torch.stack([first, first + 1, first + width, first + width + 1], 1)
    values = torch.index_select(size.reshape(-1), 0, places.reshape(-1)).reshape(-1, 4)
    # A sum selects the first maximum without an operator that fails on zero rows.
    best = values >= torch.maximum(torch.maximum(values[:, 0], values[:, 1]),
                                   torch.maximum(values[:, 2], values[:, 3]))[:, None]
    a, b, c, d = places.unbind(1)
    return torch.where(best[:, 0], a, torch.where(best[:, 1], b, torch.where(best[:, 2], c, d)))


def _strongest(peaks: Tensor, limit: int, threshold: Tensor) -> Tensor:
    values, index = torch.topk(peaks, torch.minimum(torch.tensor(limit), torch.tensor(peaks.shape[0])))
    return torch.index_select(index, 0, torch.nonzero(values > threshold)[:, 0])


def _located(index: Tensor, level, within: Tensor, size: tuple, place: tuple) -> Candidates:
    """Candidates of one octave: flat index, level (number or rows), index within the level."""
    (width, height), (offset, octave, group) = size, place
    row, ones = torch.div(within, width, rounding_mode='trunc'), torch.ones_like(index)
    return Candidates(column=within - row * width, row=row, level=ones * level, width=ones * width,
                      height=ones * height, offset=ones * offset, pitch=ones.float() * octave_pitch(octave),
                      sigma=ones.float() * octave_sigma(octave), group=ones * group)


def _quadratic_fit() -> Tensor:
    """[36, 10] central differences over four 3x3 level patches (difference k = level k+1 minus level k):
    gradient x y s, curvature xx yy ss xy xs ys, value."""
    place = {offset: index for index, offset in enumerate(itertools.product((-1, 0, 1), repeat=3))}
    fit = torch.zeros(27, 10)
    # Axes in the order x, y, s; places are (s, y, x).
    unit = ((0, 0, 1), (0, 1, 0), (1, 0, 0))
    for axis, (s, y, x) in enumerate(unit):
        fit[place[(s, y, x)], axis], fit[place[(-s, -y, -x)], axis] = 0.5, -0.5
        for sign in (1, -1):
            fit[place[(sign * s, sign * y, sign * x)], 3 + axis] += 1
        fit[place[(0, 0, 0)], 3 + axis] -= 2
    for column, (a, b) in enumerate(((0, 1), (0, 2), (1, 2)), 6):
        for p, q in itertools.product((1, -1), repeat=2):
            fit[place[tuple(p * u + q * v for u, v in zip(unit[a], unit[b], strict=True))], column] += 0.25 * p * q
    fit[place[(0, 0, 0)], 9] = 1
    on_levels = torch.zeros(36, 10)
    on_levels[9:] += fit
    on_levels[:27] -= fit
    return on_levels


class Refinement(nn.Module):
    """Fits a quadratic around each candidate, moves it by at most one pixel, and drops weak points and edges."""

    def __init__(self):
        super().__init__()
        self.register_buffer('fit', _quadratic_fit())
        steps = torch.arange(9)
        self.register_buffer('step_row', torch.div(steps, 3, rounding_mode='trunc')[None] - 1)
        self.register_buffer('step_column', steps[None] % 3 - 1)

    def forward(self, levels: FlatLevels, found: Candidates, contrast: Tensor):
        """Candidates at their final pixels, the offsets [n] in x, y and level, and responses, 0 for dropped ones."""
        found.column = torch.minimum(torch.clamp(found.column, min=1), found.width - 2)
        found.row = torch.minimum(torch.clamp(found.row, min=1), found.height - 2)
        (dx, dy, _), _, _ = self._solve(levels, found)
        found.column = torch.minimum(torch.clamp(found.column + _step(dx), min=1), found.width - 2)
        found.row = torch.minimum(torch.clamp(found.row + _step(dy), min=1), found.height - 2)
        (dx, dy, ds), value, (xx, yy, xy) = self._solve(levels, found)
        trace, determinant = xx + yy, xx * yy - xy * xy
        corner = (determinant > 0) & (trace * trace * EDGE_RATIO < (EDGE_RATIO + 1) ** 2 * determinant)
        near = (dx.abs() < 0.75) & (dy.abs() < 0.75) & (ds.abs() < 1)
        inside = (found.column >= BORDER) & (found.row >= BORDER) & \
            (found.column < found.width - BORDER) & (found.row < found.height - BORDER)
        strong = value.abs() * LEVELS_PER_OCTAVE >= contrast
        response = torch.where(corner & near & inside & strong, value.abs(), torch.zeros(()))
        return found, (dx, dy, ds), response

    def _solve(self, levels: FlatLevels, found: Candidates):
        index = (found.row * found.width + found.column)[:, None] + self.step_row * found.width[:, None] + \
            self.step_column
        gx, gy, gs, xx, yy, ss, xy, xs, ys, value = torch.matmul(levels.around(found, index), self.fit).unbind(1)
        # Cofactors of the symmetric 3x3 curvature.
        c_xx, c_xy, c_xs = yy * ss - ys * ys, ys * xs - xy * ss, xy * ys - yy * xs
        c_yy, c_ys, c_ss = xx * ss - xs * xs, xy * xs - xx * ys, xx * yy - xy * xy
        determinant = xx * c_xx + xy * c_xy + xs * c_xs
        safe = torch.where(determinant.abs() < 1e-14, torch.full_like(determinant, 1e-14), determinant)
        dx = -(c_xx * gx + c_xy * gy + c_xs * gs) / safe
        dy = -(c_xy * gx + c_yy * gy + c_ys * gs) / safe
        ds = -(c_xs * gx + c_ys * gy + c_ss * gs) / safe
        return (dx, dy, ds), value + 0.5 * (gx * dx + gy * dy + gs * ds), (xx, yy, xy)


def _step(offset: Tensor) -> Tensor:
    return (offset > 0.5).long() - (offset < -0.5).long()
