"""Who moves the camera in a training episode.

A policy trained only on what it drives itself meets, in a recorded video, motion it has never seen:
its memory takes the velocity it commanded for granted. So a share of the episodes is driven by
somebody else: smooth random motion, a hand that carries the camera to a place of its own, towards
the goal at another speed, away from it and past it.
"""

import torch
from torch import Tensor

from .geometry import log_uniform
from .teacher import centre_keeping_velocity

TIME_STEP = 0.02
GAIN = 2.0
MAX_SPEED = 4.0
"""Limit of each velocity component, m/s or rad/s, that keeps early policies in the scene."""
_RANDOM_SCALE = torch.tensor([0.25] * 3 + [0.5] * 3)


class OtherDriver:
    """Camera velocities that ignore the policy, one kind of motion a scene."""

    RANDOM, PLACE, OWN_SPEED, AWAY, PAST = range(5)
    SHARES = torch.tensor([0.25, 0.30, 0.20, 0.10, 0.15])

    def __init__(self, batch: int, place_rotation: Tensor, place_position: Tensor, centre: Tensor):
        self.place = (place_rotation, place_position)
        self.centre = centre
        self.kind = torch.multinomial(self.SHARES, batch, replacement=True)[:, None]
        self.speed = log_uniform(0.1, 2.5, batch, 1)
        self.cruise = log_uniform(0.05, 1.0, batch, 1)
        self.random = torch.randn(batch, 6) * _RANDOM_SCALE
        self.shake = torch.zeros(batch, 6)
        self.shake_size = (torch.rand(batch, 1) < 0.5) * log_uniform(0.02, 0.6, batch, 1)
        self.momentum = torch.zeros(batch, 6)

    def velocity(self, rotation: Tensor, position: Tensor, teacher: Tensor) -> Tensor:
        """Velocity [B,6] for this frame; ``teacher`` is the law towards the goal at unit gain."""
        self._move_noise()
        to_place = centre_keeping_velocity(rotation, position, *self.place, self.centre)
        cruising = to_place / to_place.norm(dim=-1, keepdim=True).clamp(min=self.cruise) * self.cruise
        unit = teacher / teacher.norm(dim=-1, keepdim=True).clamp(min=0.02)
        self.momentum = 0.95 * self.momentum + 0.05 * unit * self.cruise
        choices = torch.stack([
            2 * self.speed * self.random,
            cruising,
            self.speed * teacher,
            -0.5 * self.speed * teacher + 0.5 * self.random,
            self.momentum,
        ], 1)
        chosen = choices.gather(1, self.kind[..., None].expand(-1, 1, 6))[:, 0]
        return chosen + self.shake

    def _move_noise(self) -> None:
        batch = self.random.shape[0]
        self.random = 0.97 * self.random + 0.243 * torch.randn(batch, 6) * _RANDOM_SCALE
        self.shake = 0.7 * self.shake + 0.71 * torch.randn(batch, 6) * _RANDOM_SCALE * self.shake_size
