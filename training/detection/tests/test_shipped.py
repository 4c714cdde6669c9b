import json
from hashlib import sha256

from detection.evaluate import SHIPPED
from detection.labels import LABELS
from detection.network import SIZE
from detection.render import LETTERBOX_GREY


def test_the_file_is_the_one_of_the_manifest_and_small():
    manifest = json.loads((SHIPPED.parent / 'manifest.json').read_text())
    record, content = manifest['files']['model'], SHIPPED.read_bytes()
    assert (len(content), sha256(content).hexdigest()) == (record['bytes'], record['sha256'])
    assert len(content) < 3_000_000
    rule = manifest['preprocessing']
    assert (rule['width'], rule['height'], rule['channelOrder']) == (SIZE, SIZE, 'RGB')
    assert rule['resize'] == {'rule': 'letterbox', 'fill': [LETTERBOX_GREY] * 3}
    assert manifest['labels'] == list(LABELS)
