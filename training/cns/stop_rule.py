"""When a servo counts as arrived, batched; the same rule runs in the product."""

import torch
from torch import Tensor

SEEN_DECAY = 0.95
FIRST_SEEN = 20.0
DROPPED_SHARE = 0.1
HOLD_SECONDS = 0.5
RELATIVE_SLACK = 1.1
ABSOLUTE_SLACK = 5e-4
MAX_FALL = 3e-5
"""Largest decrease of the mean error between the halves of the window that counts as no longer approaching."""
THRESHOLDS = {'ORB': 0.005, 'AKAZE': 0.005, 'SIFT': 0.002, 'learned': 0.01}
"""Mean point error, in normalised units, below which a camera at rest may count as arrived."""


class StopRule:
    """Watches the point error of each servo and says which ones have settled at its minimum.

    ``published`` [B] is the verdict of the published rule, which looks at the minimum alone.
    """

    def __init__(self, batch: int, points: int, threshold: float, frame_seconds: float):
        self.threshold = threshold
        self.published = torch.zeros(batch, dtype=torch.bool)
        self.seen = torch.full((batch, points), FIRST_SEEN)
        self.least = torch.full((batch,), torch.inf)
        self.recent = torch.full((batch, max(1, round(HOLD_SECONDS / frame_seconds))), torch.inf)

    def update(self, points: Tensor, visible: Tensor, goals: Tensor) -> Tensor:
        """Takes one frame, [B,N,2], [B,N], [B,N,2]; returns [B] bool: stop now.

        A servo stops once every error of the last half second is within 1.1 times the least error
        so far plus 5e-4, the least being followed from the first frame under the threshold on, and
        the mean of the later half of these errors is less than 3e-5 below the earlier's.
        """
        self.seen = SEEN_DECAY * self.seen + visible
        error = self._error(points, visible, goals)
        tracking = (error < self.threshold) | self.least.isfinite()
        self.least = torch.where(tracking, torch.minimum(self.least, error), self.least)
        self.recent = torch.cat([self.recent[:, 1:], error[:, None]], 1)
        limit = RELATIVE_SLACK * self.least + ABSOLUTE_SLACK
        self.published = self.least.isfinite() & (self.recent.amax(1) <= limit)
        return self.published & (self._fall() <= MAX_FALL)

    def _fall(self) -> Tensor:
        """Mean error [B] of the first half of the recent frames less that of the second half."""
        half = self.recent.shape[1] // 2
        if half == 0:
            return torch.zeros_like(self.least)
        fall = self.recent[:, :half].mean(1) - self.recent[:, -half:].mean(1)
        return fall.nan_to_num(nan=torch.inf)

    def _error(self, points: Tensor, visible: Tensor, goals: Tensor) -> Tensor:
        """Mean point error [B] over visible rows without the worst tenth, weighted by how often seen."""
        distance = (points - goals).norm(dim=-1).masked_fill(visible == 0, torch.inf)
        count = visible.sum(1)
        rank = distance.argsort(1).argsort(1)
        kept = (rank < (count * (1 - DROPPED_SHARE)).ceil()[:, None]) & (visible > 0)
        weight = self.seen * kept
        error = (weight * distance.nan_to_num(posinf=0.0)).sum(1) / weight.sum(1).clamp(min=1e-9)
        return torch.where(count > 0, error, torch.inf)

    def keep(self, rows: Tensor) -> None:
        """Keeps only the given servo runs."""
        self.seen, self.least, self.recent = self.seen[rows], self.least[rows], self.recent[rows]
        self.published = self.published[rows]
