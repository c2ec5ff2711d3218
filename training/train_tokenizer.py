"""Trains the byte-level BPE tokenizer and encodes the documents: python train_tokenizer.py --work WORK [--vocab 10240]

Writes WORK/tokenizer/ (tokenizer.json, tokenizer_config.json, chat_template.jinja) and, for train and heldout,
WORK/{split}.npz with
    tokens (N,) uint16   all documents one after another, without separators
    tags   (N,) uint8    index into `tag_names`: the tag of the segment that the token is from
    starts (D+1,) int64  document d is tokens[starts[d]:starts[d+1]]
    kinds  (D,) uint8    index into `kind_names`
"""
import argparse
import json
import random
from pathlib import Path

import numpy as np
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

# Qwen2's and Qwen3's own pattern, to the letter.
QWEN_SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
# (text, special), in Qwen's order; they get the ids after the trained vocabulary, as in Qwen.
ADDED = [("<|endoftext|>", True), ("<|im_start|>", True), ("<|im_end|>", True), ("<tool_call>", False), ("</tool_call>", False), ("<think>", False), ("</think>", False)]
# The grammar's texts are so uniform that all of them would waste merges.
SHARE = {"story": 0.03, "story-zh": 0.06, "chat-story": 0.03, "chat-story-zh": 0.06, "chat-about": 0.03, "chat-explain": 0.03, "chat-song": 0.03, "chat-zh": 0.06, "talk": 0.3}


def documents(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def build(vocab_size: int, texts) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(byte_fallback=False))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN_SPLIT), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(ADDED), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False, max_token_length=18)
    tokenizer.train_from_iterator(texts, trainer)
    for text, special in ADDED:
        token = AddedToken(text, special=special, normalized=False)
        (tokenizer.add_special_tokens if special else tokenizer.add_tokens)([token])
    return tokenizer


def save(tokenizer: Tokenizer, folder: Path):
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    template = (Path(__file__).parent / "chat_template.jinja").read_text(encoding="utf-8").rstrip("\n")
    (folder / "chat_template.jinja").write_text(template, encoding="utf-8")
    config = {
        "add_prefix_space": False,
        "added_tokens_decoder": {
            str(tokenizer.token_to_id(text)): {"content": text, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": special}
            for text, special in ADDED},
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "bos_token": None,
        "chat_template": template,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": 4096,
        "pad_token": "<|endoftext|>",
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def encode(tokenizer: Tokenizer, path: Path, tag_names, kind_names):
    """Segments are encoded one by one, so that a change of language is always a token border."""
    texts, tags, owners, kinds = [], [], [], []
    for d, document in enumerate(documents(path)):
        kinds.append(kind_names.setdefault(document["kind"], len(kind_names)))
        for tag, text in document["segments"]:
            texts.append(text)
            tags.append(tag_names.setdefault(tag, len(tag_names)))
            owners.append(d)
    ids = [e.ids for i in range(0, len(texts), 20000) for e in tokenizer.encode_batch(texts[i:i + 20000], add_special_tokens=False)]
    lengths = np.array([len(i) for i in ids])
    per_document = np.bincount(owners, weights=lengths, minlength=len(kinds)).astype(np.int64)
    return {
        "tokens": np.concatenate([np.array(i, np.uint16) for i in ids]),
        "tags": np.repeat(np.array(tags, np.uint8), lengths),
        "starts": np.concatenate([[0], np.cumsum(per_document)]),
        "kinds": np.array(kinds, np.uint8),
    }


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--work", type=Path, required=True)
    options.add_argument("--vocab", type=int, default=10240, help="added tokens included")
    arguments = options.parse_args()

    folder, rng = arguments.work / "tokenizer", random.Random(3)
    texts = [text for document in documents(arguments.work / "train.jsonl") if rng.random() < SHARE.get(document["kind"], 1)
             for tag, text in document["segments"] if tag != "chat"]
    if (folder / "tokenizer.json").exists():  # kept, so that changed documents can be encoded for a model already in training
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    else:
        tokenizer = build(arguments.vocab, texts)
        save(tokenizer, folder)
    tag_names, kind_names = {}, {}
    for split in ("train", "heldout"):
        encoded = encode(tokenizer, arguments.work / f"{split}.jsonl", tag_names, kind_names)
        np.savez(arguments.work / f"{split}.npz", **encoded, tag_names=list(tag_names), kind_names=list(kind_names))
        print(split, len(encoded["tokens"]), "tokens,", len(encoded["kinds"]), "documents")


if __name__ == "__main__":
    main()
