"""Checks a running server with tritonclient: ``python open_inference.py [--url http://127.0.0.1:3000]``.

Runs one network of the models folder (``--network``, in ``--models``) by every way the protocol offers and compares
with ONNX Runtime on the same file. Exits 1 when anything differs. With ADMIN_EMAIL and ADMIN_PASSWORD it also loads
and unloads.
"""

import argparse
import json
import os
import sys
import urllib.request
import uuid
from pathlib import Path
from urllib.parse import urlparse

import numpy as np
import onnxruntime
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

TOLERANCE = 1e-5
DTYPES = {'tensor(float)': np.float32, 'tensor(float16)': np.float16, 'tensor(uint8)': np.uint8, 'tensor(int8)': np.int8}


class Checks:
    """Counts what held and what did not."""

    def __init__(self):
        self.failed = 0

    def that(self, what: str, holds: bool, shown: object = '') -> None:
        self.failed += not holds
        print(f"{'ok  ' if holds else 'FAIL'} {what} {shown}")

    def refuses(self, what: str, call, words: str) -> None:
        try:
            call()
        except InferenceServerException as error:
            self.that(what, words in str(error), f'-> {error}')
        else:
            self.that(what, False, 'was accepted')


def post(url: str, body: dict) -> dict:
    request = urllib.request.Request(url, json.dumps(body).encode(), {'content-type': 'application/json'})
    with urllib.request.urlopen(request) as response:
        return json.load(response)


def bearer(base: str, email: str, password: str) -> dict[str, str]:
    return {'Authorization': f"Bearer {post(f'{base}/api/auth/login', {'email': email, 'password': password})['token']}"}


def new_user(base: str) -> dict[str, str]:
    """Headers of a fresh user with the credits that every user begins with."""
    email, password = f'conformance-{uuid.uuid4().hex[:12]}@example.com', 'conformance password'
    post(f'{base}/api/auth/register', {'email': email, 'password': password})
    return bearer(base, email, password)


class Reference:
    """The same file in ONNX Runtime, and inputs for it."""

    def __init__(self, models: Path, network: str):
        manifest = json.loads((models / network / 'manifest.json').read_text())
        record = next(iter(manifest['files'].values()))
        self.version = manifest['version']
        self.session = onnxruntime.InferenceSession(str(models / network / record['path']), providers=['CPUExecutionProvider'])
        self.input, self.output = self.session.get_inputs()[0], self.session.get_outputs()[0]

    def batch(self, rows: int) -> np.ndarray:
        shape = [axis if isinstance(axis, int) else rows for axis in self.input.shape]
        values = np.random.default_rng(rows).standard_normal(shape)
        return values.astype(DTYPES[self.input.type])

    def run(self, values: np.ndarray) -> np.ndarray:
        return self.session.run([self.output.name], {self.input.name: values})[0]


def check_inference(checks: Checks, client, network: str, reference: Reference, headers: dict[str, str]) -> None:
    """JSON and binary data in all four combinations, several batches, compression, a named version."""
    # Copies of the headers: the client writes the length of its JSON into the dictionary that it is given.
    free = not isinstance(reference.input.shape[0], int)
    for rows in (1, 2, 7) if free else (1,):
        values = reference.batch(rows)
        expected = reference.run(values)
        for binary_in in (False, True):
            for binary_out in (False, True):
                given = triton.InferInput(reference.input.name, list(values.shape), np_to_triton_dtype(values.dtype))
                given.set_data_from_numpy(values, binary_data=binary_in)
                wanted = triton.InferRequestedOutput(reference.output.name, binary_data=binary_out)
                result = client.infer(network, [given], outputs=[wanted], request_id=str(rows),
                                      headers=dict(headers))
                difference = float(np.abs(result.as_numpy(reference.output.name) - expected).max())
                name = f"{rows} rows, {'binary' if binary_in else 'JSON'} in, {'binary' if binary_out else 'JSON'} out"
                checks.that(name, difference <= TOLERANCE, f'difference {difference:.2e}')
                checks.that('  id and version', result.get_response()['id'] == str(rows)
                            and result.get_response()['model_version'] == reference.version)
    given.set_data_from_numpy(values, binary_data=True)
    for algorithm in ('gzip', 'deflate'):
        result = client.infer(network, [given], headers=dict(headers), model_version=reference.version,
                              request_compression_algorithm=algorithm, response_compression_algorithm=algorithm)
        difference = float(np.abs(result.as_numpy(reference.output.name) - expected).max())
        checks.that(f'all outputs, {algorithm}, version named', difference <= TOLERANCE, f'difference {difference:.2e}')
    pending = [client.async_infer(network, [given], headers=dict(headers)) for _ in range(8)]
    answers = [request.get_result().as_numpy(reference.output.name) for request in pending]
    checks.that('8 requests at once', all(np.abs(answer - expected).max() <= TOLERANCE for answer in answers))


