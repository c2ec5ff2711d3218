"""Trains one Top-K SAE per layer on the model's residual stream: python train_saes.py --work WORK --minutes 4.5

First captures the residuals once (WORK/residuals), then trains every layer for the given minutes and writes
WORK/sae/config.json and WORK/sae/layer{n}.sae.pt in Qwen-Scope's published layout, in half precision:
    W_enc (s, d)  W_dec (d, s)  b_enc (s)  b_dec (d)
    a = TopK_k(ReLU(x W_encT + b_enc)),  x_hat = a W_decT + b_dec
with x raw: b_dec is not subtracted from it and it is not normalised. A layer that is already written is skipped.
"""
import argparse
import json
import math
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

import residuals


def capture(work: Path, token_count: int):
    """WORK/residuals/layer{n}.npy (N, d) float16, tokens.npy, tags.npy and positions.npy (N,)."""
    folder = work / "residuals"
    if (folder / "done").exists():
        return
    folder.mkdir(exist_ok=True)
    model = residuals.load(work / "model")
    data = dict(np.load(work / "train.npz"))
    documents = residuals.choose(data, token_count, np.random.default_rng(5))
    total = int(np.minimum(np.diff(data["starts"])[documents], 512).sum())
    layers, width = model.config.num_hidden_layers, model.config.hidden_size
    files = [np.lib.format.open_memmap(folder / f"layer{n}.npy", "w+", np.float16, (total, width)) for n in range(layers)]
    extra = {"tokens": np.empty(total, np.uint16), "tags": np.empty(total, np.uint8), "positions": np.empty(total, np.int16)}
    at = 0
    for position, tokens, tags, _, values in residuals.run(model, data, documents):
        end = at + len(tokens)
        extra["tokens"][at:end], extra["tags"][at:end], extra["positions"][at:end] = tokens, tags, position
        for file, value in zip(files, values):
            file[at:end] = value.to(torch.float16).numpy()
        at = end
    for name, values in extra.items():
        np.save(folder / f"{name}.npy", values)
    (folder / "done").write_text(str(total))
    print(f"captured {total} tokens of {layers} layers", flush=True)


