import pytest
import torch

from detection.loss import assign, complete_overlap, detection_loss, overlap
from detection.network import cells


def box(*corners):
    return torch.tensor(corners, dtype=torch.float32)


def test_overlap_of_squares():
    # 5 x 10 of 150 are shared.
    assert overlap(box(0, 0, 10, 10), box(5, 0, 15, 10)).item() == pytest.approx(1 / 3, abs=1e-5)


def test_complete_overlap_counts_distance_and_proportion():
    assert complete_overlap(box(0, 0, 10, 10), box(0, 0, 10, 10)).item() == pytest.approx(1, abs=1e-5)
    # Side by side: no overlap, centres 10 apart, hull 20 x 10: -(10^2) / (20^2 + 10^2).
    assert complete_overlap(box(0, 0, 10, 10), box(10, 0, 20, 10)).item() == pytest.approx(-0.2, abs=1e-5)


def test_the_cells_that_fit_best_answer():
    grid = cells(64, 64)
    centres = grid.centres
    truth, labels = box(8, 8, 56, 56)[None], torch.tensor([1])
    boxes = truth.repeat(len(centres), 1)
    scores = torch.full((len(centres), 2), 0.5)
    owner, target = assign(boxes, scores, grid, truth, labels)
    chosen = torch.nonzero(owner == 0).squeeze(1)
    assert len(chosen) == 10
    assert ((centres[chosen] > 8) & (centres[chosen] < 56)).all()
    assert target[chosen].max().item() == pytest.approx(1, abs=1e-4) and target[owner < 0].max() == 0


def test_the_smallest_figures_belong_to_the_finest_grid():
    grid = cells(64, 64)
    boxes = torch.cat([grid.centres - grid.strides, grid.centres + grid.strides], 1)
    scores = torch.full((len(boxes), 2), 0.01)
    strides_of = lambda *corners: set(grid.strides[assign(boxes, scores, grid, box(*corners)[None], torch.tensor([0]))[0] == 0].ravel().tolist())
    assert strides_of(13, 13, 19, 19) == {4}
    # From a stride and a half, the next grid is assigned as well: 12 pixels for stride 8.
    assert 8 not in strides_of(10, 10, 21, 21) and 8 in strides_of(8, 8, 24, 24)


def test_a_scene_without_figures_trains_scores_alone():
    grid = cells(64, 64)
    count = len(grid.centres)
    logits = torch.zeros(1, count, 2, requires_grad=True)
    nothing = [(torch.zeros(0, 4), torch.zeros(0, dtype=torch.long))]
    box_loss, score_loss = detection_loss(torch.zeros(1, count, 4), logits, grid, nothing)
    assert box_loss.item() == 0 and score_loss.item() > 0
