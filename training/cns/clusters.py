"""Clusters of the goal points, once per goal."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

CLUSTER_FACTOR = 0.9
MIN_CLUSTERS = 4
IDENTITY_BELOW = 16
LLOYD_STEPS = 4


def cluster_count(points: int) -> int:
    """Number of clusters that the product uses for this many goal points."""
    if points <= IDENTITY_BELOW:
        return points
    return max(MIN_CLUSTERS, round(CLUSTER_FACTOR * math.sqrt(points)))


def cluster_points(points: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """k-means with distance-squared seeding, batched.

    points [B,N,2]; returns membership [B,count,N] of 0 and 1 and the centres [B,count,2], each the
    member nearest to the coordinate-wise median of its cluster.
    """
    batch, total, _ = points.shape
    if count >= total:
        return torch.eye(total).expand(batch, total, total).contiguous(), points
    means = _lloyd(points, _seed(points, count))
    nearest = torch.cdist(points, means).argmin(-1)
    member = F.one_hot(nearest, count).to(points.dtype).transpose(1, 2).contiguous()
    outside = torch.where(member > 0, 0.0, torch.nan)
    # The coordinate-wise median ignores the other clusters' points, which are nan here.
    median = torch.stack([(points[:, None, :, axis] + outside).nanmedian(2).values for axis in (0, 1)], -1)
    median = torch.where(median.isnan(), means, median)
    distance = torch.cdist(median, points) + 1e3 * (1 - member)
    chosen = distance.argmin(-1)
    return member, points.gather(1, chosen[..., None].expand(batch, count, 2))


def _seed(points: Tensor, count: int) -> Tensor:
    """k-means++ starting means [B,count,2]."""
    batch, total, _ = points.shape
    rows = torch.arange(batch)
    means = torch.empty(batch, count, 2, dtype=points.dtype)
    means[:, 0] = points[rows, torch.randint(0, total, (batch,))]
    squared = ((points - means[:, :1]) ** 2).sum(-1)
    for k in range(1, count):
        pick = torch.multinomial(squared.clamp(min=1e-12), 1)[:, 0]
        means[:, k] = points[rows, pick]
        squared = torch.minimum(squared, ((points - means[:, k:k + 1]) ** 2).sum(-1))
    return means


def _lloyd(points: Tensor, means: Tensor) -> Tensor:
    """A few rounds of assignment and averaging; an empty cluster keeps its mean."""
    for _ in range(LLOYD_STEPS):
        nearest = torch.cdist(points, means).argmin(-1)
        member = F.one_hot(nearest, means.shape[1]).to(points.dtype).transpose(1, 2)
        size = member.sum(2, keepdim=True)
        means = torch.where(size > 0, (member @ points) / size.clamp(min=1), means)
    return means
