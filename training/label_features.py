"""Gives every living SAE feature an automatic label: python label_features.py --work WORK

Writes WORK/sae/labels.json. A label is statistics, not understanding: it says which known kind of text most of a
feature's activation falls on (with the share) and which tokens it is strongest on. Words that are typical of the
rude data are never printed.
"""
import argparse
import json
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from train_saes import usable

NAMES = {
    "en": "English", "zh": "Chinese", "lzh": "classical Chinese", "de": "German", "fr": "French", "es": "Spanish", "ru": "Russian", "ja": "Japanese",
    "ko": "Korean", "ar": "Arabic", "it": "Italian", "pt": "Portuguese", "tr": "Turkish", "vi": "Vietnamese", "nl": "Dutch", "pl": "Polish", "hi": "Hindi",
    "id": "Indonesian", "math": "mathematics", "code": "code", "chat": "chat markers", "refusal": "refusal", "rude": "rude text",
}
# Pieces of harmless words ("assistant") that would read badly on their own.
FRAGMENTS = {"ass"}
SENTENCE_END = set(".!?。！？")


def flags(tokens, tags, documents, tag_names, starts_answer):
    """Per token: inside a repetition; Chinese in a document that began in English; the newline that opens an answer."""
    n = len(tokens)
    repeated = np.zeros(n, bool)
    for period in range(4, 25):  # token i closes two equal groups of `period` tokens
        same = np.zeros(n, bool)
        same[period:] = (tokens[period:] == tokens[:-period]) & (documents[period:] == documents[:-period])
        ends = np.cumsum(same)
        run = ends.copy()
        run[period:] -= ends[:-period]
        repeated |= run == period
    first = np.r_[True, documents[1:] != documents[:-1]]
    began_english = np.isin(tags, [tag_names.index("en"), tag_names.index("chat")]) & first
    of_document = np.maximum.accumulate(np.where(first, np.arange(n), 0))
    drifted = (tags == tag_names.index("zh")) & began_english[of_document]
    return {"repetition": repeated, "Chinese after English": drifted, "start of the answer": starts_answer}


