"""A transformers model in float32 with SAEs, read and edited through hooks on its decoder layers.

Everything is computed without a cache, the whole sequence anew for each generated token, so that it shares nothing with the engine
that is tested against it. The hooks see the layers' outputs: resid_post, before the final norm.
"""
import torch

from edits import covers


class Reference:
    """The model in float32 with its SAEs, read and edited through hooks."""

    def __init__(self, model, saes, k):
        self.model, self.k = model, k
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

    def generate(self, prompt, edits, count):
        ids, gaps = list(prompt), []
        for _ in range(count):
            top = self.forward(ids, edits, len(prompt))[0][-1].topk(2)
            gaps.append(float(top.values[0] - top.values[1]))
            ids.append(int(top.indices[0]))
        return ids, gaps
