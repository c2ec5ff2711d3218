"""What someone does in Python to read and steer a model: transformers with forward hooks and the same SAE; answers the lines of contestant.ts.

Greedy decoding by model.generate, features by ReLU and top-k of x @ W_enc.T + b_enc on the residual that a hook gets, an edit by adding
(value - activation) * W_dec column in a hook. Needs torch and transformers.
"""
import json
import sys
import time

process_start = time.perf_counter()

import torch
from transformers import AutoModelForCausalLM
from transformers.generation.streamers import BaseStreamer
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()

loaded = {}


class Times(BaseStreamer):
    """When each token came; the first call brings the prompt."""

    def __init__(self):
        self.at = []

    def put(self, value):
        self.at.append(time.perf_counter())

    def end(self):
        pass


def milliseconds(since):
    return 1000 * (time.perf_counter() - since)


def open_model(job):
    start = time.perf_counter()
    torch.set_num_threads(job['threads'])
    dtype = getattr(torch, job['dtype'])
    model = AutoModelForCausalLM.from_pretrained(job['model'], dtype=dtype)
    model.eval()
    model.generation_config.eos_token_id = None
    model.generation_config.pad_token_id = 0
    # Float32 as it is published; a Python user casts the residual, not the SAE.
    sae = torch.load(f"{job['sae']}/layer{job['layer']}.sae.pt", map_location='cpu', weights_only=True)
    loaded.update(model=model, sae=sae, layer=job['layer'], k=job['k'], kept=[])
    return milliseconds(start)


def encode(x):
    pre = torch.relu(x.float() @ loaded['sae']['W_enc'].T + loaded['sae']['b_enc'])
    return pre.topk(loaded['k'], dim=-1)


def read_features(_module, _inputs, output):
    x = output[0] if isinstance(output, tuple) else output
    loaded['kept'].append(encode(x))


def edit_feature(feature, value):
    direction = loaded['sae']['W_dec'][:, feature]

    def hook(_module, _inputs, output):
        x = output[0] if isinstance(output, tuple) else output
        top = encode(x)
        loaded['kept'].append(top)
        activation = (top.values * (top.indices == feature)).sum(-1, keepdim=True)
        x = x + ((value - activation) * direction).to(x.dtype)
        return (x, *output[1:]) if isinstance(output, tuple) else x

    return hook


def hooked(hook):
    return loaded['model'].model.layers[loaded['layer']].register_forward_hook(hook)


def features(job):
    """The prompt alone, with the features of the layer."""
    start = time.perf_counter()
    handle = hooked(read_features)
    with torch.no_grad():
        loaded['model'](torch.tensor([job['ids']]))
    handle.remove()
    loaded['kept'].clear()
    return milliseconds(start)


def generate(job):
    """Milliseconds to the first token and of each step after it; `edit` is [feature, value] or null for features only."""
    start = time.perf_counter()
    handle = hooked(edit_feature(*job['edit']) if job['edit'] else read_features)
    times = Times()
    with torch.no_grad():
        loaded['model'].generate(torch.tensor([job['ids']]), max_new_tokens=job['steps'], do_sample=False, streamer=times)
    handle.remove()
    loaded['kept'].clear()
    first, *rest = times.at[1:]
    return {'firstMs': 1000 * (first - start), 'stepMs': [1000 * (b - a) for a, b in zip([first, *rest], rest)], 'totalMs': milliseconds(start)}


def loop(job):
    """A prompt's features, then a completion with an edit, as in a notebook."""
    start = time.perf_counter()
    features(job)
    generate(job)
    return milliseconds(start)


def versions(_job):
    import transformers
    return f'torch {torch.__version__}, transformers {transformers.__version__}'


JOBS = {'open': open_model, 'features': features, 'generate': generate, 'loop': loop, 'versions': versions}

for line in sys.stdin:
    job = json.loads(line)
    try:
        print(json.dumps({'result': JOBS[job['job']](job)}), flush=True)
    except Exception as error:
        print(json.dumps({'error': f'{type(error).__name__}: {error}'}), flush=True)
