"""Random SAEs in the layout of Qwen-Scope."""
import json

import torch


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


def save_saes(target, base_model, s, saes):
    target.mkdir()
    for layer, tensors in saes.items():
        torch.save(tensors, target / f'layer{layer}.sae.pt')
    config = dict(model_type='topk_sae', base_model=base_model, d_model=s['d'], d_sae=s['sae']['d_sae'], k=s['sae']['k'], num_layers=s['layers'],
                  hook_point='resid_post')
    (target / 'config.json').write_text(json.dumps(config, indent=2) + '\n')
