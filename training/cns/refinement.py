"""From the network's velocity to the law's: the pose behind it is fitted to the points of the frame.

The law is a function of the relative pose and the scene's centre, so a velocity is a pose in other words. The network's
velocity gives a first pose, good to some fifteen degrees; a few Gauss-Newton steps then fit it to the points, with the
network's answer as prior. Wrong matches lose their weight (Geman and McClure's), the noise of the others is estimated, and each
point's depth, whose prior is the scene's distance give or take its extent in the picture, is eliminated point by point. Far
from the goal the points decide; near it two views hardly distinguish a turn from a shift, and the network's memory decides.

Without random numbers, sorting or branches, so that it is part of the exported graphs.
"""

import torch
from torch import Tensor, nn

from .geometry import skew

STEPS = 8
PRIOR_SHARE = (0.35, 0.25)
"""Standard deviations of the network's rotation and of its place of the scene's centre, as shares of the velocity's length."""
PRIOR_FLOOR = 0.0003
"""What is added to both, radians and goal distances."""
PRIOR_FADE = 0.004
"""Length at which the share is half of that: near the goal the network's memory averages the noise of many frames."""
RELIEF = 1.3
"""Standard deviation of the depths around the scene's, as a share of the points' extent in the picture."""
MIN_RELIEF, MAX_RELIEF = 0.04, 0.35
FIRST_LIMIT = (0.005, 0.03)
"""Error (normalised units) at which a point counts a quarter in the first step: at the goal, and what it gains with the velocity."""
LIMIT = 2.5
"""The same in the last step, in standard deviations of the noise."""
NOISE = (0.2 / 540, 1.5 / 540, 4 / 540)
"""Least, first and largest standard deviation of the noise."""
NEAREST = 0.1
"""Depth, in goal distances, from which on a point is in front of the camera."""
DEPTH_RANGE = 3.0
"""Factor by which a depth may differ from the scene's."""
DOUBTFUL_NOISE = 2 / 540
DOUBTFUL_SHARE = 0.3
"""Noise, and share of the points that agree, at which the network's answer counts as much as the fit."""
DAMPING = 1e-6
MAX_MOVE = 1.0
LARGEST = 50.0
"""Beyond this, in goal distances and radians a second, a fit has failed: the network's answer stands."""


def _columns() -> Tensor:
    """[18,4]: from a point's place (turned around the centre; its inverse depth) to the rows of `_slopes`."""
    a1, a2, a3, rho = range(4)
    across, down, scale = {1: (a3, 1), 2: (a2, -1), 3: (rho, 1)}, {0: (a3, -1), 2: (a1, 1), 4: (rho, 1)}, {0: (a2, -1), 1: (a1, 1), 5: (rho, -1)}
    columns = torch.zeros(18, 4)
    for first, step, parts in ((0, 2, across), (1, 2, down), (12, 1, scale)):
        for unknown, (source, sign) in parts.items():
            columns[first + step * unknown, source] = sign
    return columns


def _products() -> tuple[Tensor, Tensor]:
    """[16,9] and [16,4]: of the products of two quaternions' parts, the matrix of one with itself, and their product."""
    unit = torch.eye(4)
    matrix, product = torch.zeros(4, 4, 3, 3), torch.zeros(4, 4, 4)
    for i, first in enumerate(unit):
        for j, second in enumerate(unit):
            (s, v), (t, w) = (first[0], first[1:]), (second[0], second[1:])
            product[i, j, 0] = s * t - v @ w
            product[i, j, 1:] = s * w + t * v + torch.linalg.cross(v, w)
            # v' = (s^2 - v.v) v' + 2 v (v.v') + 2 s v x v', as a bilinear form.
            matrix[i, j] = (s * t - v @ w) * torch.eye(3) + torch.outer(v, w) + torch.outer(w, v) + 2 * s * skew(w)
    return matrix.reshape(16, 9), product.reshape(16, 4)


