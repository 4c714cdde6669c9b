from dataclasses import replace

import pytest
import torch

from detection.export import check_parity, export_graph
from detection.network import SIZE, DecodedNetwork, DetectorNetwork, load_network
from detection.train import Phase, Trainer
from tests.resuming import check_resuming
from training_loop import with_budgets

SHORT = (Phase('short', 0.001, 1e-3, 1e-4, size=64),)


def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(tmp_path):
    check_resuming(tmp_path, lambda folder: Trainer(folder, 7, None, with_budgets(SHORT, '1e6')))


def test_the_finest_grid_alone_is_trained(tmp_path):
    trainer = Trainer(tmp_path, 1, None, (replace(SHORT[0], finest_only=True),))
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.run()
    changed = {name for name, value in trainer.network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {name for name in before if name.startswith('fine.')}


def test_the_exported_graph_answers_as_torch_does(tmp_path):
    Trainer(tmp_path, 1, None, SHORT).run()
    network = DecodedNetwork(load_network(tmp_path / 'checkpoint.pt')).eval()
    export_graph(network, tmp_path / 'model.onnx')
    difference = check_parity(network, tmp_path / 'model.onnx')
    assert difference['pixels'] < 1e-3 and difference['scores'] < 1e-4
    assert (tmp_path / 'model.onnx').stat().st_size < 3_000_000


def test_decoded_boxes_are_centre_and_size_around_their_cells():
    network = DetectorNetwork().eval()
    for branch in [network.fine.box_branch, *network.box_branch]:
        torch.nn.init.zeros_(branch[-1].weight)
        torch.nn.init.zeros_(branch[-1].bias)
    with torch.no_grad():
        output = DecodedNetwork(network).eval()(torch.zeros(1, 3, SIZE, SIZE))[0]
    assert output.shape == (12, 80 * 80 + 40 * 40 + 20 * 20 + 10 * 10)
    # Distances of one stride to each side: the first cell of stride 4 has its middle at (2, 2) and a side of 8.
    assert output[:4, 0].tolist() == pytest.approx([2, 2, 8, 8])
    assert output[:4, 81].tolist() == pytest.approx([6, 6, 8, 8])
    assert output[:4, 80 * 80 + 39].tolist() == pytest.approx([316, 4, 16, 16])
