"""What a feature matcher would report: jitter, wrong matches and points that come and go."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .geometry import log_uniform, uniform

PERSISTENCE_REDRAW = 0.03
"""Share of the swapped matches drawn again in each frame: they last about 33 frames."""
VISIBILITY_REDRAW = 0.05


@dataclass(frozen=True)
class NoiseSettings:
    """Ranges the noise of an episode is drawn from; jitter in normalised units at 640 px, f 540."""

    low_jitter: float = 0.0005
    high_jitter: float = 0.002
    low_jitter_share: float = 0.5
    goal_jitter: float = 0.001
    wrong: float = 0.2
    wrong_hard: float = 0.2
    """Upper limit of the wrong share in one run of seven."""


class MatchNoise:
    """The observation process of one batch of scenes."""

    def __init__(self, settings: NoiseSettings, goals: Tensor, half_width: Tensor, half_height: Tensor):
        self.goals, self.half_width, self.half_height = goals, half_width, half_height
        batch, points, _ = goals.shape
        self.batch, self.points = batch, points
        pixel_scale = (half_width / (320 / 540))[:, None, None]
        low = torch.rand(batch, 1, 1) < settings.low_jitter_share
        self.jitter = pixel_scale * torch.where(low, uniform(0, settings.low_jitter, batch, 1, 1),
                                                uniform(settings.low_jitter, settings.high_jitter, batch, 1, 1))
        self._start_wrong(settings)
        self._start_visibility()

    def _start_wrong(self, settings: NoiseSettings) -> None:
        batch, points = self.batch, self.points
        limit = torch.where(torch.rand(batch, 1) < 1 / 7, settings.wrong_hard, settings.wrong)
        self.wrong_share = uniform(0, 1, batch, 1) * limit * (torch.rand(batch, 1) < 0.8) * (points >= 10)
        self.wrong = torch.rand(batch, points) < self.wrong_share
        self.swapped = torch.rand(batch, points) < torch.rand(batch, 1).round() * 0.5 + 0.25
        self.partner = torch.randint(0, points, (batch, points))

    def _start_visibility(self) -> None:
        batch, points = self.batch, self.points
        low, high = self.goals.amin(1), self.goals.amax(1)
        size = (high - low)[:, None]
        self.window_sigma = size.norm(dim=-1) * 0.15 * uniform(0.8, 2.5, batch, 1)
        self.window_centre = self.goals.median(1).values[:, None] + size * uniform(-0.4, 0.4, batch, 3, 2)
        self.window_speed = size * torch.randn(batch, 3, 2) * 0.02 * log_uniform(0.1, 1, batch, 1, 1)
        kind = torch.rand(batch, 1)
        enough = points >= 16
        self.windowed = (kind < 0.45) & enough
        self.by_view = (kind > 0.65) & enough
        self.view_peak = uniform(0.2, 1.0, batch, 1)
        self.luck = torch.rand(batch, points)

    def observe(self, image: Tensor, in_front: Tensor, view_score: Tensor) -> tuple[Tensor, Tensor]:
        """Reported points [B,N,2] (0 where hidden) and visibility [B,N] of 0 and 1.

        image [B,N,2] true projections, in_front [B,N] bool, view_score [B,N] in 0..1: how alike
        goal and current view of a point are.
        """
        inside = ((image[..., 0].abs() < self.half_width[:, None])
                  & (image[..., 1].abs() < self.half_height[:, None]) & in_front)
        reported = self._with_wrong_matches(image)
        reported = reported + self.jitter * uniform(-1, 1, self.batch, self.points, 2)
        visible = self._visible(inside | self.wrong, view_score)
        return reported * visible[..., None], visible.to(image.dtype)

    def _with_wrong_matches(self, image: Tensor) -> Tensor:
        batch, points = self.batch, self.points
        redraw = torch.rand(batch, points) < torch.where(self.swapped, PERSISTENCE_REDRAW, 1.0)
        self.wrong = torch.where(redraw, torch.rand(batch, points) < self.wrong_share, self.wrong)
        self.partner = torch.where(redraw, torch.randint(0, points, (batch, points)), self.partner)
        extent = torch.stack([self.half_width, self.half_height], -1)[:, None]
        anywhere = uniform(-1, 1, batch, points, 2) * extent
        other = image.gather(1, self.partner[..., None].expand(batch, points, 2))
        return torch.where(self.wrong[..., None], torch.where(self.swapped[..., None], other, anywhere), image)

    def _visible(self, possible: Tensor, view_score: Tensor) -> Tensor:
        """Drifting windows or likeness of views decide; at least max(4, 15 %) of the points remain."""
        batch, points = self.batch, self.points
        self.window_centre = self.window_centre + self.window_speed
        distance = (self.goals[:, :, None] - self.window_centre[:, None]).square().sum(-1)
        window = torch.exp(-distance / (2 * self.window_sigma[:, None] ** 2)).amax(-1)
        self.luck = torch.where(torch.rand(batch, points) < VISIBILITY_REDRAW, torch.rand(batch, points), self.luck)
        chosen = (~self.windowed | (self.luck < window)) & (~self.by_view | (self.luck < self.view_peak * view_score))
        visible = possible & chosen
        few = visible.sum(1, keepdim=True) < max(4, 0.15 * points)
        visible = torch.where(few, possible, visible)
        return visible | (visible.sum(1, keepdim=True) < 4)


def view_likeness(points: Tensor, goal_position: Tensor, position: Tensor) -> Tensor:
    """exp(-(tilt / 40 deg)^2) exp(-(ln depth ratio / 0.7)^2) for world points [B,N,3].

    Tilt is the angle at the point between its rays to the two cameras, the depth ratio that of its
    distances to them.
    """
    to_goal, to_camera = goal_position[:, None] - points, position[:, None] - points
    far_goal, far = to_goal.norm(dim=-1), to_camera.norm(dim=-1)
    cosine = (to_goal * to_camera).sum(-1) / (far_goal * far).clamp(min=1e-9)
    tilt = torch.rad2deg(torch.acos(cosine.clamp(-1, 1)))
    return torch.exp(-(tilt / 40) ** 2 - (torch.log((far / far_goal).clamp(min=1e-6)) / 0.7) ** 2)
