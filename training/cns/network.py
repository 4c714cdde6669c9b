"""The CNS policy network in dense form (after arXiv 2309.09047).

Points belong to clusters by a membership matrix of zeros and ones, so that ragged clusters need
neither padding nor scatter operations. Shapes: B scenes, N points, C clusters, 128 channels.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HIDDEN_WIDTH = 128
_EXCLUDED = -1e30
"""Added instead of minus infinity: it loses every maximum and stays finite when all are excluded."""


class GoalFeatures(NamedTuple):
    """What depends on the goal points alone and is computed once a servo."""

    queries: Tensor
    """[B,C,128] cluster part of the attention logits."""
    logits: Tensor
    """[B,N,128] attention logits of the goal branch."""
    values: Tensor
    """[B,N,128] values of the goal branch."""


class ClusterMessage(nn.Module):
    """One linear layer on [x_i, x_j - x_i, c_j - c_i], maximum over the clusters j.

    The layer is linear, so the pairwise form splits into a part of i and a part of j, and the
    maximum runs over the j part alone: exact, and linear in the number of clusters.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.inputs = inputs
        self.linear = nn.Linear(2 * inputs + 2, outputs)

    def forward(self, features: Tensor, centers: Tensor, visible: Tensor | None) -> Tensor:
        """Messages [B,C,outputs]; ``visible`` [B,C,1] bool, or None for all clusters."""
        weight, k = self.linear.weight, self.inputs
        joined = torch.cat([features, centers], -1)
        own_weight = torch.cat([weight[:, :k] - weight[:, k:2 * k], -weight[:, 2 * k:]], 1)
        own = F.linear(joined, own_weight, self.linear.bias)
        other = F.linear(joined, weight[:, k:])
        if visible is None:
            return own + other.amax(1, keepdim=True)
        other = other.masked_fill(~visible, _EXCLUDED)
        return (own + other.amax(1, keepdim=True)) * visible.to(own.dtype)


class GraphNorm(nn.Module):
    """Normalisation over all clusters of a scene, masked ones included, with a learnt mean share."""

    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))
        self.mean_share = nn.Parameter(torch.ones(width))

    def forward(self, features: Tensor) -> Tensor:
        centred = features - features.mean(1, keepdim=True) * self.mean_share
        spread = (centred.pow(2).mean(1, keepdim=True) + 1e-5).sqrt()
        return self.weight * centred / spread + self.bias


class ResidualBlock(nn.Module):
    """Message layer, GraphNorm, linear layer and a skip connection."""

    def __init__(self, width: int):
        super().__init__()
        self.message = ClusterMessage(width, width)
        self.norm = GraphNorm(width)
        self.linear = nn.Linear(width, width)

    def forward(self, features: Tensor, centers: Tensor, visible: Tensor) -> Tensor:
        update = F.relu(self.norm(self.message(features, centers, visible)))
        return F.relu(self.linear(update) + features)