def check_refusals(checks: Checks, client, network: str, reference: Reference, headers: dict[str, str]) -> None:
    values = reference.batch(1)
    given = triton.InferInput(reference.input.name, list(values.shape), np_to_triton_dtype(values.dtype))
    given.set_data_from_numpy(values)
    other = triton.InferInput('no such input', list(values.shape), np_to_triton_dtype(values.dtype))
    other.set_data_from_numpy(values)
    wide = np.concatenate([values, values], axis=-1)
    wrong = triton.InferInput(reference.input.name, list(wide.shape), np_to_triton_dtype(wide.dtype))
    wrong.set_data_from_numpy(wide)
    checks.refuses('an unknown network', lambda: client.infer('no-such', [given], headers=dict(headers)), 'no-such')
    checks.refuses('an unknown input', lambda: client.infer(network, [other], headers=dict(headers)), 'input')
    checks.refuses('a wrong shape', lambda: client.infer(network, [wrong], headers=dict(headers)), str(wide.shape[-1]))
    unknown = [triton.InferRequestedOutput('no such output')]
    checks.refuses('an unknown output', lambda: client.infer(network, [given], outputs=unknown, headers=dict(headers)), 'no such output')
    checks.refuses('no token', lambda: client.infer(network, [given]), 'token')


def check_repository(checks: Checks, client, network: str, user: dict[str, str], admin: dict[str, str] | None) -> None:
    entries = {entry['name']: entry for entry in client.get_model_repository_index(headers=user)}
    checks.that('the index has the network', network in entries, entries.get(network))
    checks.refuses('loading by a user', lambda: client.load_model(network, headers=user), 'admin')
    if admin is None:
        print('     no ADMIN_EMAIL: loading and unloading are not checked')
        return
    client.unload_model(network, headers=admin)
    checks.that('unloaded', not client.is_model_ready(network, headers=user))
    client.load_model(network, headers=admin)
    checks.that('loaded', client.is_model_ready(network, headers=user))
    checks.refuses('loading what is not there', lambda: client.load_model('no-such', headers=admin), 'no-such')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--url', default='http://127.0.0.1:3000')
    parser.add_argument('--network', default='shapes')
    parser.add_argument('--models', type=Path, default=Path(__file__).resolve().parents[2] / 'models')
    options = parser.parse_args()
    base = options.url.rstrip('/')
    client = triton.InferenceServerClient(urlparse(base).netloc, concurrency=8)
    checks, reference, user = Checks(), Reference(options.models, options.network), new_user(base)
    email, password = os.environ.get('ADMIN_EMAIL'), os.environ.get('ADMIN_PASSWORD')
    admin = bearer(base, email, password) if email and password else None

    checks.that('live and ready', client.is_server_live() and client.is_server_ready())
    checks.that('server metadata', 'binary_tensor_data' in client.get_server_metadata()['extensions'])
    metadata = client.get_model_metadata(options.network, headers=user)
    shape = [axis if isinstance(axis, int) else -1 for axis in reference.input.shape]
    checks.that('model metadata', metadata['inputs'][0]['shape'] == shape and reference.version in metadata['versions'])
    check_inference(checks, client, options.network, reference, user)
    check_refusals(checks, client, options.network, reference, user)
    check_repository(checks, client, options.network, user, admin)
    print(f'{checks.failed} failed' if checks.failed else 'all hold')
    sys.exit(1 if checks.failed else 0)


if __name__ == '__main__':
    main()
