"""Trains the demo language model (Qwen3 architecture) for a given time: python train_model.py --work WORK --minutes 65

The learning rate follows a cosine over wall-clock time, so the run always ends annealed, however slow the machine is.
Writes WORK/model (Hugging Face layout, bf16) every few minutes and WORK/checkpoint.pt to resume from (same command again).
"""
import argparse
import json
import math
import os
import shutil
import time
from pathlib import Path

import numpy as np
import torch
from transformers import GenerationConfig, Qwen3Config, Qwen3ForCausalLM


def build(vocab_size: int) -> Qwen3ForCausalLM:
    torch.manual_seed(0)
    ids = {"endoftext": vocab_size - 7, "im_end": vocab_size - 5}
    model = Qwen3ForCausalLM(Qwen3Config(
        vocab_size=vocab_size, hidden_size=256, intermediate_size=768, num_hidden_layers=6, num_attention_heads=4, num_key_value_heads=2,
        head_dim=64, hidden_act="silu", max_position_embeddings=4096, rms_norm_eps=1e-6, tie_word_embeddings=True, attention_bias=False,
        attention_dropout=0.0, initializer_range=0.02, rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        bos_token_id=ids["endoftext"], eos_token_id=ids["im_end"], pad_token_id=None, use_sliding_window=False))
    for name, parameter in model.named_parameters():  # smaller outputs of a block at the start: steadier training
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            parameter.data.mul_(1 / math.sqrt(2 * model.config.num_hidden_layers))
    model.generation_config = GenerationConfig(
        bos_token_id=ids["endoftext"], eos_token_id=[ids["im_end"], ids["endoftext"]], pad_token_id=ids["endoftext"], do_sample=True, temperature=0.7)
    return model


class Windows:
    """Endless stream of training windows (batch, length + 1).

    Every window starts with the start of a document, as every prompt does, and is filled up with further documents,
    each followed by <|endoftext|>; what does not fit at its end is cut.
    """

    def __init__(self, path: Path, length: int, batch: int, separator: int, seed: int):
        data = np.load(path)
        self.tokens, self.starts = data["tokens"], data["starts"]
        self.length, self.batch, self.separator = length, batch, separator
        self.rng = np.random.default_rng(seed)
        self.order, self.at, self.epochs = None, 0, 0

    def resize(self, length: int):
        """Same number of tokens in windows of another length."""
        self.length, self.batch = length, self.batch * self.length // length

    def document(self):
        if self.order is None or self.at == len(self.order):
            self.order, self.at, self.epochs = self.rng.permutation(len(self.starts) - 1), 0, self.epochs + 1
        d = self.order[self.at]
        self.at += 1
        return self.tokens[self.starts[d]:self.starts[d + 1]]

    def next(self) -> torch.Tensor:
        rows = np.empty((self.batch, self.length + 1), np.int64)
        for row in rows:
            filled = 0
            while filled < len(row):
                document = self.document()[:len(row) - filled]
                row[filled:filled + len(document)] = document
                filled += len(document)
                if filled < len(row):
                    row[filled] = self.separator
                    filled += 1
        return torch.from_numpy(rows)


class OutputLoss(torch.autograd.Function):
    """Mean cross-entropy of the output layer, a few hundred rows at a time.

    The whole logits matrix (6,144 x 10,240 floats) does not fit any cache, and softmax on it cost more than the
    transformer. Each chunk's gradient is made while its logits are still at hand.
    """

    @staticmethod
    def forward(ctx, hidden, weight, targets, chunk=384):
        """hidden (N, d) bf16, weight (V, d) float32, targets (N,) -> scalar."""
        w = weight.to(torch.bfloat16)
        d_hidden, d_weight, total = torch.empty_like(hidden), torch.zeros_like(weight), 0.0
        for i in range(0, len(hidden), chunk):
            h, t = hidden[i:i + chunk], targets[i:i + chunk]
            logits = (h @ w.T).float()
            lse = logits.logsumexp(1, keepdim=True)
            total += (lse.squeeze(1) - logits.gather(1, t[:, None]).squeeze(1)).sum()
            p = logits.sub_(lse).exp_()
            p[torch.arange(len(t)), t] -= 1
            p = p.to(torch.bfloat16)
            d_hidden[i:i + chunk] = p @ w
            d_weight += p.T @ h
        ctx.save_for_backward(d_hidden, d_weight)
        ctx.rows = len(hidden)
        return total / len(hidden)

    @staticmethod
    def backward(ctx, grad):
        d_hidden, d_weight = ctx.saved_tensors
        return d_hidden * (grad / ctx.rows), d_weight * (grad / ctx.rows), None, None


