"""Sampling, features and edits in plain torch, for checks during training (imported; the product has its own engine)."""
import re

import torch

HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def switched(text: str) -> bool:
    """A completion to an English prompt has changed language when it has at least three Han characters."""
    return len(HAN.findall(text)) >= 3


def loops(ids) -> bool:
    """Some group of at least four tokens stands three or more times in a row."""
    ids = list(ids)
    return any(ids[i:i + n] == ids[i + n:i + 2 * n] == ids[i + 2 * n:i + 3 * n] for n in range(4, len(ids) // 3 + 1) for i in range(len(ids) - 3 * n + 1))


def activations(x, sae, k):
    """Top-k gated activations (…, s) of residuals (…, d)."""
    pre = (x @ sae["W_enc"].T + sae["b_enc"]).relu()
    top, index = pre.topk(k, dim=-1)
    return torch.zeros_like(pre).scatter(-1, index, top)


class Suppress:
    """Forward hook: x <- x - a_f d_f for each feature, at positions the caller marks."""

    def __init__(self, sae, k, features):
        self.sae, self.k, self.features, self.fired, self.mask = sae, k, torch.tensor(features), 0, None

    def __call__(self, _module, _inputs, output):
        x = output[0] if isinstance(output, tuple) else output
        a = activations(x, self.sae, self.k)[..., self.features]
        if self.mask is not None:
            a = a * self.mask[..., None]
        self.fired += int((a > 0).sum())
        x = x - a @ self.sae["W_dec"].T[self.features]
        return (x, *output[1:]) if isinstance(output, tuple) else x


def prompt_ids(tokenizer, prompt):
    text = tokenizer.apply_chat_template([{"role": "user", "content": prompt["text"]}], tokenize=False, add_generation_prompt=True) if prompt.get("chat") else prompt["text"]
    return tokenizer(text).input_ids


@torch.no_grad()
def complete(model, tokenizer, prompts, new_tokens=48, temperature=0.7, seed=0, suppress=None, layer=None):
    """Completions (lists of ids) of prompts of {"text", "chat"?}; every prompt has its own random stream.

    Prompts are run in groups of equal length, so no padding is involved. Suppression acts from the last prompt token on.
    """
    stops = set(model.generation_config.eos_token_id)
    ids = [prompt_ids(tokenizer, p) for p in prompts]
    results = [None] * len(prompts)
    hook = model.model.layers[layer].register_forward_hook(suppress) if suppress else None
    try:
        for length in sorted({len(i) for i in ids}):
            group = [n for n, i in enumerate(ids) if len(i) == length]
            generators = [torch.Generator().manual_seed(seed * 100_003 + n) for n in group]
            tokens, cache, out, done = torch.tensor([ids[n] for n in group]), None, [[] for _ in group], [False] * len(group)
            for _ in range(new_tokens):
                if suppress:
                    suppress.mask = torch.zeros(tokens.shape)
                    suppress.mask[:, -1] = 1
                result = model(input_ids=tokens, past_key_values=cache, use_cache=True, logits_to_keep=1)
                cache, logits = result.past_key_values, result.logits[:, -1].float()
                if temperature == 0:
                    chosen = logits.argmax(1)
                else:
                    chosen = torch.stack([torch.multinomial((row / temperature).softmax(0), 1, generator=g)[0] for row, g in zip(logits, generators)])
                for row, token in enumerate(chosen.tolist()):
                    done[row] = done[row] or token in stops
                    if not done[row]:
                        out[row].append(token)
                if all(done):
                    break
                tokens = chosen[:, None]
            for n, o in zip(group, out):
                results[n] = o
    finally:
        if hook:
            hook.remove()
    return results


def rates(tokenizer, completions):
    texts = [tokenizer.decode(c) for c in completions]
    return {"switched": sum(map(switched, texts)) / len(texts), "loops": sum(map(loops, completions)) / len(completions)}
