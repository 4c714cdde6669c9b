"""Start and goal poses, scenes and match noise of the closed-loop test.

Everything is drawn once from ``BENCHMARK_SEED``, which training never uses.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from .geometry import (project, rotation_from_vector, rotation_to_vector, to_camera, uniform)
from .scenes import GOAL_POSES, START_POSES, disc, sample_poses

BENCHMARK_SEED = 7_150_417
PAIRS = 150
POINTS = 256
FOCAL = 540.0
HALF_SIZE = (320 / FOCAL, 240 / FOCAL)
OBJECT_SHARE = 0.7
BLOB_RADIUS = 0.03
_CANDIDATES = 4_000
_ROTATION_THIRDS = ((2.7, 45.0), (45.0, 89.0), (94.0, 179.9))
_TRANSLATION = (0.01, 0.49)


@dataclass(frozen=True)
class Level:
    """Quality of the matches. Jitter in pixels (uniform, +-), shares in 0..1."""

    name: str
    jitter: float
    wrong: float
    visibility: float | None
    """Visibility of a point seen from the goal view; None means that only the field of view decides."""


LEVELS = {level.name: level for level in (
    Level('clean', 0.0, 0.0, None),
    Level('typical', 0.5, 0.05, 0.9),
    Level('hard', 1.0, 0.15, 0.54),
    Level('severe', 1.5, 0.35, 0.3),
)}


@dataclass
class Pairs:
    """Servo tasks sorted by start rotation: poses, scene points [B,N,3] and goal distances [B]."""

    goal_rotation: Tensor
    goal_position: Tensor
    rotation: Tensor
    position: Tensor
    scene: Tensor
    goal_distance: Tensor

    def statistics(self) -> dict[str, float]:
        """Ranges and means of the start offsets, for comparison with the published ones."""
        turn, shift = pose_error(self.rotation, self.position, self.goal_rotation, self.goal_position)
        third = len(turn) // 3
        return {
            'rotation_min': turn.min().item(), 'rotation_max': turn.max().item(),
            'rotation_mean': turn.mean().item(), 'rotation_mean_S': turn[:third].mean().item(),
            'rotation_mean_M': turn[third:2 * third].mean().item(), 'rotation_mean_L': turn[2 * third:].mean().item(),
            'translation_min_cm': shift.min().item() * 100, 'translation_max_cm': shift.max().item() * 100,
            'translation_mean_cm': shift.mean().item() * 100,
            'goal_distance_min': self.goal_distance.min().item(),
            'goal_distance_max': self.goal_distance.max().item(),
            'goal_distance_mean': self.goal_distance.mean().item(),
        }


def pose_error(rotation: Tensor, position: Tensor, goal_rotation: Tensor, goal_position: Tensor) -> tuple[Tensor, Tensor]:
    """Angle in degrees and distance in metres [B] between two sets of poses."""
    turn = rotation_to_vector(goal_rotation.transpose(1, 2) @ rotation).norm(dim=-1)
    return torch.rad2deg(turn), (position - goal_position).norm(dim=-1)


def draw_pairs(count: int = PAIRS, seed: int = BENCHMARK_SEED) -> Pairs:
    """The servo tasks: rotations and translations spread evenly over the published ranges."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        goal_rotation, goal_position = sample_poses(count, GOAL_POSES)
        starts = [_draw_start(goal_rotation[k], goal_position[k], target)
                  for k, target in enumerate(_rotation_targets(count))]
        scene = _draw_scene(count)
    distance = goal_position.norm(dim=-1)
    pairs = Pairs(goal_rotation, goal_position, torch.stack([r for r, _ in starts]),
                  torch.stack([p for _, p in starts]), scene, distance)
    order = pose_error(pairs.rotation, pairs.position, goal_rotation, goal_position)[0].argsort()
    return Pairs(*(getattr(pairs, name)[order].double() for name in Pairs.__dataclass_fields__))