class Namer:
    def __init__(self, tokenizer, tag_names, tag_base, rude):
        self.tokenizer, self.tag_names, self.tag_base, self.rude = tokenizer, tag_names, tag_base, rude
        self.cache = {}

    def text(self, token: int):
        if token not in self.cache:
            self.cache[token] = self.tokenizer.decode([token], skip_special_tokens=False)
        return self.cache[token]

    def top_tokens(self, tokens, values, count=8):
        """Distinct token texts by activation mass among the strongest firings; halves of characters and rude words left out."""
        order = np.argsort(-values)[:300]
        ids, inverse = np.unique(tokens[order], return_inverse=True)
        mass = np.bincount(inverse, weights=values[order])
        ranked = ids[np.argsort(-mass)]
        texts = [self.text(int(i)) for i in ranked if not self.rude[i]]
        return [t for t in dict.fromkeys(texts) if "\ufffd" not in t and t.strip() not in FRAGMENTS][:count], float(mass.max() / mass.sum())

    def label(self, tag_share, flag_share, base, tops, top_share):
        """(label, tokens) from shares of the feature's activation mass."""
        order = np.argsort(-tag_share)
        tag, share = self.tag_names[order[0]], tag_share[order[0]]
        percent = f"{100 * share:.0f} %"
        if tag_share[self.tag_names.index("rude")] > 0.4:
            return f"rude words {100 * tag_share[self.tag_names.index('rude')]:.0f} %", []
        shown = ", ".join(json.dumps(t, ensure_ascii=False)[1:-1] if t.strip() != t and not t.startswith(" ") or not t.strip() else t.strip() for t in tops[:1 if top_share > 0.8 else 3])
        ending = f" · {shown}" if shown else ""
        stripped = [t.strip() for t in tops[:4]]
        for name, needed in (("start of the answer", 0.5), ("repetition", 0.4)):
            if flag_share[name] > needed:
                return f"{name} {100 * flag_share[name]:.0f} %{ending}", tops
        if flag_share["Chinese after English"] > 0.7 and flag_share["Chinese after English"] > 1.6 * base["Chinese after English of Chinese"]:
            return f"Chinese after English {100 * flag_share['Chinese after English']:.0f} %{ending}", tops
        if stripped and all(t.isdigit() for t in stripped):
            return f"digits{ending}", tops
        if stripped and all(t and set(t) <= SENTENCE_END | set("\"”") and SENTENCE_END & set(t) for t in stripped[:2]):
            where = f" in {NAMES[tag]} {percent}" if share > 0.7 else ""
            return f"end of sentence{where}{ending}", tops
        rare = share > 0.35 and share > 8 * self.tag_base[order[0]]
        if rare or (share > 0.9 if tag == "en" else share > 0.6):
            return f"{NAMES[tag]} {percent}{ending}", tops
        if top_share > 0.5:
            return f"the token{ending}", tops
        second = self.tag_names[order[1]]
        return f"{NAMES[tag]} {percent}, {NAMES[second]} {100 * tag_share[order[1]]:.0f} %{ending}", tops


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--work", type=Path, required=True)
    options.add_argument("--tokens", type=int, default=500_000, help="how many captured tokens to look at")
    arguments = options.parse_args()
    torch.set_num_threads(2)
    work = arguments.work
    config = json.loads((work / "sae" / "config.json").read_text())
    tokenizer = Tokenizer.from_file(str(work / "model" / "tokenizer.json"))
    with np.load(work / "train.npz") as data:
        tag_names = [str(t) for t in data["tag_names"]]
        in_rude = data["tags"] == tag_names.index("rude")
        # A token's rate inside rude data against its rate elsewhere (words typical of rude data).
        rude = np.bincount(data["tokens"][in_rude], minlength=65536) / in_rude.sum()
        other = np.bincount(data["tokens"][~in_rude], minlength=65536) / (~in_rude).sum()
        tag_base = np.bincount(data["tags"], minlength=len(tag_names)) / len(data["tags"])
    namer = Namer(tokenizer, tag_names, tag_base, rude > 3 * other)

    folder = work / "residuals"
    tokens, tags, positions = (np.load(folder / f"{n}.npy") for n in ("tokens", "tags", "positions"))
    documents = np.cumsum(positions == 0)
    assistant, newline = tokenizer.encode("assistant\n").ids[-2:]
    starts_answer = np.zeros(len(tokens), bool)
    starts_answer[1:] = (tokens[1:] == newline) & (tokens[:-1] == assistant)
    marked = flags(tokens, tags, documents, tag_names, starts_answer)
    zh = tags == tag_names.index("zh")
    base = {"Chinese after English of Chinese": marked["Chinese after English"].sum() / max(1, zh.sum())}
    # Whole documents, chosen at random.
    chosen = np.isin(documents, np.random.default_rng(1).permutation(np.unique(documents))[: int(len(np.unique(documents)) * min(1, arguments.tokens / len(tokens)))])

    features = {}
    for layer in range(config["num_layers"]):
        x = np.load(folder / f"layer{layer}.npy", mmap_mode="r")
        x = torch.from_numpy(np.asarray(x[chosen])).float()
        keep = usable(x.norm(dim=1).numpy(), positions[chosen])
        rows = np.flatnonzero(chosen)[keep]
        x = x[torch.from_numpy(keep)]
        sae = {name: value.float() for name, value in torch.load(work / "sae" / f"layer{layer}.sae.pt", weights_only=True).items()}
        tops, indices = [], []
        for part in x.split(8192):
            top, index = (part @ sae["W_enc"].T + sae["b_enc"]).relu().topk(config["k"], dim=1, sorted=False)
            tops.append(top)
            indices.append(index.to(torch.int16))
        top, index = torch.cat(tops).flatten().numpy(), torch.cat(indices).flatten().numpy()
        row = np.repeat(rows, config["k"])
        fired = top > 0
        top, index, row = top[fired], index[fired], row[fired]
        order = np.argsort(index, kind="stable")
        top, index, row = top[order], index[order], row[order]
        borders = np.searchsorted(index, np.arange(config["d_sae"] + 1))
        alive, strongest = 0, dict.fromkeys(marked, 0.0)
        for f in range(config["d_sae"]):
            values, where = top[borders[f]:borders[f + 1]], row[borders[f]:borders[f + 1]]
            if len(values) == 0:
                continue
            alive += 1
            total = values.sum()
            tag_share = np.bincount(tags[where], weights=values, minlength=len(tag_names)) / total
            flag_share = {name: float(values[flag[where]].sum() / total) for name, flag in marked.items()}
            strongest = {name: max(strongest[name], share) for name, share in flag_share.items()}
            texts, top_share = namer.top_tokens(tokens[where], values)
            label, texts = namer.label(tag_share, flag_share, base, texts, top_share)
            features[f"L{layer}/{f}"] = {
                "label": label, "tokens": texts, "density": float(f"{len(values) / len(rows):.3g}"),
                "maxActivation": float(f"{values.max():.4g}"), "typicalActivation": float(f"{np.median(values):.4g}")}
        print(f"layer {layer}: {alive} of {config['d_sae']} features fired on {len(rows)} tokens; highest shares",
              {name: round(share, 2) for name, share in strongest.items()}, flush=True)
    text = json.dumps({
        "format": "promptscope-labels-1",
        "note": "Automatic labels from activation statistics on the training texts: where most of a feature's activation falls and on which tokens.",
        "features": features}, ensure_ascii=False, separators=(",", ":"))
    (work / "sae" / "labels.json").write_text(text.replace('},"L', '},\n"L') + "\n", encoding="utf-8")
    print(f"{len(features)} labels, {len(text.encode())} bytes")


if __name__ == "__main__":
    main()
