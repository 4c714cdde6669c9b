"""Assignment of cells to figures, and the loss.

Task-aligned assignment (Feng et al., TOOD, 2021): the cells inside a figure whose current score and box fit it
best are assigned to it; their target score is that fit. Boxes are trained with complete IoU (Zheng et al., 2020).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .network import Cells

ASSIGNED_CELLS = 10
SCORE_POWER, OVERLAP_POWER = 0.5, 6.0
MIN_REACH = 4.5
"""Radius in pixels around a figure's centre that counts as inside, so that the smallest figures contain some cells.
"""
MIN_STRIDES = 1.5
"""Minimum longest side of a figure, in strides, for a grid to be assigned; the finest grid is used for all sizes."""
BOX_WEIGHT, SCORE_WEIGHT = 5.0, 1.0
TINY = 1e-7


def overlap(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union of boxes [..., 4] that broadcast."""
    low, high = torch.maximum(first[..., :2], second[..., :2]), torch.minimum(first[..., 2:], second[..., 2:])
    inner = (high - low).clamp(min=0).prod(-1)
    area = lambda boxes: (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)
    return inner / (area(first) + area(second) - inner + TINY)


def complete_overlap(first: Tensor, second: Tensor) -> Tensor:
    """IoU minus penalties for centre distance and aspect ratio."""
    iou = overlap(first, second)
    hull = torch.maximum(first[..., 2:], second[..., 2:]) - torch.minimum(first[..., :2], second[..., :2])
    apart = (first[..., :2] + first[..., 2:] - second[..., :2] - second[..., 2:]) / 2
    distance = apart.square().sum(-1) / (hull.square().sum(-1) + TINY)
    angle = lambda boxes: torch.atan((boxes[..., 2] - boxes[..., 0]) / (boxes[..., 3] - boxes[..., 1] + TINY))
    proportion = (4 / torch.pi ** 2) * (angle(first) - angle(second)).square()
    with torch.no_grad():
        weight = proportion / (1 - iou + proportion + TINY)
    return iou - distance - weight * proportion


@torch.no_grad()
def assign(boxes: Tensor, scores: Tensor, grid: Cells, truth: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """For one image: (index of the figure of each cell or -1, target score of each cell).

    boxes [cells, 4] and scores [cells, labels] are predictions; truth [figures, 4]; labels [figures].
    """
    figures, count = len(truth), len(grid.centres)
    owner, target = torch.full((count,), -1), torch.zeros(count)
    if figures == 0:
        return owner, target
    middle, half = (truth[:, :2] + truth[:, 2:]) / 2, (truth[:, 2:] - truth[:, :2]) / 2
    inside = ((grid.centres[None] - middle[:, None]).abs() < half[:, None].clamp(min=MIN_REACH)).all(-1)
    strides = grid.strides.T
    inside &= (2 * half.amax(1, keepdim=True) >= MIN_STRIDES * strides) | (strides == strides.min())
    iou = overlap(truth[:, None], boxes[None]) * inside
    fit = scores[:, labels].T.pow(SCORE_POWER) * iou.pow(OVERLAP_POWER) * inside
    best = (fit + inside * 1e-9).topk(min(ASSIGNED_CELLS, count), 1)
    chosen = torch.zeros_like(inside).scatter_(1, best.indices, best.values > 0)
    # A cell selected by several figures is assigned to the one with the largest overlap.
    ranked = torch.where(chosen, iou + 1e-6, torch.zeros(()))
    value, figure = ranked.max(0)
    owner = torch.where(value > 0, figure, -1)
    mine = chosen & (owner[None] == torch.arange(figures)[:, None])
    fit, iou = fit * mine, iou * mine
    scaled = fit / (fit.amax(1, keepdim=True) + TINY ** 2) * iou.amax(1, keepdim=True)
    return owner, torch.where(owner >= 0, scaled.amax(0), target)


def detection_loss(corners: Tensor, logits: Tensor, grid: Cells, truths: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """(loss of the boxes, loss of the scores) of a batch; corners [n, cells, 4], logits [n, cells, labels]."""
    scores = logits.detach().sigmoid()
    targets, owned, weights, wanted = torch.zeros_like(logits), [], [], []
    for n, (boxes, labels) in enumerate(truths):
        owner, target = assign(corners[n].detach(), scores[n], grid, boxes, labels)
        mine = torch.nonzero(owner >= 0).squeeze(1)
        targets[n, mine, labels[owner[mine]]] = target[mine]
        owned.append(corners[n, mine])
        weights.append(target[mine])
        wanted.append(boxes[owner[mine]])
    weight = torch.cat(weights)
    total = weight.sum().clamp(min=1)
    box_loss = ((1 - complete_overlap(torch.cat(owned), torch.cat(wanted))) * weight).sum() / total
    score_loss = F.binary_cross_entropy_with_logits(logits, targets, reduction='sum') / total
    return BOX_WEIGHT * box_loss, SCORE_WEIGHT * score_loss
