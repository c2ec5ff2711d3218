"""Records test/golden from transformers: tiny random Qwen3 checkpoints, random SAEs, and what they compute in float32.

Run from the repository's root, with the packages that are named here (the versions used are written into cases.json):

    pip install torch transformers safetensors numpy
    python scripts/record_goldens.py

Everything is computed without a key-value cache, the whole sequence anew for each generated token, so that it shares nothing
with the engine that is tested against it. Edits are forward hooks on the decoder layers' outputs (resid_post, before the final norm).
"""
import json
import platform
import shutil
from pathlib import Path

import numpy
import torch
import transformers
from safetensors.numpy import save_file
from transformers import Qwen3Config, Qwen3ForCausalLM

GOLDEN = Path(__file__).parent.parent / 'test' / 'golden'
PROMPT_LENGTHS = [1, 9, 70, 150]
GENERATE = 12
ALL_ROWS_UP_TO = 25

MODELS = {
    # name: shape, stored dtype, shard size, SAE (d_sae, k, dtype, layers)
    'tied': dict(d=32, layers=3, heads=4, kv=2, head_dim=8, ffn=64, tied=True, dtype=torch.bfloat16, shard=None, theta=1e6,
                 sae=dict(d_sae=128, k=8, dtype=torch.float16, layers=[0, 1, 2])),
    'sharded': dict(d=32, layers=4, heads=4, kv=4, head_dim=8, ffn=48, tied=False, dtype=torch.float32, shard='80KB', theta=1e4,
                    sae=dict(d_sae=96, k=6, dtype=torch.float32, layers=[0, 1, 3])),
    'grouped': dict(d=40, layers=3, heads=6, kv=2, head_dim=16, ffn=64, tied=True, dtype=torch.float16, shard=None, theta=1e6,
                    sae=dict(d_sae=120, k=10, dtype=torch.bfloat16, layers=[0, 1, 2])),
}
VOCAB = 300