def loss_of(model, rows, trunk=None):
    """Mean cross-entropy of rows (batch, length + 1) in bf16 autocast; logits in float32."""
    with torch.autocast("cpu", torch.bfloat16):
        hidden = (model.model if trunk is None else trunk)(input_ids=rows[:, :-1], use_cache=False).last_hidden_state
    return OutputLoss.apply(hidden.to(torch.bfloat16).flatten(0, 1), model.lm_head.weight, rows[:, 1:].flatten())


def save(model, work: Path):
    """WORK/model in the published form: written beside, then renamed, so that a reader never sees half a folder."""
    folder, final = work / "model.part", work / "model"
    shutil.rmtree(folder, ignore_errors=True)
    copy = build(model.config.vocab_size)
    copy.load_state_dict(model.state_dict())
    copy.to(torch.bfloat16).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(work / "tokenizer" / name, folder)
    for file in folder.iterdir():
        file.chmod(0o644)  # safetensors writes files only their owner may read
    shutil.rmtree(work / "model.old", ignore_errors=True)
    if final.exists():
        os.rename(final, work / "model.old")
    os.rename(folder, final)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--work", type=Path, required=True)
    options.add_argument("--minutes", type=float, default=65)
    options.add_argument("--tokens", type=int, default=6144, help="tokens per step")
    options.add_argument("--lr", type=float, default=3e-3)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--compile", action="store_true", help="torch.compile (needs a C++ compiler)")
    arguments = options.parse_args()
    torch.set_num_threads(arguments.threads)

    vocab_size = len(json.loads((arguments.work / "tokenizer" / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]) + 7
    model = build(vocab_size)
    print(sum(p.numel() for p in model.parameters()), "parameters")
    # Muon for the matrices inside the blocks, AdamW for embeddings and norms.
    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in model.named_parameters() if p.ndim != 2 or "embed" in n]
    optimizers = [
        torch.optim.Muon(matrices, lr=arguments.lr, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(others, lr=arguments.lr, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    # Short windows first: attention costs less and more of them start at position 0, as prompts do.
    windows = Windows(arguments.work / "train.npz", 256, arguments.tokens // 256, vocab_size - 7, seed=1)
    held_out = Windows(arguments.work / "heldout.npz", 256, arguments.tokens // 256, vocab_size - 7, seed=2)
    held_out = [held_out.next() for _ in range(4)]

    checkpoint, spent, step = arguments.work / "checkpoint.pt", 0.0, 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizers, state["optimizers"]):
            optimizer.load_state_dict(saved)
        spent, step = state["spent"], state["step"]
        windows.rng = np.random.default_rng(step)
        print(f"resumed at step {step}, {spent / 60:.1f} minutes")

    def keep():
        torch.save({"model": model.state_dict(), "optimizers": [o.state_dict() for o in optimizers], "spent": spent, "step": step}, checkpoint)
        save(model, arguments.work)

    trunk = torch.compile(model.model) if arguments.compile else model.model
    begin, last_saved, last_report, total, running = time.time() - spent, spent, step, arguments.minutes * 60, None
    while spent < total:
        progress, warmup = spent / total, min(1.0, (step + 1) / 150)
        if progress > 0.75:
            windows.resize(512)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = arguments.lr * warmup * 0.5 * (1 + math.cos(math.pi * progress))
        loss = loss_of(model, windows.next(), trunk)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        running = loss.item() if running is None else 0.98 * running + 0.02 * loss.item()
        step, spent = step + 1, time.time() - begin
        if step % 50 == 0:
            print(f"step {step} minute {spent / 60:.1f} tokens {step * arguments.tokens} epoch {windows.epochs} loss {running:.3f}", flush=True)
        if spent - last_saved > (120 if spent < 400 else 420):
            with torch.no_grad():
                print(f"step {step} held-out loss {np.mean([loss_of(model, rows).item() for rows in held_out]):.3f}", flush=True)
            keep()
            last_saved = spent
    keep()
    with torch.no_grad():
        print(f"done: step {step}, {step * arguments.tokens} tokens, held-out loss {np.mean([loss_of(model, rows).item() for rows in held_out]):.3f}")


if __name__ == "__main__":
    main()
