"""Records test/golden/lens.json: what each layer of some recorded checkpoints would say next, and how certain the model is, by transformers.

Run from the repository's root after record.py, whose cases are looked at:

    python scripts/goldens/lens.py
"""
import json

import torch

import llama
import moe
import qwen3
import qwen35
from record import GOLDEN
from reference import Reference
from saes import random_saes

NAMES = ['tied', 'sharded', 'llama-scaled', 'qwen35-wide', 'qwen3-moe']
CASES = ['9/plain', '9/several', '70/suppress']
TOP = 5


def distribution(logits):
    logprobs = logits.log_softmax(-1)
    top = logprobs.topk(TOP)
    return {'ids': top.indices.tolist(), 'logprobs': [round(p, 6) for p in top.values.tolist()], 'entropy': round(float(-(logprobs.exp() * logprobs).sum()), 6)}


def rank(logits, token):
    greater = int((logits > logits[token]).sum())
    return 1 + greater + int((logits[:token] == logits[token]).sum())


def main():
    torch.set_num_threads(1)
    recorded = []
    for checkpoint in (each for architecture in [llama, moe, qwen3, qwen35] for each in architecture.CHECKPOINTS if each.name in NAMES):
        folder, s = GOLDEN / checkpoint.name, checkpoint.shape
        model = checkpoint.model_class.from_pretrained(folder / 'model', dtype=torch.float32).eval()
        reference = Reference(model, random_saes(100 + checkpoint.seed, s), s['sae']['k'])
        for case in json.loads((folder / 'cases.json').read_text())['cases']:
            if case['name'] not in CASES:
                continue
            ids, edits = case['ids'], case['edits']
            logits, residuals, _, _ = reference.forward(ids, edits, case['promptLength'])
            tokens = [{'entropy': round(float(distribution(row)['entropy']), 6), 'rank': rank(row, ids[p + 1])} for p, row in enumerate(logits[:-1])]
            at = sorted({len(ids) - 1, 4})
            with torch.no_grad():
                # resid_post comes from hooks: the last of transformers' own hidden_states has passed the final norm already.
                lens = [[distribution(model.lm_head(model.model.norm(residuals[layer][p]))) for layer in range(s['layers'])] for p in at]
            recorded.append({'model': checkpoint.name, 'case': case['name'], 'tokens': tokens, 'at': at, 'lens': lens})
    (GOLDEN / 'lens.json').write_text('[\n' + ',\n'.join(json.dumps(each) for each in recorded) + '\n]\n')
    print(f'{len(recorded)} cases, {(GOLDEN / "lens.json").stat().st_size / 1024:.0f} KiB')


if __name__ == '__main__':
    main()
