"""What one recorded checkpoint is made from, and how its weights are drawn."""
from dataclasses import dataclass
from typing import Any, Callable

import torch

VOCAB = 300


@dataclass(frozen=True)
class Checkpoint:
    """`shape` has d, layers, shard and sae (d_sae, k, dtype, layers), and what `build` reads.

    `build(seed, shape)` returns the model in the dtype it is stored in; `lay_out(folder)` may rewrite the saved folder into the layout that
    is published, after the reference has been loaded from it.
    """
    name: str
    seed: int
    shape: dict
    model_class: Any
    build: Callable
    lay_out: Callable = lambda folder: None
    # 'every kind', or 'some': on prompts of two lengths only.
    edits: str = 'some'


def randomise(model, seed, tied, special=lambda name, noise: None):
    """Draws every weight; `special(name, noise)` may return the values of those that are neither norms, embeddings nor matrices (out, in)."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            chosen = special(name, noise)
            if chosen is not None:
                weight.copy_(chosen)
            elif 'norm' in name:
                weight.copy_(1 + 0.2 * noise)
            elif 'embed_tokens' in name or 'lm_head' in name:
                weight.copy_((0.3 if tied else 0.6) * noise)
            elif weight.dim() == 1:
                weight.copy_(0.3 * noise)
            else:
                weight.copy_(1.5 * noise / weight.shape[-1] ** 0.5)
    return model
