"""Runs the model over whole documents and hands back the residual stream after every layer (imported by the SAE scripts)."""
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModelForCausalLM


def load(folder: Path):
    """The model as the product computes it: float32 arithmetic on the stored bf16 weights."""
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


class ResidualHooks:
    """Collects resid_post of every layer: the output of `model.layers[n]`, before the final norm.

    (`hidden_states[-1]` of transformers is after that norm and would be wrong for the last layer.)
    """

    def __init__(self, model):
        self.values = {}
        for n, layer in enumerate(model.model.layers):
            layer.register_forward_hook(lambda _m, _i, output, n=n: self.values.__setitem__(n, output[0] if isinstance(output, tuple) else output))


def choose(data, token_count: int, rng) -> np.ndarray:
    """Document numbers, about `token_count` tokens of them; small kinds get more than their share (size ** 0.7)."""
    lengths = np.diff(data["starts"])
    sizes = np.bincount(data["kinds"], weights=lengths)
    wanted = np.minimum(sizes, token_count * sizes**0.7 / (sizes**0.7).sum())
    keep = rng.random(len(lengths)) < (wanted / np.maximum(sizes, 1))[data["kinds"]]
    return np.flatnonzero(keep & (lengths > 1))


@torch.no_grad()
def run(model, data, documents, batch_tokens=6144, limit=512):
    """Yields (positions, tokens, tags, documents, [residual per layer]) per batch, padding removed, each of M rows.

    Every document is run alone from position 0, as a prompt is.
    """
    hooks = ResidualHooks(model)
    lengths = np.minimum(np.diff(data["starts"])[documents], limit)
    order = np.argsort(lengths, kind="stable")
    tokens, tags, starts = data["tokens"], data["tags"], data["starts"]
    at = 0
    while at < len(order):
        longest = lengths[order[min(at + 1, len(order) - 1)]]
        count = max(1, batch_tokens // max(1, int(longest)))
        part = order[at:at + count]
        while len(part) > 1 and lengths[part[-1]] * len(part) > batch_tokens:
            part = part[:-1]
        at += len(part)
        width = int(lengths[part].max())
        ids, mask = np.zeros((len(part), width), np.int64), np.zeros((len(part), width), bool)
        flat_tags, flat_docs, flat_pos = [], [], []
        for row, p in enumerate(part):
            d, n = documents[p], int(lengths[p])
            ids[row, :n], mask[row, :n] = tokens[starts[d]:starts[d] + n], True
            flat_tags.append(tags[starts[d]:starts[d] + n])
            flat_docs.append(np.full(n, d))
            flat_pos.append(np.arange(n))
        # Padding is on the right and attention is causal: no attention mask is needed.
        model.model(input_ids=torch.from_numpy(ids), use_cache=False)
        m = torch.from_numpy(mask)
        yield np.concatenate(flat_pos), ids[mask], np.concatenate(flat_tags), np.concatenate(flat_docs), [hooks.values[n][m] for n in range(len(hooks.values))]