def usable(norms: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Tokens that SAEs are trained and measured on: not position 0, not outliers of more than 4 times the median norm."""
    return (positions > 0) & (norms < 4 * np.median(norms))


def decode(values, index, w_dec):
    """Sum of values (B, k) times rows `index` (B, k) of w_dec (s, d) -> (B, d)."""
    return torch.nn.functional.embedding_bag(index, w_dec, per_sample_weights=values, mode="sum")


def gradients(values, index, error, inputs, w_dec):
    """Gradients of w_enc (s, d), w_dec (s, d), b_enc (s) for a decoded `values`, `index` (B, k) and the loss's gradient `error` (B, d)."""
    error = error.to(torch.bfloat16)
    at_values = (error @ w_dec.to(torch.bfloat16).T).gather(1, index)
    at_values = at_values * (values > 0)
    sparse = torch.zeros(len(values), len(w_dec), dtype=torch.bfloat16)
    g_dec = (sparse.scatter_(1, index, values.to(torch.bfloat16)).T @ error).float()
    g_enc = (sparse.scatter_(1, index, at_values).T @ inputs).float()  # the same places are written again
    g_bias = torch.zeros(len(w_dec)).index_add_(0, index.flatten(), at_values.float().flatten())
    return [g_enc, g_dec, g_bias]


@torch.no_grad()
def train(work: str, layer: int, d_sae: int, k: int, minutes: float, threads: int, batch=4096, lr=1.5e-3):
    torch.set_num_threads(threads)
    torch.manual_seed(layer)
    folder = Path(work) / "residuals"
    x = torch.from_numpy(np.load(folder / f"layer{layer}.npy"))
    norms = np.concatenate([part.float().norm(dim=1).numpy() for part in x.split(65536)])
    keep = usable(norms, np.load(folder / "positions.npy"))
    x = x[torch.from_numpy(keep)]
    d = x.shape[1]

    # Train on c*x with mean squared norm d; c is taken out of the weights again at the end (a is homogeneous in it).
    sample = x[torch.randperm(len(x))[:100_000]].float()
    c = math.sqrt(d) / (sample - sample.mean(0)).pow(2).sum(1).mean().sqrt().item()
    mean = sample.mean(0) * c
    directions = torch.nn.functional.normalize(torch.randn(d_sae, d), dim=1)
    w_enc, w_dec = directions.clone(), directions.clone()  # (s, d) both: rows of w_dec are decoder directions
    b_enc = -(directions @ mean)  # so that the encoder starts out centred
    b_dec = mean.clone()
    weights = [w_enc, w_dec, b_enc, b_dec]
    optimizer = torch.optim.Adam(weights, lr=lr, betas=(0.9, 0.999), eps=1e-8)
    silent = torch.zeros(d_sae)  # tokens since a feature last fired
    begin, step, order, at = time.time(), 0, torch.randperm(len(x)), 0
    report = begin
    while (spent := time.time() - begin) < minutes * 60:
        progress = spent / (minutes * 60)
        for group in optimizer.param_groups:
            group["lr"] = lr * min(1, (step + 1) / 100) * (1 if progress < 0.4 else 0.02 + 0.98 * (1 - progress) / 0.6)
        if at + batch > len(order):
            order, at = torch.randperm(len(x)), 0
        rows = x[order[at:at + batch]].float() * c
        at += batch

        inputs = rows.to(torch.bfloat16)
        pre = torch.addmm(b_enc.to(torch.bfloat16), inputs, w_enc.to(torch.bfloat16).T)
        top, index = pre.topk(k, dim=1, sorted=False)
        top = top.float().relu()
        error = decode(top, index, w_dec) + b_dec - rows
        # Gradients of mean squared error, by hand: autograd would touch the dense (batch, s) matrix many more times.
        found = gradients(top, index, error * (2 / error.numel()), inputs, w_dec)
        dead = torch.nonzero(silent > 150_000).squeeze(1)
        if len(dead):  # aux-k: the strongest dead features learn to rebuild what the living ones leave over
            aux_top, aux_index = pre[:, dead].topk(min(k, len(dead)), dim=1, sorted=False)
            aux_top, aux_index = aux_top.float().relu(), dead[aux_index]
            aux_error = decode(aux_top, aux_index, w_dec) + error
            aux_found = gradients(aux_top, aux_index, aux_error * (2 / 32 / error.numel()), inputs, w_dec)
            found = [f + a for f, a in zip(found, aux_found)]
        # Unit decoder rows: drop the part of the gradient that would change their length.
        found[1] -= (found[1] * w_dec).sum(1, keepdim=True) * w_dec
        for weight, gradient in zip(weights, [*found, error.sum(0) * (2 / error.numel())]):
            weight.grad = gradient
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        w_dec /= w_dec.norm(dim=1, keepdim=True)
        silent += batch
        silent[index[top > 0]] = 0
        step += 1
        if time.time() - report > 60:
            report = time.time()
            explained = 1 - error.pow(2).sum() / (rows - rows.mean(0)).pow(2).sum()
            print(f"layer {layer} step {step} explained {explained:.3f} dead {len(dead)}", flush=True)
    sae = {
        "W_enc": w_enc, "W_dec": w_dec.T, "b_enc": b_enc / c, "b_dec": b_dec / c,
    }
    target = Path(work) / "sae" / f"layer{layer}.sae.pt"
    beside = Path(work) / "residuals" / target.name  # same name: torch.save names the archive's folder after the file
    torch.save({name: value.to(torch.float16).contiguous().clone() for name, value in sae.items()}, beside)
    os.replace(beside, target)
    return f"layer {layer}: {step} steps of {batch}, {len(x)} tokens, {int((~keep).sum())} left out"


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--work", type=Path, required=True)
    options.add_argument("--minutes", type=float, default=4.5, help="per layer")
    options.add_argument("--tokens", type=int, default=550_000, help="tokens to capture")
    options.add_argument("--d-sae", type=int, default=2048)
    options.add_argument("--k", type=int, default=32)
    options.add_argument("--jobs", type=int, default=2, help="layers at a time, one thread each")
    arguments = options.parse_args()
    capture(arguments.work, arguments.tokens)
    config = json.loads((arguments.work / "model" / "config.json").read_text())
    layers = config["num_hidden_layers"]
    folder = arguments.work / "sae"
    folder.mkdir(exist_ok=True)
    todo = [n for n in range(layers) if not (folder / f"layer{n}.sae.pt").exists()]
    with ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(train, str(arguments.work), n, arguments.d_sae, arguments.k, arguments.minutes, max(1, 2 // arguments.jobs)) for n in todo]
        for job in jobs:
            print(job.result(), flush=True)
    (folder / "config.json").write_text(json.dumps({
        "model_type": "topk_sae", "base_model": "promptscope-demo", "d_model": config["hidden_size"], "d_sae": arguments.d_sae,
        "k": arguments.k, "num_layers": layers, "hook_point": "resid_post", "dtype": "float16"}, indent=2) + "\n")


if __name__ == "__main__":
    main()
