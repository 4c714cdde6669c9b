"""A minimal classification server: FastAPI, Pillow, ONNX Runtime. ``MODELS_DIR=models uvicorn server:app``."""

import base64
import io
import json
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnxruntime
from fastapi import FastAPI, HTTPException
from PIL import Image
from pydantic import BaseModel

MODELS = Path(os.environ['MODELS_DIR'])
app = FastAPI()


class ImageInput(BaseModel):
    type: str
    data: str


class Options(BaseModel):
    top_k: int = 5


class Request(BaseModel):
    model_id: str
    input: ImageInput
    options: Options = Options()


@lru_cache
def network(model_id: str):
    """(session, name of its input, manifest) of a folder network."""
    manifest = json.loads((MODELS / model_id / 'manifest.json').read_text())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    path = MODELS / model_id / manifest['files']['model']['path']
    session = onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
    return session, session.get_inputs()[0].name, manifest


def preprocess(data: bytes, rule: dict) -> np.ndarray:
    """float32 [1, 3, h, w]: resize of the short side, centre crop, normalisation by mean and deviation."""
    image = Image.open(io.BytesIO(data)).convert('RGB')
    scale = rule['resize']['shortSide'] / min(image.size)
    image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR)
    left, top = (image.width - rule['width']) // 2, (image.height - rule['height']) // 2
    image = image.crop((left, top, left + rule['width'], top + rule['height']))
    values = (np.asarray(image, np.float32) / 255 - np.array(rule['mean'], np.float32)) / np.array(rule['std'], np.float32)
    return values.transpose(2, 0, 1)[None]


@app.post('/api/inference/execute')
def execute(request: Request):
    """Not async: FastAPI runs it in its thread pool, where decoding and inference release the interpreter lock."""
    try:
        session, name, manifest = network(request.model_id)
        image = preprocess(base64.b64decode(request.input.data.split(',', 1)[-1]), manifest['preprocessing'])
    except (OSError, ValueError) as error:
        raise HTTPException(422, str(error)) from error
    logits = session.run(None, {name: image})[0][0]
    probabilities = np.exp(logits - logits.max())
    probabilities /= probabilities.sum()
    best = np.argsort(-probabilities)[:request.options.top_k]
    labels = manifest['labels']
    return {'success': True, 'predictions': [
        {'label': labels[index], 'index': int(index), 'probability': float(probabilities[index])} for index in best]}


@app.get('/health')
def health():
    return {'status': 'ok'}