def random_model(seed, s):
    config = Qwen3Config(
        hidden_size=s['d'], num_hidden_layers=s['layers'], num_attention_heads=s['heads'], num_key_value_heads=s['kv'], head_dim=s['head_dim'],
        intermediate_size=s['ffn'], vocab_size=VOCAB, tie_word_embeddings=s['tied'], max_position_embeddings=256, rms_norm_eps=1e-6,
        rope_parameters={'rope_type': 'default', 'rope_theta': s['theta']}, bos_token_id=None, eos_token_id=None, pad_token_id=None)
    model = Qwen3ForCausalLM(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if 'norm' in name:
                weight.copy_(1 + 0.2 * noise)
            elif 'embed_tokens' in name or 'lm_head' in name:
                weight.copy_((0.3 if s['tied'] else 0.6) * noise)
            else:
                weight.copy_(1.5 * noise / weight.shape[1] ** 0.5)
    return model.to(s['dtype'])


def random_saes(seed, s):
    sae, generator = s['sae'], torch.Generator().manual_seed(seed)
    saes = {}
    for layer in sae['layers']:
        W_enc = torch.randn(sae['d_sae'], s['d'], generator=generator) / s['d'] ** 0.5
        saes[layer] = {
            'W_enc': W_enc.to(sae['dtype']),
            'b_enc': (0.3 * torch.randn(sae['d_sae'], generator=generator)).to(sae['dtype']),
            'W_dec': (W_enc / W_enc.norm(dim=1, keepdim=True)).T.contiguous().to(sae['dtype']),
            'b_dec': (0.1 * torch.randn(s['d'], generator=generator)).to(sae['dtype']),
        }
    # One layer as `tensor.T` leaves it: the bytes are those of the transpose and only the strides tell.
    last = saes[sae['layers'][-1]]
    last['W_enc'], last['W_dec'] = last['W_enc'].T.contiguous().T, last['W_dec'].T.contiguous().T
    return saes


def save(folder, name, s, model, saes):
    target = folder / name
    shutil.rmtree(target, ignore_errors=True)
    model.save_pretrained(target / 'model', **({'max_shard_size': s['shard']} if s['shard'] else {}))
    (target / 'model' / 'generation_config.json').unlink(missing_ok=True)
    (target / 'sae').mkdir()
    for layer, tensors in saes.items():
        torch.save(tensors, target / 'sae' / f'layer{layer}.sae.pt')
    config = dict(model_type='topk_sae', base_model=name, d_model=s['d'], d_sae=s['sae']['d_sae'], k=s['sae']['k'], num_layers=s['layers'],
                  hook_point='resid_post')
    (target / 'sae' / 'config.json').write_text(json.dumps(config, indent=2) + '\n')


def covers(positions, position, prompt_length):
    kind = positions['kind']
    if kind == 'ranges':
        return any(first <= position <= last for first, last in positions['ranges'])
    return {'all': True, 'prompt': position < prompt_length, 'generated': position >= prompt_length, 'last': position == prompt_length - 1}[kind]


class Reference:
    """The model in float32 with its SAEs, read and edited through hooks."""

    def __init__(self, folder, saes, k):
        # Loaded anew: a model that was cast to half precision and back has also rounded its rotary frequencies.
        self.model, self.k = Qwen3ForCausalLM.from_pretrained(folder, dtype=torch.float32).eval(), k
        self.saes = {layer: {name: t.float() for name, t in tensors.items()} for layer, tensors in saes.items()}

    def encode(self, layer, x):
        sae = self.saes[layer]
        a = torch.relu(x @ sae['W_enc'].T + sae['b_enc'])
        values, indices = a.topk(self.k, dim=-1)
        return torch.zeros_like(a).scatter(-1, indices, values)

    def forward(self, ids, edits, prompt_length):
        residuals, before, after, handles = {}, {}, {}, []

        def hook(layer):
            def run(_module, _inputs, output):
                x = (output[0] if isinstance(output, tuple) else output)[0]
                if layer in self.saes:
                    a = before[layer] = self.encode(layer, x)
                    change = torch.zeros_like(a)
                    for edit in edits:
                        if edit['feature']['layer'] != layer:
                            continue
                        f, value, kind = edit['feature']['feature'], edit['operation']['value'], edit['operation']['kind']
                        rows = [p for p in range(len(ids)) if covers(edit['positions'], p, prompt_length)]
                        change[rows, f] += {'set': value - a[rows, f], 'add': torch.full([len(rows)], value), 'scale': (value - 1) * a[rows, f]}[kind]
                    x = x + change @ self.saes[layer]['W_dec'].T
                    after[layer] = self.encode(layer, x)
                residuals[layer] = x
                return (x[None], *output[1:]) if isinstance(output, tuple) else x[None]
            return run

        for layer, module in enumerate(self.model.model.layers):
            handles.append(module.register_forward_hook(hook(layer)))
        with torch.no_grad():
            logits = self.model(torch.tensor([ids]), use_cache=False).logits[0]
        for handle in handles:
            handle.remove()
        return logits, residuals, before, after

    def generate(self, prompt, edits):
        ids, gaps = list(prompt), []
        for _ in range(GENERATE):
            top = self.forward(ids, edits, len(prompt))[0][-1].topk(2)
            gaps.append(float(top.values[0] - top.values[1]))
            ids.append(int(top.indices[0]))
        return ids, gaps


def strongest(a, position, rank=0):
    return int(a[position].topk(rank + 1).indices[rank])


def edit(layer, feature, kind, value, positions='all'):
    where = {'kind': positions} if isinstance(positions, str) else {'kind': 'ranges', 'ranges': positions}
    return {'feature': {'layer': layer, 'feature': feature}, 'operation': {'kind': kind, 'value': value}, 'positions': where}


def edit_cases(before, length, d_sae):
    """Edits of each kind and position form, on features that fire in the prompt."""
    first, *_, last = sorted(before)
    middle = sorted(before)[1]
    at = min(length - 1, 4)
    f = lambda layer, rank=0, position=at: strongest(before[layer], position, rank)
    quiet = int((before[middle].sum(0) == 0).nonzero()[0]) if (before[middle].sum(0) == 0).any() else d_sae - 1
    cases = {
        'suppress': [edit(middle, f(middle), 'set', 0)],
        'clamp-prompt': [edit(first, f(first), 'set', 2.5, 'prompt')],
        'boost-generated': [edit(middle, f(middle, 1), 'add', 3, 'generated')],
        'scale-last': [edit(last, f(last, 0, length - 1), 'scale', 0.25, 'last')],
        'boost-quiet': [edit(middle, quiet, 'add', -2)],
    }
    if length >= 9:
        cases['ranges'] = [edit(first, f(first), 'scale', 3, [[2, 4], [7, 7]]), edit(last, f(last), 'add', 4, [[length, length + 2]])]
        cases['several'] = [edit(middle, f(middle, 0), 'set', 0), edit(middle, f(middle, 1), 'scale', 2), edit(middle, f(middle, 0), 'add', 1.5),
                            edit(last, f(last), 'set', 0, 'prompt'), edit(first, f(first, 1), 'add', 1, 'generated')]
    if length > 64:
        cases['chunk-border'] = [edit(middle, f(middle, 0, 64), 'set', 0, [[60, 67]]), edit(first, f(first, 0, 63), 'add', 2, [[63, 64]])]
        # The rest of the kinds are recorded on the short prompts.
        cases = {name: cases[name] for name in ['suppress', 'ranges', 'several', 'chunk-border']}
    return cases


def record(name, s, reference, seed):
    generator = torch.Generator().manual_seed(seed)
    tensors, cases = {}, []
    for length in PROMPT_LENGTHS:
        prompt = torch.randint(0, VOCAB, [length], generator=generator).tolist()
        plain = reference.forward(prompt, [], length)
        # Every kind of edit on one model, the others with fewer.
        edited = edit_cases(plain[2], length, s['sae']['d_sae']) if name == 'tied' or length in (9, 70) else {}
        for case, edits in {'plain': [], **edited}.items():
            ids, gaps = reference.generate(prompt, edits)
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
    torch.manual_seed(0)
    torch.set_num_threads(1)
    for seed, (name, s) in enumerate(MODELS.items()):
        model, saes = random_model(seed, s), random_saes(100 + seed, s)
        save(GOLDEN, name, s, model, saes)
        record(name, s, Reference(GOLDEN / name / 'model', saes, s['sae']['k']), 200 + seed)
        size = sum(file.stat().st_size for file in (GOLDEN / name).rglob('*') if file.is_file())
        print(f'{name}: {size / 1024:.0f} KiB')


if __name__ == '__main__':
    main()
