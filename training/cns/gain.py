"""How fast a camera follows its commands: a number, or the adaptive gain of ViSP's vpAdaptiveGain."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .teacher import in_goal_distances


@dataclass(frozen=True)
class Gain:
    """lambda(x) = (zero - infinity) exp(-slope / (zero - infinity) x) + infinity; x is the largest of the six numbers of the
    velocity at gain 1, its translation in goal distances. A gain that rises with the distance has a negative slope."""

    zero: float
    infinity: float
    slope: float

    @classmethod
    def parse(cls, text: str) -> 'Gain':
        """A number, or zero, infinity and slope, comma-separated."""
        parts = [float(part) for part in text.split(',')]
        if len(parts) == 1:
            return cls(parts[0], parts[0], 0.0)
        gain = cls(*parts)
        if not (gain.zero > 0 and gain.infinity > 0 and gain.slope * (gain.zero - gain.infinity) > 0):
            raise ValueError('zero and infinity must be positive and slope have the sign of their difference')
        return gain

    def applied(self, twist: Tensor, goal_distance: Tensor) -> Tensor:
        """Velocities [B,6] in metres, times the gain."""
        span = self.zero - self.infinity
        if span == 0:
            return twist * self.zero
        x = in_goal_distances(twist, goal_distance).abs().amax(-1, keepdim=True)
        return twist * (span * torch.exp(-self.slope / span * x) + self.infinity)


LIVE = Gain(2.0, 3.5, -10.0)
"""The default of a live session."""
