import torch
import torch.nn.functional as F

from cns.clusters import cluster_points
from cns.network import CnsNetwork, ClusterMessage, PointEncoder


def test_dense_pooling_equals_a_softmax_over_each_clusters_visible_points():
    torch.manual_seed(1)
    points, clusters = 30, 5
    of_cluster = torch.arange(points) % clusters
    visible = torch.rand(points) < 0.5
    visible[of_cluster == 2] = False
    logits, values = 8 * torch.randn(1, points, 128), torch.randn(1, points, 128)
    member = F.one_hot(of_cluster, clusters).float().T[None]
    pooled = PointEncoder.pool(logits, values, member * visible.float())
    for k in range(clusters):
        rows = visible & (of_cluster == k)
        expected = torch.zeros(128)
        if rows.any():
            expected = F.relu((torch.softmax(logits[0, rows], 0) * values[0, rows]).sum(0))
        assert torch.allclose(pooled[0, k], expected, atol=1e-5)


def test_message_layer_equals_the_pairwise_maximum():
    torch.manual_seed(2)
    layer = ClusterMessage(6, 4)
    features, centers = torch.randn(1, 5, 6), torch.randn(1, 5, 2)
    visible = torch.tensor([True, True, False, True, True])
    outputs = layer(features, centers, visible[None, :, None])[0]
    for i in range(5):
        pairs = [layer.linear(torch.cat([features[0, i], features[0, j] - features[0, i], centers[0, j] - centers[0, i]]))
                 for j in range(5) if visible[j]]
        expected = torch.stack(pairs).amax(0) if visible[i] else torch.zeros(4)
        assert torch.allclose(outputs[i], expected, atol=1e-5)


def test_hidden_rows_do_not_influence_the_answer():
    torch.manual_seed(3)
    network = CnsNetwork()
    goals = torch.rand(1, 24, 2) - 0.5
    member, centers = cluster_points(goals, 4)
    visible = (torch.rand(1, 24) < 0.6).float()
    points, hidden = goals + 0.05, torch.zeros(1, 4, 128)
    garbage = torch.where(visible[..., None] > 0, points, torch.tensor(3.0))
    first = network(points, visible, goals, centers, member, hidden)
    second = network(garbage, visible, goals, centers, member, hidden)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(first, second, strict=True))


def test_a_frame_without_any_visible_point_stays_finite():
    torch.manual_seed(4)
    network = CnsNetwork()
    goals = torch.rand(1, 24, 2) - 0.5
    member, centers = cluster_points(goals, 4)
    outputs = network(torch.zeros_like(goals), torch.zeros(1, 24), goals, centers, member, torch.zeros(1, 4, 128))
    assert all(part.isfinite().all() for part in outputs)


def test_clusters_share_out_all_points_and_have_a_member_as_centre():
    torch.manual_seed(5)
    goals = torch.rand(3, 90, 2)
    member, centers = cluster_points(goals, 9)
    assert torch.equal(member.sum(1), torch.ones(3, 90))
    for b in range(3):
        for k in range(9):
            own = goals[b, member[b, k] > 0]
            assert (own == centers[b, k]).all(1).any()
