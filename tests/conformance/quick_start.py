"""The engine's quick start on a real stack: ``python quick_start.py <folder of .onnx files>``.

Starts ``npm start`` with temporary data and models folders, runs the quick start's own curl lines (with a bearer token)
on every usable network of the folder, and compares what comes back with ONNX Runtime in Python and with the recorded
outputs (``<name>_output_0.pb``; their input is arange(n)/n). Files called ``neg_*`` must be refused, each in two ways,
and leave the server as it was. Prints a table; exits 1 when anything differs.
"""

import argparse
import base64
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
ADMIN = {'ADMIN_EMAIL': 'admin@example.com', 'ADMIN_PASSWORD': 'quick start admin'}
TOLERANCE = {'float32': 1e-5, 'float16': 2e-3}
DTYPES = {'tensor(float)': 'float32', 'tensor(float16)': 'float16', 'tensor(uint8)': 'uint8', 'tensor(int8)': 'int8'}
# The image is as large as the input, so that nothing is resized: a pixel / 255 is what the network sees.
PREPROCESSING = {'preset': 'unit'}

PREPARE = 'mkdir -p models/metadata data/labels data/test_images'
DESCRIBE = '''cat > models/metadata/@ID@.json << EOF
@METADATA@
EOF'''
HEALTH = 'curl -s @URL@/health'
PRELOAD = '''curl -s -X POST @URL@/api/inference/preload \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "model_id": "@ID@",
    "model_path": "@ID@.onnx",
    "metadata": @METADATA@,
    "warmup": true
  }' '''
EXECUTE = '''IMAGE_BASE64=$(base64 -w 0 @IMAGE@)
cat << EOF > inference_payload.json
{
  "model_id": "@ID@",
  "input": {
    "type": "image",
    "data": "data:image/png;base64,${IMAGE_BASE64}"
  },
  "options": {"top_k": 5}
}
EOF
curl -s -X POST @URL@/api/inference/execute \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d @inference_payload.json'''
UPLOAD = 'curl -s -X POST @URL@/api/models -H "Authorization: Bearer $TOKEN" -F id=@ID@ -F version=1 -F model=@@FILE@'


class Stack:
    """``npm start`` on empty folders."""

    def __init__(self, folder: Path):
        self.folder, self.token = folder, ''
        folder.chmod(0o755)
        (folder / 'data').mkdir()
        environment = {**os.environ, **ADMIN, 'PORT': '0', 'NODE_ENV': 'development', 'DATA_DIR': str(folder / 'data'),
                       'MODEL_DIR': str(folder / 'models'), 'JWT_PRIVATE_KEY_PATH': str(folder / 'private.key'),
                       'JWT_PUBLIC_KEY_PATH': str(folder / 'public.key'), 'LOG_LEVEL': 'warn'}
        self.process = subprocess.Popen(['npm', 'start'], cwd=ROOT, env=environment, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, start_new_session=True)
        output = ''
        for line in self.process.stdout:
            output += line
            ready = re.search(r'InferNode is ready: (\S+)', output)
            if ready:
                self.url = ready.group(1)
                break
        else:
            raise RuntimeError(output)
        self.token = self.shell('''curl -s @URL@/api/auth/login -H "Content-Type: application/json" \\
          -d '{"email":"admin@example.com","password":"quick start admin"}' ''')['token']

    def shell(self, lines: str, **values: str):
        """Runs shell lines in the folder; what the last one prints, as JSON where it is JSON."""
        for name, value in {'URL': getattr(self, 'url', ''), **values}.items():
            lines = lines.replace(f'@{name}@', value)
        run = subprocess.run(['bash', '-ec', lines], cwd=self.folder, env={**os.environ, 'TOKEN': self.token},
                             capture_output=True, text=True, check=True)
        return json.loads(run.stdout) if run.stdout.strip() else None

    def children(self) -> set[int]:
        """Process ids of API and worker."""
        rows = subprocess.run(['ps', '-eo', 'pid=,ppid=,args='], capture_output=True, text=True, check=True).stdout
        parsed = [re.match(r'\s*(\d+)\s+(\d+)\s+(.*)', row).groups() for row in rows.splitlines()]
        family = {str(self.process.pid)}
        # A parent is listed before its children, unless process ids have wrapped around.
        for _ in range(4):
            family |= {pid for pid, parent, _ in parsed if parent in family}
        return {int(pid) for pid, _, command in parsed if pid in family and re.search(r'src/server\.js|workers/main\.js', command)}

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(60)


