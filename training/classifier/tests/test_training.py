import numpy as np
import pytest
import torch

from classifier.export import check_parity, export_graph
from classifier.network import SIZE, ClassifierNetwork, load_network, to_input
from classifier.render import draw
from classifier.replay import Replay
from classifier.train import Phase, Trainer
from tests.resuming import check_resuming
from training_loop import with_budgets

SHORT = (Phase('short', 0.001, 1e-3, 1e-4, size=32),)


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(tmp_path):
    check_resuming(tmp_path, lambda folder: Trainer(folder, 7, with_budgets(SHORT, '1e6')))


def test_the_weights_of_a_checkpoint_load(tmp_path):
    Trainer(tmp_path, 1, SHORT).run()
    network = load_network(tmp_path / 'checkpoint.pt')
    assert not network.training
    assert network(torch.zeros(1, 3, SIZE, SIZE)).shape == (1, 40)


def test_a_batch_is_the_same_whatever_was_drawn_before():
    warm, cold = Replay(5, 4, 6), Replay(5, 4, 6)
    for number in range(0, 80, 4):
        warm.batch(number, 32)
    for got, expected in zip(warm.batch(80, 32), cold.batch(80, 32), strict=True):
        assert np.array_equal(got, expected)


def test_replayed_pictures_keep_their_label_and_are_not_copies():
    pictures, labels = Replay(5, 4, 6).batch(400, 32)
    assert labels[:4].tolist() == [0, 1, 2, 3]
    originals = {draw('training', index, 32)[0].tobytes() for index in range(400)}
    # One in twelve is unchanged, neither rotated nor recoloured.
    assert sum(picture.tobytes() in originals for picture in pictures[4:]) < 6
    channel_sums = {tuple(sorted(draw('training', index, 32)[0].astype(int).sum((0, 1)))): index % 40 for index in range(400)}
    for picture, label in zip(pictures[4:], labels[4:]):
        assert channel_sums[tuple(sorted(picture.astype(int).sum((0, 1))))] == label


def test_input_is_planes_of_normalised_rgb():
    picture = np.zeros((1, 2, 3, 3), np.uint8)
    picture[0, 1, 2] = (255, 0, 51)
    planes = to_input(picture)
    assert planes.shape == (1, 3, 2, 3) and planes.dtype == np.float32
    assert planes[0, :, 1, 2] == pytest.approx([2.0, -2.0, -1.2])


def test_the_exported_graph_equals_torch_for_all_batches(tmp_path):
    torch.manual_seed(3)
    network = ClassifierNetwork().eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
    export_graph(network, tmp_path / 'model.onnx')
    assert check_parity(network, tmp_path / 'model.onnx') < 1e-4
    assert [path.name for path in tmp_path.iterdir()] == ['model.onnx']


def test_parity_refuses_another_network(tmp_path):
    export_graph(ClassifierNetwork().eval(), tmp_path / 'model.onnx')
    with pytest.raises(ValueError, match='differ'):
        check_parity(ClassifierNetwork().eval(), tmp_path / 'model.onnx')
