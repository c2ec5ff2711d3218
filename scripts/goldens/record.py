"""Records test/golden from transformers: tiny random checkpoints of every architecture, random SAEs, and what they compute in float32.

Run from the repository's root, with the packages that are named here (the versions used are written into cases.json):

    pip install torch transformers safetensors numpy
    python scripts/goldens/record.py [NAME...]

Without names every checkpoint is recorded again. A new one is an entry in the CHECKPOINTS of a module beside this file.
"""
import json
import platform
import shutil
import sys
from pathlib import Path

import numpy
import torch
import transformers
from safetensors.numpy import save_file

import llama
import moe
import qwen3
import qwen35
from checkpoint import VOCAB
from edits import edit_cases
from reference import Reference
from saes import random_saes, save_saes

GOLDEN = Path(__file__).parent.parent.parent / 'test' / 'golden'
ARCHITECTURES = [llama, moe, qwen3, qwen35]
PROMPT_LENGTHS = [1, 9, 70, 150]
GENERATE = 12
ALL_ROWS_UP_TO = 25


def save(checkpoint, model, saes):
    target, shard = GOLDEN / checkpoint.name, checkpoint.shape['shard']
    shutil.rmtree(target, ignore_errors=True)
    model.save_pretrained(target / 'model', **({'max_shard_size': shard} if shard else {}))
    (target / 'model' / 'generation_config.json').unlink(missing_ok=True)
    save_saes(target / 'sae', checkpoint.name, checkpoint.shape, saes)


def record(checkpoint, reference):
    name, s = checkpoint.name, checkpoint.shape
    generator = torch.Generator().manual_seed(200 + checkpoint.seed)
    tensors, cases = {}, []
    for length in PROMPT_LENGTHS:
        prompt = torch.randint(0, VOCAB, [length], generator=generator).tolist()
        plain = reference.forward(prompt, [], length)
        edited = edit_cases(plain[2], length, s['sae']['d_sae']) if checkpoint.edits == 'every kind' or length in (9, 70) else {}
        for case, edits in {'plain': [], **edited}.items():
            ids, gaps = reference.generate(prompt, edits, GENERATE)
            logits, residuals, before, after = reference.forward(ids, edits, length)
            total = len(ids)
            rows = list(range(total)) if total <= ALL_ROWS_UP_TO and case == 'plain' else [0, 4, length - 1, length, 63, 64, total - 1]
            rows = sorted({row for row in rows if row < total})
            logit_rows = sorted({0, length - 1, total - 1})
            logprobs = logits.log_softmax(-1)
            key = f'{length}/{case}'
            cases.append({'name': key, 'promptLength': length, 'ids': ids, 'gaps': [round(gap, 5) for gap in gaps], 'edits': edits, 'rows': rows, 'logitRows': logit_rows})
            tensors[f'{key}/logits'] = logits[logit_rows]
            tensors[f'{key}/logprobs'] = torch.stack([logprobs[p, ids[p + 1]] for p in range(total - 1)])
            tensors[f'{key}/residuals'] = torch.stack([residuals[layer][rows] for layer in range(s['layers'])])
            for side, table in {'before': before, 'after': after}.items():
                if side == 'after' and not edits:
                    continue
                top = [table[layer][rows].topk(s['sae']['k']) for layer in s['sae']['layers']]
                tensors[f'{key}/{side}.activations'] = torch.stack([t.values for t in top])
                tensors[f'{key}/{side}.features'] = torch.stack([t.indices for t in top]).to(torch.int16)
    save_file({key: value.contiguous().numpy() for key, value in tensors.items()}, GOLDEN / name / 'vectors.safetensors')
    recorded_with = {'torch': torch.__version__, 'transformers': transformers.__version__, 'numpy': numpy.__version__, 'python': platform.python_version()}
    document = {'recordedWith': recorded_with, 'saeLayers': s['sae']['layers'], 'cases': cases}
    (GOLDEN / name / 'cases.json').write_text(json.dumps(document) + '\n')


def main():
    names = sys.argv[1:]
    torch.set_num_threads(1)
    for checkpoint in (each for architecture in ARCHITECTURES for each in architecture.CHECKPOINTS if not names or each.name in names):
        torch.manual_seed(0)
        s, folder = checkpoint.shape, GOLDEN / checkpoint.name
        model, saes = checkpoint.build(checkpoint.seed, s), random_saes(100 + checkpoint.seed, s)
        save(checkpoint, model, saes)
        # Loaded anew: a model that was cast to half precision and back has also rounded its rotary frequencies.
        reference = checkpoint.model_class.from_pretrained(folder / 'model', dtype=torch.float32).eval()
        checkpoint.lay_out(folder / 'model')
        record(checkpoint, Reference(reference, saes, s['sae']['k']))
        size = sum(file.stat().st_size for file in folder.rglob('*') if file.is_file())
        print(f'{checkpoint.name}: {size / 1024:.0f} KiB')


if __name__ == '__main__':
    main()
