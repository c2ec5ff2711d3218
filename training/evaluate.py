"""Measures the model and its SAEs on held-out documents: python evaluate.py --work WORK --out results [--only loss,saes,faults,suppress]

Writes results/loss.json   nats per token and bits per byte by tag (language or domain) and by kind of document,
       results/saes.json   per layer: variance explained with and without b_dec, L0, dead features, loss when x_hat replaces x,
       results/faults.json how often the held-out prompts drift into Chinese or loop, per kind of prompt,
       results/suppress.json the same with features suppressed that two simple rankings propose, and with random ones.
"""
import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer

import generate
import residuals
from train_saes import usable


def load_sae(work, layer):
    return {name: value.float() for name, value in torch.load(work / "sae" / f"layer{layer}.sae.pt", weights_only=True).items()}


@torch.no_grad()
def held_out_loss(work, model, data, token_count):
    """Loss of held-out documents, each run alone; the first token of a document has no prediction and does not count."""
    chosen = residuals.choose(data, token_count, np.random.default_rng(6))
    tags_names, kinds_names = list(data["tag_names"]), list(data["kind_names"])
    nll, tags, kinds, sizes = [], [], [], []
    lengths = [len(t) for t in token_bytes(work)]
    norm, head = model.model.norm, model.lm_head.weight
    last = model.config.num_hidden_layers - 1
    for positions, tokens, tag, documents, values in residuals.run(model, data, chosen):
        targets = torch.from_numpy(tokens)
        losses = torch.cat([
            torch.nn.functional.cross_entropy(norm(h) @ head.T, t, reduction="none")
            for h, t in zip(values[last][:-1].split(1024), targets[1:].split(1024))]).numpy()
        inside = positions[1:] > 0
        nll.append(losses[inside])
        tags.append(tag[1:][inside])
        kinds.append(data["kinds"][documents[1:][inside]])
        sizes.append(np.array([lengths[t] for t in tokens[1:][inside]]))
    nll, tags, kinds, sizes = map(np.concatenate, (nll, tags, kinds, sizes))

    def summary(mask):
        return {"tokens": int(mask.sum()), "nats_per_token": round(float(nll[mask].mean()), 3), "bits_per_byte": round(float(nll[mask].sum() / np.log(2) / sizes[mask].sum()), 3)}

    return {"mean_over_tags": round(float(np.mean([nll[tags == i].mean() for i in set(tags.tolist())])), 3), "all": summary(np.ones(len(nll), bool)),
            "by_tag": {str(n): summary(tags == i) for i, n in enumerate(tags_names) if (tags == i).any()},
            "by_kind": {str(n): summary(kinds == i) for i, n in enumerate(kinds_names) if (kinds == i).any()}}


def token_bytes(work):
    """Bytes of every token's text: a byte-level vocabulary writes one character per byte."""
    tokenizer = json.loads((work / "model" / "tokenizer.json").read_text(encoding="utf-8"))
    texts = [""] * (len(tokenizer["model"]["vocab"]) + len(tokenizer["added_tokens"]))
    for text, i in tokenizer["model"]["vocab"].items():
        texts[i] = text
    for added in tokenizer["added_tokens"]:
        texts[added["id"]] = added["content"]
    return texts


@torch.no_grad()
def sae_metrics(work, model, data, config, documents=1200):
    """On held-out documents, position 0 and outlier norms left out."""
    chosen = np.sort(np.random.default_rng(7).permutation(len(data["kinds"]))[:documents])
    layers, k = config["num_layers"], config["k"]
    stacks, positions_all = [[] for _ in range(layers)], []
    for positions, _, _, _, values in residuals.run(model, data, chosen):
        positions_all.append(positions)
        for stack, value in zip(stacks, values):
            stack.append(value.clone())
    positions, result = np.concatenate(positions_all), []
    for layer in range(layers):
        x = torch.cat(stacks[layer])
        norms = x.norm(dim=1).numpy()
        x = x[torch.from_numpy(usable(norms, positions))]
        sae, fired = load_sae(work, layer), torch.zeros(config["d_sae"], dtype=torch.long)
        residual, residual_bare, l0 = 0.0, 0.0, 0
        variance = (x - x.mean(0)).pow(2).sum().item()
        for part in x.split(8192):
            a = generate.activations(part, sae, k)
            decoded = a @ sae["W_dec"].T
            residual += (part - decoded - sae["b_dec"]).pow(2).sum().item()
            residual_bare += (part - decoded).pow(2).sum().item()
            l0 += int((a > 0).sum())
            fired += (a > 0).sum(0)
        result.append({
            "layer": layer, "tokens": len(x), "variance_explained": round(1 - residual / variance, 4), "variance_explained_without_b_dec": round(1 - residual_bare / variance, 4),
            "l0": round(l0 / len(x), 2), "dead": int((fired == 0).sum()), "dead_share": round(float((fired == 0).float().mean()), 4),
            "denser_than_10_percent": int((fired > 0.1 * len(x)).sum()), "median_norm": round(float(np.median(norms)), 2), "norm_at_position_0": round(float(norms[positions == 0].mean()), 2)})
    # What the model loses when x_hat stands in for x at all positions but the first.
    data_small = dict(data)
    part = chosen[:300]

    def loss(layer=None):
        hook = None
        if layer is not None:
            sae = load_sae(work, layer)

            def replace(_m, _i, output):
                x = output[0] if isinstance(output, tuple) else output
                y = generate.activations(x, sae, k) @ sae["W_dec"].T + sae["b_dec"]
                y[:, 0] = x[:, 0]
                return (y, *output[1:]) if isinstance(output, tuple) else y
            hook = model.model.layers[layer].register_forward_hook(replace)
        total = count = 0
        last = layers - 1
        for position, tokens, _, _, values in residuals.run(model, data_small, part):
            inside = torch.from_numpy(position[1:] > 0)
            h = model.model.norm(values[last][:-1][inside])
            t = torch.from_numpy(tokens[1:])[inside]
            total += sum(torch.nn.functional.cross_entropy(a @ model.lm_head.weight.T, b, reduction="sum").item() for a, b in zip(h.split(1024), t.split(1024)))
            count += len(t)
        if hook:
            hook.remove()
        return total / count

    plain = loss()
    for entry in result:
        entry["loss_added_by_reconstruction"] = round(loss(entry["layer"]) - plain, 4)
    return {"held_out_loss_there": round(plain, 4), "layers": result}