class Refinement(nn.Module):
    """Velocities [B,6] (translation in goal distances) from velocities [B,6] and the points that the network saw."""

    def __init__(self) -> None:
        super().__init__()
        matrix, product = _products()
        for name, value in (('columns', _columns()), ('matrix', matrix), ('product', product)):
            self.register_buffer(name, value, persistent=False)

    def forward(self, points: Tensor, visible: Tensor, goals: Tensor, twist: Tensor) -> Tensor:
        """points, goals [B,N,2], visible [B,N] of 0 and 1. Inside, points are the last axis: [B,2,N]."""
        points, visible = points.transpose(1, 2), visible[:, None]
        rays = torch.cat([goals, torch.ones_like(goals[..., :1])], -1).transpose(1, 2)
        mean = rays.mean(2, keepdim=True)
        inverse = mean.norm(dim=1, keepdim=True)
        middle = mean / inverse
        extent = (rays - mean).square().sum(1, keepdim=True).mean(2, keepdim=True).sqrt()
        relief = (RELIEF * extent).clamp(MIN_RELIEF, MAX_RELIEF) * inverse
        twist = twist[..., None]
        length = twist.norm(dim=1, keepdim=True)
        doubt = length.square() / (length + PRIOR_FADE)
        prior = (torch.tensor(PRIOR_SHARE).repeat_interleave(3)[:, None] * doubt + PRIOR_FLOOR) ** -2
        first_limit = (FIRST_LIMIT[0] + FIRST_LIMIT[1] * length).log()
        turn, centre = self._pose(twist, middle)
        change, noise, rho = torch.zeros_like(twist), torch.full_like(length, NOISE[1]), inverse + torch.zeros_like(visible)
        for step in range(STEPS):
            done = step / (STEPS - 1)
            rotation = self._matrix(turn)
            placed = rotation @ (rays - middle * rho)
            seen = placed + centre * rho
            depth = seen[:, 2:].clamp(min=NEAREST)
            image = seen[:, :2] / depth
            aside = centre - rotation @ middle
            deeper = (aside[:, :2] - image * aside[:, 2:]) / depth
            missed = points - image + deeper * (rho - inverse)
            rows = torch.cat([self._slopes(placed, rho, image, depth), missed[:, None]], 1)
            along = (rows * deeper[:, None]).sum(2)
            stiffness = (noise / relief).square()
            squared = deeper.square().sum(1, keepdim=True)
            error = (missed.square().sum(1, keepdim=True) - along[:, 6:].square() / (stiffness + squared)).clamp(min=0)
            limit = ((first_limit * (1 - done)).exp() * (LIMIT * noise) ** done).square()
            weight = (limit / (limit + error)).square() * visible * (seen[:, 2:] > NEAREST)
            shrink = 1 / (stiffness / weight.clamp(min=1e-12) + squared)
            # Of the rows what a point's own depth cannot explain: (rows - share deeper along)^2 = rows^2 - shrink along^2.
            share = shrink / (1 + (1 - shrink * squared).clamp(min=0).sqrt())
            free = rows - (along * share)[:, :, None] * deeper[:, None]
            normal = (free * weight[:, None]).flatten(2) @ free.flatten(2).transpose(1, 2)
            move = self._solve(normal, prior * noise.square(), change).clamp(-MAX_MOVE, MAX_MOVE)
            turn, centre, change = self._turned(turn, move[:, :3]), centre + move[:, 3:], change + move
            total = weight.sum(2, keepdim=True)
            noise = ((weight * error).sum(2, keepdim=True) / (2 * total - 6).clamp(min=2)).sqrt().clamp(NOISE[0], NOISE[2])
            left = along[:, 6:] - move.transpose(1, 2) @ along[:, :6]
            rho = torch.minimum(torch.maximum(inverse + shrink * left, inverse / DEPTH_RANGE), inverse * DEPTH_RANGE)
        agreeing = total / visible.sum(2, keepdim=True).clamp(min=1)
        trust = 1 / (1 + (noise / DOUBTFUL_NOISE) ** 8 + (DOUBTFUL_SHARE / agreeing.clamp(min=0.01)) ** 8)
        fitted = twist + trust * (self._law(turn, centre, rays, rho, middle) - twist)
        return torch.where(fitted.abs().amax(1, keepdim=True) < LARGEST, fitted, twist)[..., 0]

    @staticmethod
    def _pose(twist: Tensor, middle: Tensor) -> tuple[Tensor, Tensor]:
        """Quaternion [B,4,1] and place [B,3,1] of the scene's centre in the camera: the pose for which the law says the twist."""
        linear, turn = twist[:, :3] + middle, twist[:, 3:]
        across = torch.linalg.cross(turn, linear, dim=1)
        along = (turn * linear).sum(1, keepdim=True)
        centre = (linear + across + turn * along) / (1 + turn.square().sum(1, keepdim=True))
        half = (turn.norm(dim=1, keepdim=True) / 2).clamp(min=1e-9)
        return torch.cat([half.cos(), turn / 2 * half.sin() / half], 1), centre

    def _matrix(self, turn: Tensor) -> Tensor:
        return ((turn @ turn.transpose(1, 2)).reshape(-1, 1, 16) @ self.matrix).reshape(-1, 3, 3)

    def _turned(self, turn: Tensor, vector: Tensor) -> Tensor:
        """The rotation followed by a small one: its half angle's tangent stands for the half angle."""
        step = torch.cat([torch.ones_like(vector[:, :1]), vector / 2], 1)
        product = ((step @ turn.transpose(1, 2)).reshape(-1, 1, 16) @ self.product).transpose(1, 2)
        return product / product.norm(dim=1, keepdim=True)

    def _slopes(self, placed: Tensor, rho: Tensor, image: Tensor, depth: Tensor) -> Tensor:
        """How the image points move with a turn of the scene around its centre and with the centre's place: [B,6,2,N]."""
        parts = self.columns @ torch.cat([placed, rho], 1)
        plain, scale = parts[:, :12].unflatten(1, (6, 2)), parts[:, 12:, None]
        return (plain + scale * image[:, None]) / depth[:, None]

    @staticmethod
    def _solve(normal: Tensor, prior: Tensor, change: Tensor) -> Tensor:
        """The step [B,6,1] of the normal equations [B,7,7], the prior pulling back to where the network was; by Gauss and Jordan."""
        unit = torch.eye(6)
        system = normal[:, :6, :6] * (1 + DAMPING * unit) + unit * prior
        system = torch.cat([system, normal[:, :6, 6:] - prior * change], -1)
        for k in range(6):
            row = system[:, k:k + 1] / system[:, k:k + 1, k:k + 1].clamp(min=1e-12)
            system = system - (system[:, :, k:k + 1] - unit[:, k:k + 1]) * row
        return system[:, :, 6:]

    def _law(self, turn: Tensor, centre: Tensor, rays: Tensor, rho: Tensor, middle: Tensor) -> Tensor:
        """The law for the pose, with the scene's centre taken from the depths found."""
        goal = (rays / rho).mean(2, keepdim=True)
        now = self._matrix(turn) @ (goal - middle) + centre
        turn = turn * torch.where(turn[:, :1] < 0, -1.0, 1.0)
        sine = turn[:, 1:].norm(dim=1, keepdim=True).clamp(min=1e-9)
        vector = turn[:, 1:] / sine * 4 * torch.atan(sine / (1 + turn[:, :1]))
        linear = (now - goal + torch.linalg.cross(now, vector, dim=1)) / goal.norm(dim=1, keepdim=True)
        return torch.cat([linear, vector], 1)