class Network:
    """A file with what ONNX Runtime in Python makes of it."""

    def __init__(self, path: Path):
        # Other files of such folders use capitals; ids here are lower case.
        self.path, self.id = path, path.stem.lower()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        self.session = onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
        self.input, self.output = self.session.get_inputs()[0], self.session.get_outputs()[0]
        self.shape = [axis if isinstance(axis, int) else 1 for axis in self.input.shape]
        self.dtype = DTYPES[self.input.type]
        recorded = path.with_name(f'{path.stem}_output_0.pb')
        self.recorded = tensor_values(recorded.read_bytes()) if recorded.exists() else None

    @property
    def classifies(self) -> bool:
        return len(self.session.get_outputs()) == 1 and len(self.shape) == 4 and self.shape[1] in (1, 3)

    def run(self, values: np.ndarray) -> np.ndarray:
        feeds = {self.input.name: values.astype(self.dtype).reshape(self.shape)}
        return self.session.run([self.output.name], feeds)[0].astype(np.float64).ravel()


def tensor_values(message: bytes) -> np.ndarray:
    """The float32 values of a serialised TensorProto: field 9, raw data, or field 4, packed floats."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value, shift = value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value

    while at < len(message):
        tag = varint()
        if tag & 7 == 2:
            length = varint()
            if tag >> 3 in (4, 9):
                return np.frombuffer(message[at:at + length], '<f4').astype(np.float64)
            at += length
        elif tag & 7 == 0:
            varint()
        else:
            at += struct.calcsize({1: 'd', 5: 'f'}[tag & 7])
    raise ValueError('the tensor holds no floats')


def probabilities(scores: np.ndarray) -> np.ndarray:
    """Of scores that may be probabilities already."""
    if scores.min() >= 0 and abs(scores.sum() - 1) < 1e-2:
        return scores
    powers = np.exp(scores - scores.max())
    return powers / powers.sum()


def test_image(network: Network, path: Path) -> np.ndarray:
    """Writes an image of the input's own size; its pixels as the network's input [channels, height, width]."""
    _, channels, height, width = network.shape
    y, x = np.mgrid[0:height, 0:width]
    planes = [(x * (3 + plane) + y * (5 - plane) + 40 * np.sin(x / 5) * np.cos(y / 7)) % 256 for plane in range(channels)]
    pixels = np.stack(planes).astype(np.uint8)
    Image.fromarray(pixels[0] if channels == 1 else pixels.transpose(1, 2, 0)).save(path)
    return pixels.astype(np.float32) / np.float32(255)


class Report:
    def __init__(self):
        self.failed = 0

    def row(self, name: str, what: str, holds: bool, shown: str) -> None:
        self.failed += not holds
        print(f"{'ok  ' if holds else 'FAIL'} {name:40} {what:34} {shown}", flush=True)


def quick_start(stack: Stack, network: Network, report: Report) -> None:
    """Metadata by hand, preload, execute; predictions and raw scores beside ONNX Runtime in Python."""
    (stack.folder / 'models' / f'{network.id}.onnx').write_bytes(network.path.read_bytes())
    # Networks with recorded outputs have constant weights: the quick start's own preprocessing changes nothing there.
    preprocessing = 'imagenet' if network.recorded is not None else PREPROCESSING
    metadata = {'model_type': 'image_classification', 'input_shape': network.shape, 'preprocessing': preprocessing,
                'color_format': 'GRAY' if network.shape[1] == 1 else 'RGB'}
    stack.shell(DESCRIBE, ID=network.id, METADATA=json.dumps(metadata))
    preloaded = stack.shell(PRELOAD, ID=network.id, METADATA=json.dumps(metadata))
    report.row(network.id, 'preload', preloaded.get('success') is True,
               f"{preloaded.get('load_time_ms')} ms, {preloaded.get('model', {}).get('device', {}).get('used')} {preloaded.get('code', '')}")
    image = stack.folder / 'data' / 'test_images' / f'{network.id}.png'
    scores = network.run(test_image(network, image))
    answer = stack.shell(EXECUTE, ID=network.id, IMAGE=f'data/test_images/{network.id}.png')
    expected, tolerance = probabilities(scores), TOLERANCE[network.dtype]
    best = answer.get('predictions', [])
    difference = max((abs(one['probability'] - expected[one['index']]) for one in best), default=np.inf)
    # Equal probabilities may stand in any order.
    ranked = [one['probability'] for one in best]
    holds = difference <= tolerance and abs(ranked[0] - expected.max()) <= tolerance
    report.row(network.id, 'execute, image: best five', holds, f"difference {difference:.1e}, best {best[0]['index']} with "
               f"{ranked[0]:.4f}, {answer['execution_time_ms']} ms" if best else json.dumps(answer)[:200])
    elements = int(np.prod(network.shape))
    ramp = (np.arange(elements, dtype=np.float32) / elements).astype(network.dtype)
    given = {'type': 'tensor', 'dtype': network.dtype, 'shape': network.shape, 'data': base64.b64encode(ramp.tobytes()).decode()}
    (stack.folder / 'tensor.json').write_text(json.dumps({'model_id': network.id, 'input': given, 'options': {'scores': True}}))
    answer = stack.shell('''curl -s @URL@/api/inference/execute -H "Authorization: Bearer $TOKEN" \\
      -H "Content-Type: application/json" -d @tensor.json''')
    values = np.array(answer.get('results', {}).get('scores', []))
    for name, wanted in (('ONNX Runtime in Python', network.run(ramp)), ('the recorded output', network.recorded)):
        if wanted is None:
            continue
        difference = float(np.abs(values - wanted).max()) if values.size == wanted.size else np.inf
        scale = max(1.0, float(np.abs(wanted).max()))
        report.row(network.id, f'arange(n)/n, {name}', difference <= tolerance * scale,
                   f'largest difference {difference:.1e} of {scale:.3g}')


def refusals(stack: Stack, path: Path, report: Report) -> str:
    """Uploaded, and found in the models folder: the same clear code; the code."""
    name = re.sub(r'[^a-z0-9._-]', '-', path.stem.lower())
    uploaded = stack.shell(UPLOAD, ID=f'{name[:50]}-up', FILE=str(path))
    (stack.folder / 'models' / f'{name}.onnx').write_bytes(path.read_bytes())
    metadata = json.dumps({'model_type': 'image_classification', 'input_shape': [1, 3, 224, 224], 'preprocessing': 'imagenet'})
    preloaded = stack.shell(PRELOAD, ID=name, METADATA=metadata)
    for way, answer in (('upload', uploaded), ('preload', preloaded)):
        holds = answer.get('status') == 422 and answer.get('code') == uploaded.get('code') and not answer.get('success', True)
        report.row(path.name, way, holds, f"{answer.get('status')} {answer.get('code')}: {answer.get('message')}")
    return uploaded.get('code', '')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', type=Path)
    files = sorted(parser.parse_args().folder.resolve().glob('*.onnx'))
    report = Report()
    with tempfile.TemporaryDirectory(prefix='infernode-quick-start-') as folder:
        stack = Stack(Path(folder))
        try:
            stack.shell(PREPARE)
            health = stack.shell(HEALTH)
            report.row('', 'health', health.get('status') == 'Server is working!', json.dumps(health))
            before = stack.children()
            for path in (file for file in files if not file.name.startswith('neg_')):
                network = Network(path)
                if network.classifies:
                    quick_start(stack, network, report)
                else:
                    print(f'     {path.name}: no classifier, left out')
            codes = [refusals(stack, path, report) for path in files if path.name.startswith('neg_')]
            report.row('', 'each refusal has its own code', len(set(codes)) == len(codes), ', '.join(sorted(set(codes))))
            report.row('', 'API and worker are the same processes', stack.children() == before and len(before) == 2, str(before))
            loaded = stack.shell('curl -s @URL@/api/inference/models/loaded -H "Authorization: Bearer $TOKEN"')
            report.row('', 'networks in memory', 0 < loaded['count'] <= 3, ', '.join(one['model_id'] for one in loaded['models']))
        finally:
            stack.stop()
    print(f'{report.failed} failed' if report.failed else 'all hold')
    sys.exit(1 if report.failed else 0)


if __name__ == '__main__':
    main()
