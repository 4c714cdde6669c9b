import json
from hashlib import sha256

import numpy as np
import pytest

from classifier.evaluate import NETWORK_FILE, SHIPPED, confusion_matrix, open_session
from classifier.labels import LABELS
from classifier.network import SIZE, to_input


@pytest.fixture(scope='module')
def manifest():
    return json.loads((SHIPPED / 'manifest.json').read_text())


def test_the_file_is_the_one_of_the_manifest_and_small(manifest):
    record = manifest['files']['model']
    content = (SHIPPED / record['path']).read_bytes()
    assert (len(content), sha256(content).hexdigest()) == (record['bytes'], record['sha256'])
    assert len(content) < 2_000_000 and record['path'] == NETWORK_FILE


def test_the_manifest_describes_the_input_that_training_used(manifest):
    rule = manifest['preprocessing']
    pixel = np.full((1, SIZE, SIZE, 3), (255, 128, 0), np.uint8)
    by_manifest = (np.array([255, 128, 0]) / 255 - rule['mean']) / rule['std']
    assert to_input(pixel)[0, :, 0, 0] == pytest.approx(by_manifest, abs=1e-6)
    assert (rule['width'], rule['height'], rule['channelOrder'], rule['range']) == (SIZE, SIZE, 'RGB', '0..1')
    assert manifest['labels'] == list(LABELS)


def test_held_out_accuracy_is_the_stated_one(manifest):
    stated = next(figure['value'] for figure in manifest['figures'] if figure['metric'].startswith('top1'))
    counts, _ = confusion_matrix(open_session(SHIPPED / NETWORK_FILE), 'held out', 400)
    measured = 100 * np.diag(counts).sum() / counts.sum()
    # 400 pictures of about 95 %: the deviation of the mean is 1.1.
    assert measured == pytest.approx(stated, abs=4)
