"""Training episodes: a batch of scenes, cameras, matches and drivers that advances frame by frame."""

import math
import random
from dataclasses import dataclass, field

import torch
from torch import Tensor

from .clusters import IDENTITY_BELOW, MIN_CLUSTERS, cluster_points
from .driving import GAIN, MAX_SPEED, TIME_STEP, OtherDriver
from .geometry import (integrate, log_uniform, project, rotation_from_vector, rotation_to_vector,
                       to_camera, to_camera_one, uniform)
from .network import HIDDEN_WIDTH
from .observations import MatchNoise, NoiseSettings, view_likeness
from .scenes import GOAL_POSES, cylinder_scene, sample_poses, sample_start_poses, view_scene
from .teacher import centre_keeping_velocity, in_goal_distances, in_metres

REFERENCE_HALF_WIDTH = 320 / 540
PACE_REDRAW = 0.02
"""Chance a frame that a camera begins to follow its commands at another pace."""


@dataclass(frozen=True)
class EpisodeSettings:
    """How hard the episodes of a training phase are."""

    batch: int = 32
    fewest_points: int = 6
    most_points: int = 160
    windows: tuple[int, ...] = (5,)
    """Episode lengths in windows of back-propagation at 50 frames a second, drawn evenly."""
    strides: tuple[int, ...] = (1,)
    """Fiftieths of a second from one frame to the next, drawn evenly: sparse frames repeat themselves less."""
    whole_path_share: float = 0.5
    """Share of the starts at the full distance; the rest starts on the way."""
    nearest_start: float = 0.005
    farthest_partial_start: float = 1.0
    teacher_share: float = 0.25
    other_share: float = 0.5
    at_goal_share: float = 0.3
    """Share of the other-driven scenes that start at (or next to) their goal."""
    upright_share: float = 0.0
    """Share of the scenes whose start is held about as the goal was."""
    wide_share: float = 0.0
    """Share of the scenes whose start is at any distance, tilt and roll."""
    varied_view_share: float = 0.6
    view_scene_share: float = 0.2
    forget_share: float = 0.35
    """Share of the other-driven scenes whose memory is cleared at random frames."""
    pace_spread: float = 1.0
    """Commands are stretched by up to this factor, or by one over it, before they move the camera: how fast the camera
    follows them then says nothing about who drives it."""
    small_share: float = 0.0
    """Share of the cylinder scenes that are small and as deep as wide: one object in a narrow view."""
    mix_up_chance: float = 0.0
    """Chance a frame that a scene's memory is replaced by another scene's: memory has to yield to what is seen."""
    noise: NoiseSettings = field(default_factory=NoiseSettings)