def _rotation_targets(count: int) -> list[float]:
    thirds = [torch.linspace(low, high, count // 3 + (k < count % 3)) for k, (low, high) in enumerate(_ROTATION_THIRDS)]
    return torch.cat(thirds).tolist()


def _draw_start(goal_rotation: Tensor, goal_position: Tensor, target_rotation: float) -> tuple[Tensor, Tensor]:
    """Among many poses between the goal and a random pose, the one nearest to the requested offsets."""
    number = _CANDIDATES
    rotation, position = sample_poses(number, START_POSES)
    share, nearness = torch.rand(number, 1), torch.rand(number, 1)
    turn = rotation_to_vector(goal_rotation.T @ rotation) * share
    rotation = goal_rotation @ rotation_from_vector(turn)
    position = goal_position + (position - goal_position) * nearness.maximum(share * 0.5)
    shift_wish = uniform(*_TRANSLATION, 1)
    miss = ((torch.rad2deg(turn.norm(dim=-1)) - target_rotation).abs() / 2
            + ((position - goal_position).norm(dim=-1) - shift_wish).abs() / 0.02
            + _aim_error(rotation, position) * 20)
    best = miss.argmin()
    return rotation[best], position[best]


def _aim_error(rotation: Tensor, position: Tensor) -> Tensor:
    """How far the scene is from the centre of the image; 0 when well inside."""
    origin = torch.zeros(rotation.shape[0], 1, 3)
    in_camera = to_camera(rotation, position, origin)
    offset = project(in_camera)[:, 0].norm(dim=-1)
    return (offset - 0.2).clamp(min=0) + (in_camera[:, 0, 2] < 0.3) * 10.0


def _draw_scene(batch: int) -> Tensor:
    """256 points: 70 % in 3 cm blobs on and above the ground, the rest on the ground plane."""
    on_objects = round(POINTS * OBJECT_SHARE)
    blobs = 8
    centres = torch.cat([disc(batch, blobs) * 0.17, uniform(0.0, 0.1, batch, blobs, 1)], -1)
    which = torch.randint(0, blobs, (batch, on_objects))
    inside = torch.nn.functional.normalize(torch.randn(batch, on_objects, 3), dim=-1)
    inside = inside * torch.rand(batch, on_objects, 1) ** (1 / 3) * BLOB_RADIUS
    objects = centres.gather(1, which[..., None].expand(batch, on_objects, 3)) + inside
    ground = torch.cat([disc(batch, POINTS - on_objects) * 0.25, torch.zeros(batch, POINTS - on_objects, 1)], -1)
    return torch.cat([objects, ground], 1)


class LevelNoise:
    """Match noise of one level for a batch of servos."""

    DWELL_FRAMES = 10
    SWAP_FRAMES = 25

    def __init__(self, level: Level, batch: int, points: int, focal: float = FOCAL,
                 half_size: tuple[float, float] = HALF_SIZE):
        self.level, self.focal = level, focal
        self.extent = torch.tensor(half_size, dtype=torch.float64)
        self.luck = torch.rand(batch, points)
        self.swapped = torch.rand(batch, points) < level.wrong / 2
        self.partner = torch.randint(0, points, (batch, points))

    def observe(self, in_camera: Tensor, likeness: Tensor) -> tuple[Tensor, Tensor]:
        """Reported points [B,N,2] and visibility [B,N] of 0 and 1, float64."""
        level, (batch, points) = self.level, in_camera.shape[:2]
        image = project(in_camera, limit=100.0)
        seen = (image.abs() < self.extent).all(-1) & (in_camera[..., 2] > 0.01)
        reported, wrong = self._with_wrong(image)
        reported = reported + level.jitter / self.focal * uniform(-1, 1, batch, points, 2)
        redraw = torch.rand(batch, points) < 1 / self.DWELL_FRAMES
        self.luck = torch.where(redraw, torch.rand(batch, points), self.luck)
        visible = (seen | wrong) & (reported.abs() < self.extent).all(-1)
        if level.visibility is not None:
            visible = visible & (self.luck < level.visibility * likeness)
        return reported * visible[..., None], visible.double()

    def _with_wrong(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Half of the wrong matches are new in every frame, half are swapped with another point for a while."""
        batch, points = image.shape[:2]
        redraw = torch.rand(batch, points) < 1 / self.SWAP_FRAMES
        self.swapped = torch.where(redraw, torch.rand(batch, points) < self.level.wrong / 2, self.swapped)
        self.partner = torch.where(redraw, torch.randint(0, points, (batch, points)), self.partner)
        other = image.gather(1, self.partner[..., None].expand(batch, points, 2))
        fresh = torch.rand(batch, points) < self.level.wrong / 2
        anywhere = uniform(-1, 1, batch, points, 2) * self.extent
        reported = torch.where(self.swapped[..., None], other, image)
        return torch.where(fresh[..., None], anywhere, reported), fresh | self.swapped

    def keep(self, rows: Tensor) -> None:
        """Keeps only the given servo runs."""
        self.luck, self.swapped, self.partner = self.luck[rows], self.swapped[rows], self.partner[rows]