def fault_rates(model, tokenizer, prompts, seeds, **options):
    kinds = sorted({p["kind"] for p in prompts})
    runs = [generate.complete(model, tokenizer, prompts, seed=s, **options) for s in seeds]
    pick = lambda keep: [c for run in runs for p, c in zip(prompts, run) if keep(p)]
    return {"all": generate.rates(tokenizer, pick(lambda p: True)), **{k: generate.rates(tokenizer, pick(lambda p: p["kind"] == k)) for k in kinds}}


@torch.no_grad()
def chinese_rankings(work, model, data, config, layer, documents=1500):
    """Two rankings of a layer's features, best first, by a difference of mean activation on held-out documents.

    "on Chinese": tokens of Chinese text minus tokens of English text.
    "before Chinese": the last English token before a text turns Chinese minus the other ends of English sentences.
    """
    chosen = np.random.default_rng(8).permutation(len(data["kinds"]))[:documents]
    sae, names = load_sae(work, layer), list(data["tag_names"])
    zh, en = names.index("zh"), names.index("en")
    texts = token_bytes(work)
    ends = np.array([t.rstrip('"')[-1:] in (".", "?", "!") for t in texts])
    sums, counts = [0] * 4, [0] * 4
    for _, tokens, tags, owners, values in residuals.run(model, data, chosen):
        a = generate.activations(values[layer], sae, config["k"])
        same, following = np.r_[owners[1:] == owners[:-1], False], np.r_[tags[1:], 0]
        inside = same & (tags == en)
        for i, mask in enumerate((tags == zh, tags == en, inside & (following == zh), inside & (following == en) & ends[tokens])):
            sums[i] = sums[i] + a[torch.from_numpy(mask)].sum(0)
            counts[i] += int(mask.sum())
    means = [s / c for s, c in zip(sums, counts)]
    return {"on Chinese": (means[0] - means[1]).argsort(descending=True).tolist(), "before Chinese": (means[2] - means[3]).argsort(descending=True).tolist()}


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--work", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--only", default="loss,saes,faults,suppress")
    options.add_argument("--layer", type=int, default=4, help="layer of the suppression check")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--seeds", type=int, default=1)
    options.add_argument("--features", default="3,10", help="how many features to suppress")
    options.add_argument("--tokens", type=int, default=200_000, help="held-out tokens for the loss")
    options.add_argument("--every", type=int, default=2, help="suppression check on every n-th prompt")
    arguments = options.parse_args()
    torch.set_num_threads(arguments.threads)
    work, only = arguments.work, arguments.only.split(",")
    arguments.out.mkdir(parents=True, exist_ok=True)
    model, tokenizer = residuals.load(work / "model"), AutoTokenizer.from_pretrained(work / "model")
    data = dict(np.load(work / "heldout.npz"))
    prompts = [json.loads(line) for line in open(work / "prompts.jsonl", encoding="utf-8")]
    seeds = range(arguments.seeds)

    def write(name, value, begin):
        value = {**value, "seconds": round(time.time() - begin, 1)}
        (arguments.out / f"{name}.json").write_text(json.dumps(value, indent=1) + "\n")
        print(name, json.dumps(value)[:2000], flush=True)

    if "loss" in only:
        begin = time.time()
        write("loss", held_out_loss(work, model, data, arguments.tokens), begin)
    config = json.loads((work / "sae" / "config.json").read_text())
    if "saes" in only:
        begin = time.time()
        write("saes", sae_metrics(work, model, data, config), begin)
    if "faults" in only:
        begin = time.time()
        baseline = fault_rates(model, tokenizer, prompts, seeds)
        write("faults", {"prompts": len(prompts), "seeds": len(seeds), "temperature": 0.7, "new_tokens": 48, "rates": baseline}, begin)
    if "suppress" in only:
        begin, layer, rows, some = time.time(), arguments.layer, [], prompts[::arguments.every]
        baseline = fault_rates(model, tokenizer, some, seeds)
        sae = load_sae(work, layer)
        rankings = chinese_rankings(work, model, data, config, layer)
        ranked = {f for ranking in rankings.values() for f in ranking[:50]}
        rankings["random"] = np.random.default_rng(9).permutation([f for f in range(config["d_sae"]) if f not in ranked]).tolist()
        for count in map(int, arguments.features.split(",")):
            for name, ranking in rankings.items():
                hook = generate.Suppress(sae, config["k"], ranking[:count])
                measured = fault_rates(model, tokenizer, some, seeds, suppress=hook, layer=layer)
                rows.append({"layer": layer, "which": name, "features": ranking[:count], "fired": hook.fired, "rates": measured["all"]})
        write("suppress", {"prompts": len(some), "seeds": len(seeds), "baseline": baseline["all"], "rows": rows}, begin)


if __name__ == "__main__":
    main()
