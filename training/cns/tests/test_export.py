import json

import numpy as np
import pytest
import torch

from cns.export import POLICY_INPUTS, check_parity, export_graphs, fixture
from cns.network import CnsNetwork
from cns.policies import open_session


@pytest.fixture(scope='module')
def exported(tmp_path_factory):
    torch.manual_seed(11)
    network, folder = CnsNetwork().eval(), tmp_path_factory.mktemp('graphs')
    export_graphs(network, folder)
    return network, folder


def test_graphs_equal_torch_on_all_sizes_and_with_empty_clusters(exported):
    assert check_parity(*exported) < 1e-4


def test_policy_graph_has_the_published_names_and_no_external_data(exported):
    _, folder = exported
    session = open_session(folder / 'policy.onnx')
    assert tuple(value.name for value in session.get_inputs()) == POLICY_INPUTS
    assert [value.name for value in session.get_outputs()] == ['velocity', 'hidden_out']
    assert sorted(path.suffix for path in folder.iterdir()) == ['.onnx'] * 4


def test_empty_clusters_give_finite_answers_in_onnxruntime(exported):
    _, folder = exported
    session = open_session(folder / 'policy.onnx')
    frame = {name: value.numpy() for name, value in fixture(60, 7, empty=6, seed=2).items()}
    assert all(np.isfinite(part).all() for part in session.run(None, frame))


def test_doubling_the_distance_doubles_the_translation_alone(exported):
    _, folder = exported
    session = open_session(folder / 'policy.onnx')
    frame = {name: value.numpy() for name, value in fixture(40, 6).items()}
    near = session.run(['velocity'], frame)[0]
    far = session.run(['velocity'], {**frame, 'dist': frame['dist'] * 2})[0]
    assert np.allclose(far, near * [2, 2, 2, 1, 1, 1], rtol=1e-5)


def test_shipped_files_match_their_manifest():
    from hashlib import sha256

    from cns.evaluate import SHIPPED

    manifest = json.loads((SHIPPED / 'manifest.json').read_text())
    for record in manifest['files'].values():
        content = (SHIPPED / record['path']).read_bytes()
        assert (len(content), sha256(content).hexdigest()) == (record['bytes'], record['sha256'])