class PointEncoder(nn.Module):
    """Per-channel attention that sums the points of each cluster into one feature."""

    def __init__(self, width: int):
        super().__init__()
        self.point_in = nn.Linear(2, width)
        self.offset_in = nn.Linear(4, width)
        self.offset_out = nn.Linear(width, width)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.logit_in = nn.Linear(width, width)
        self.logit_out = nn.Linear(width, width)

    def queries(self, centers: Tensor) -> Tensor:
        """Cluster part [B,C,width] of the attention logits."""
        return self.query(F.relu(self.point_in(centers)))

    def points(self, points: Tensor, goals: Tensor, centers: Tensor, queries: Tensor,
               member: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and values [B,N,width] of points [B,N,2]; membership [B,C,N]."""
        of_cluster = member.transpose(1, 2)
        own_center = of_cluster @ centers
        embedded = F.relu(self.point_in(points))
        offsets = torch.cat([own_center - points, own_center - goals], -1)
        offset = self.offset_out(F.relu(self.offset_in(offsets)))
        logits = of_cluster @ queries - self.key(embedded) + offset
        return self.logit_out(F.relu(self.logit_in(logits))), self.value(embedded) + offset

    @staticmethod
    def pool(logits: Tensor, values: Tensor, seen: Tensor) -> Tensor:
        """Softmax over the visible points of each cluster, per channel; empty clusters give 0.

        Subtracting the cluster's mean logit keeps the sum of exponentials of a non-empty cluster
        at 1 or more, so the floor of 0.5 changes nothing there and avoids 0/0 in an empty one.
        """
        count = seen.sum(2, keepdim=True).clamp(min=1)
        mean = (seen @ logits) / count
        weights = (logits - seen.transpose(1, 2) @ mean.detach()).clamp(-60, 60).exp()
        total = (seen @ weights).clamp(min=0.5)
        return F.relu((seen @ (weights * values)) / total)


class CnsNetwork(nn.Module):
    """Correspondences and memory in, direction and size of the camera velocity out."""

    def __init__(self, width: int = HIDDEN_WIDTH):
        super().__init__()
        self.width = width
        self.encoder = PointEncoder(width)
        self.merge = nn.Linear(2 * width, width)
        self.block_before = ResidualBlock(width)
        self.memory_gates = ClusterMessage(2 * width, 2 * width)
        self.memory_candidate = ClusterMessage(2 * width, width)
        self.block_after = ResidualBlock(width)
        self.readout_gate = nn.Linear(width, 1)
        self.direction_in = nn.Linear(width, width)
        self.direction_out = nn.Linear(width, 6)
        self.magnitude_in = nn.Linear(width, width)
        self.magnitude_out = nn.Linear(width, 1)

    def goal_features(self, goals: Tensor, centers: Tensor, member: Tensor) -> GoalFeatures:
        """The goal branch: goals [B,N,2], cluster centres [B,C,2], membership [B,C,N]."""
        queries = self.encoder.queries(centers)
        return GoalFeatures(queries, *self.encoder.points(goals, goals, centers, queries, member))

    def forward(self, points: Tensor, visible: Tensor, goals: Tensor, centers: Tensor, member: Tensor,
                hidden: Tensor, goal: GoalFeatures | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """One frame.

        points [B,N,2] (0 where not visible), visible [B,N] of 0 and 1, hidden [B,C,128].
        Returns direction [B,6], magnitude [B,1] and the new hidden state.
        """
        goal = goal if goal is not None else self.goal_features(goals, centers, member)
        seen = member * visible[:, None, :]
        cluster_seen = seen.sum(2, keepdim=True) > 0
        logits, values = self.encoder.points(points, goals, centers, goal.queries, member)
        current = self.encoder.pool(logits, values, seen)
        target = self.encoder.pool(goal.logits, goal.values, seen)
        merged = F.relu(self.merge(torch.cat([current, target - current], -1)))
        features = self.block_before(merged * cluster_seen.to(merged.dtype), centers, cluster_seen)
        hidden = self.remember(features, hidden, centers, cluster_seen)
        features = self.block_after(hidden, centers, cluster_seen)
        share = torch.softmax(self.readout_gate(features).masked_fill(~cluster_seen, _EXCLUDED), 1)
        summary = (share * features).sum(1)
        direction = self.direction_out(F.relu(self.direction_in(summary)))
        magnitude = self.magnitude_out(F.relu(self.magnitude_in(summary)))
        return direction, magnitude, hidden

    def remember(self, features: Tensor, hidden: Tensor, centers: Tensor, cluster_seen: Tensor) -> Tensor:
        """GRU-like update of the memory; the gates look at lost clusters too, the candidate does not."""
        gates = torch.sigmoid(self.memory_gates(torch.cat([features, hidden], -1), centers, None))
        reset, update = gates.split(self.width, -1)
        proposal = torch.cat([features, reset * hidden], -1)
        candidate = torch.tanh(self.memory_candidate(proposal, centers, cluster_seen))
        return (1 - update) * hidden + update * candidate


def velocity(direction: Tensor, magnitude: Tensor) -> Tensor:
    """Camera velocity [B,6] with the translation in goal distances per second."""
    length = direction.norm(dim=-1, keepdim=True).clamp(min=1e-7)
    return direction / length * (1 + F.elu(magnitude))