class Episode:
    """One batch of scenes from their starts to their last window."""

    def __init__(self, settings: EpisodeSettings):
        self.settings = settings
        self.batch = settings.batch
        stride = random.choice(settings.strides)
        self.time_step = stride * TIME_STEP
        self.windows_left = max(2, random.choice(settings.windows) // stride)
        self.points = round(math.exp(random.uniform(math.log(settings.fewest_points), math.log(settings.most_points))))
        self._build_view_and_scene()
        self._choose_drivers()
        self._choose_start()
        self._match_goal()

    def _build_view_and_scene(self) -> None:
        batch, settings = self.batch, self.settings
        focal = torch.where(torch.rand(batch) < settings.varied_view_share,
                            log_uniform(0.6, 1.5, batch), 0.5 / REFERENCE_HALF_WIDTH)
        self.half_width = 0.5 / focal
        self.half_height = self.half_width * torch.where(torch.rand(batch) < 0.7, 0.75, 0.5625)
        azimuth = uniform(-math.pi, math.pi, batch)
        self.goal_rotation, self.goal_position = sample_poses(batch, GOAL_POSES, azimuth)
        upright = torch.rand(batch) < settings.upright_share
        wide = torch.rand(batch) < settings.wide_share
        self.start = sample_start_poses(azimuth, upright, wide)
        self.place = sample_start_poses(azimuth, upright, wide)
        width = (self.half_width / REFERENCE_HALF_WIDTH).sqrt()
        radius = uniform(0.15, 0.34, batch) * width
        kind = torch.rand(batch)
        height = torch.where(kind < 0.3, 0.02, torch.where(kind < 0.75, 0.1, uniform(0.1, 0.35, batch)))
        small = torch.rand(batch) < settings.small_share
        radius = torch.where(small, uniform(0.05, 0.15, batch), radius)
        height = torch.where(small, radius * uniform(0.5, 2.5, batch), height)
        cylinder = cylinder_scene(self.points, radius, height)
        filling = view_scene(self.points, self.goal_rotation, self.goal_position, self.half_width,
                             self.half_height, uniform(0.02, 0.5, batch))
        use_view = torch.rand(batch, 1, 1) < settings.view_scene_share
        self.scene = torch.where(use_view, filling, cylinder)
        self.centre = self.scene.mean(1)
        self.centre_at_goal = to_camera_one(self.goal_rotation, self.goal_position, self.centre)
        self.goal_distance = self.centre_at_goal.norm(dim=-1)

    def _choose_drivers(self) -> None:
        batch, settings = self.batch, self.settings
        draw = torch.rand(batch, 1)
        self.other_driven = draw < settings.other_share
        self.teacher_driven = (draw >= settings.other_share) & (torch.rand(batch, 1) < settings.teacher_share)
        forgetful = self.other_driven & (torch.rand(batch, 1) < settings.forget_share)
        always = torch.rand(batch, 1) < 0.5
        self.forget_chance = forgetful * torch.where(always, 1.0, 0.05)
        self.driver = OtherDriver(batch, *self.place, self.centre)
        self.pace = self._draw_pace()

    def _draw_pace(self) -> Tensor:
        spread = self.settings.pace_spread
        return log_uniform(1 / spread, spread, self.batch, 1)

    def _choose_start(self) -> None:
        """A pose on the teacher's path: rotation scaled, scene centre on its straight line."""
        batch, settings = self.batch, self.settings
        rotation, position = self.start
        share = torch.where(torch.rand(batch, 1) < settings.whole_path_share, 1.0,
                            log_uniform(settings.nearest_start, settings.farthest_partial_start, batch, 1))
        at_goal = self.other_driven & (torch.rand(batch, 1) < settings.at_goal_share)
        share = torch.where(at_goal, (torch.rand(batch, 1) < 0.5) * log_uniform(0.001, 0.02, batch, 1), share)
        turn = rotation_to_vector(self.goal_rotation.transpose(1, 2) @ rotation)
        self.rotation = self.goal_rotation @ rotation_from_vector(turn * share)
        start = to_camera_one(rotation, position, self.centre)
        centre = self.centre_at_goal + (start - self.centre_at_goal) * share
        self.position = self.centre - (self.rotation @ centre[..., None])[..., 0]

    def _match_goal(self) -> None:
        batch, points = self.batch, self.points
        goals = project(to_camera(self.goal_rotation, self.goal_position, self.scene))
        wobble = (self.half_width / REFERENCE_HALF_WIDTH)[:, None, None] * uniform(0, self.settings.noise.goal_jitter, batch, 1, 1)
        self.goals = goals + wobble * uniform(-1, 1, batch, points, 2)
        count = points
        if points > IDENTITY_BELOW:
            count = round(0.9 * math.sqrt(points) * random.uniform(0.7, 1.4))
            count = max(MIN_CLUSTERS, min(24, count))
        self.member, self.cluster_centres = cluster_points(self.goals, count)
        self.noise = MatchNoise(self.settings.noise, self.goals, self.half_width, self.half_height)
        self.hidden = torch.zeros(batch, self.cluster_centres.shape[1], HIDDEN_WIDTH)

    def observe(self) -> tuple[Tensor, Tensor]:
        """Reported points [B,N,2] and visibility [B,N]; disturbs the memory where the episode says so."""
        self._disturb_memory()
        in_camera = to_camera(self.rotation, self.position, self.scene)
        likeness = view_likeness(self.scene, self.goal_position, self.position)
        return self.noise.observe(project(in_camera), in_camera[..., 2] > 0.01, likeness)

    def _disturb_memory(self) -> None:
        """Clears the memory of forgetful scenes and mixes up a few others'."""
        forget = torch.rand(self.batch, 1, 1) < self.forget_chance[..., None]
        mixed_up = torch.rand(self.batch, 1, 1) < self.settings.mix_up_chance
        other = self.hidden[torch.randperm(self.batch)]
        self.hidden = torch.where(mixed_up, other, self.hidden) * ~forget

    def teacher_velocity(self) -> Tensor:
        """The teacher's velocity [B,6] in metres."""
        return centre_keeping_velocity(self.rotation, self.position, self.goal_rotation,
                                       self.goal_position, self.centre)

    def label(self, teacher: Tensor) -> Tensor:
        """The teacher's velocity with its translation in goal distances."""
        return in_goal_distances(teacher, self.goal_distance)

    def advance(self, policy: Tensor, teacher: Tensor) -> None:
        """Moves every camera by its driver; ``policy`` [B,6] has its translation in goal distances."""
        drive = in_metres(policy, self.goal_distance)
        drive = torch.where(self.teacher_driven, teacher, drive) * self.pace
        self.pace = torch.where(torch.rand(self.batch, 1) < PACE_REDRAW, self._draw_pace(), self.pace)
        other = self.driver.velocity(self.rotation, self.position, teacher)
        drive = torch.where(self.other_driven, other, drive)
        drive = torch.where(self.abnormal()[:, None], teacher, drive).clamp(-MAX_SPEED, MAX_SPEED)
        self.rotation, self.position = integrate(self.rotation, self.position, drive * GAIN, self.time_step)

    def abnormal(self) -> Tensor:
        """Cameras [B] too far off, with the scene behind them, underground or looking up."""
        centre = to_camera_one(self.rotation, self.position, self.centre)
        return ((self.position.norm(dim=-1) > 1.8) | (centre[:, 2] < 0.05)
                | (self.position[:, 2] < 0.02) | (self.rotation[:, 2, 2] > -0.1))
