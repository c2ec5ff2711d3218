"""Records test/golden/saes with numpy and torch: tiny random SAEs in every published layout, and what they compute.

Run from the repository's root, with the packages that are named here:

    pip install torch safetensors numpy
    python scripts/saeFixtures/record.py

Each fixture is a folder as its makers publish it (`set/`), and `vectors.safetensors`: residuals `x` (rows, d_model), all activations `a` (rows, d_sae),
the reconstruction `x_hat`, and `unit` (rows, d_model), what one unit more of the activation of `feature` adds to the reconstruction of each row.
The formulas are written from those of each library, in float64.
"""
import json
import shutil
from pathlib import Path

import numpy
import torch
from safetensors.torch import save_file

SAES = Path(__file__).parent.parent.parent / 'test' / 'golden' / 'saes'
D, S, ROWS = 16, 64, 5


class Draw:
    """Random tensors, the same for the same seed."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, *shape, scale=1.0):
        return scale * torch.randn(*shape, generator=self.generator)

    def positive(self, *shape, scale=1.0):
        return scale * torch.rand(*shape, generator=self.generator) + 0.01


def topk(a, k):
    values, indices = a.topk(k, dim=-1)
    return torch.zeros_like(a).scatter(-1, indices, values)


def jump(pre, threshold):
    return torch.relu(pre) * (pre > threshold)


FIXTURES = []


def fixture(function):
    FIXTURES.append(function)
    return function


def dense(draw, feature_rows):
    """Encoder, biases and decoder in float32: (s, d) and (d, s), or (d, s) and (s, d)."""
    W_enc, W_dec = draw(S, D, scale=D ** -0.5), draw(S, D, scale=0.3)
    b_enc, b_dec = draw(S, scale=0.2), draw(D, scale=0.3)
    return (W_enc, b_enc, W_dec.T.contiguous(), b_dec) if feature_rows else (W_enc.T.contiguous(), b_enc, W_dec, b_dec)


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + '\n')


def write_tensors(path, tensors):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == '.safetensors':
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path)
    else:
        torch.save(tensors, path)


def answer(layer, encode, decode, **more):
    """`encode(x)` → (a, context); `decode(a, context)` → x_hat; both in float64."""
    return dict(layer=layer, encode=encode, decode=decode, **more)


def doubles(*tensors):
    return tuple(tensor.double() for tensor in tensors)


# --- Qwen-Scope ---------------------------------------------------------------------------------------------------------

@fixture
def qwen_scope(folder, draw):
    W_enc, b_enc, W_dec, b_dec = dense(draw, True)
    write_json(folder / 'config.json', dict(model_type='topk_sae', base_model='Qwen/Qwen3-1.7B-Base', d_model=D, d_sae=S, k=10, num_layers=4, hook_point='resid_post', dtype='float32'))
    write_tensors(folder / 'layer2.sae.pt', dict(W_enc=W_enc, W_dec=W_dec, b_enc=b_enc, b_dec=b_dec))
    E, b, W, c = doubles(W_enc, b_enc, W_dec, b_dec)
    return answer(2, lambda x: (topk(torch.relu(x @ E.T + b), 10), None), lambda a, _: a @ W.T + c, baseModel='Qwen/Qwen3-1.7B-Base', modelLayers=4, k=10)


# --- SAELens ------------------------------------------------------------------------------------------------------------

def sae_lens(folder, cfg, tensors):
    write_json(folder / 'cfg.json', cfg)
    write_tensors(folder / 'sae_weights.safetensors', tensors)


def new_cfg(architecture, hook='blocks.3.hook_resid_post', **more):
    return dict(architecture=architecture, d_in=D, d_sae=S, dtype='float32', device='cpu', apply_b_dec_to_input=False, normalize_activations='none',
                reshape_activations='none', metadata=dict(model_name='gpt2-small', hook_name=hook), **more)


@fixture
def sae_lens_standard_old(folder, draw):
    W_enc, b_enc, W_dec, b_dec = dense(draw, False)
    # As SAELens 3 wrote it: the hook and its layer beside the rest, and b_dec subtracted because nothing says otherwise.
    sae_lens(folder / 'blocks.4.hook_resid_pre', dict(d_in=D, d_sae=S, dtype='float32', model_name='gpt2-small', hook_name='blocks.4.hook_resid_pre', hook_layer=4,
             activation_fn_str='relu', normalize_activations='none'), dict(W_enc=W_enc, b_enc=b_enc, W_dec=W_dec, b_dec=b_dec))
    E, b, W, c = doubles(W_enc, b_enc, W_dec, b_dec)
    return answer(3, lambda x: (torch.relu((x - c) @ E + b), None), lambda a, _: a @ W + c, baseModel='gpt2-small', k=None)


@fixture
def sae_lens_topk_rescaled(folder, draw):
    W_enc, b_enc, W_dec, b_dec = dense(draw, False)
    sae_lens(folder, new_cfg('topk', k=8, rescale_acts_by_decoder_norm=True), dict(W_enc=W_enc, b_enc=b_enc, W_dec=W_dec, b_dec=b_dec))
    E, b, W, c = doubles(W_enc, b_enc, W_dec, b_dec)
    n = W.norm(dim=1)
    return answer(3, lambda x: (topk(torch.relu((x @ E + b) * n), 8), None), lambda a, _: (a / n) @ W + c, baseModel='gpt2-small', k=8)


@fixture
def sae_lens_jumprelu_constant_norm(folder, draw):
    W_enc, b_enc, W_dec, b_dec = dense(draw, False)
    threshold = draw.positive(S, scale=0.8)
    cfg = {**new_cfg('jumprelu'), 'normalize_activations': 'constant_norm_rescale', 'apply_b_dec_to_input': True}
    sae_lens(folder, cfg, dict(W_enc=W_enc, b_enc=b_enc, W_dec=W_dec, b_dec=b_dec, threshold=threshold))
    E, b, W, c, t = doubles(W_enc, b_enc, W_dec, b_dec, threshold)

    def encode(x):
        coefficient = D ** 0.5 / x.norm(dim=-1, keepdim=True)
        return jump((x * coefficient - c) @ E + b, t), coefficient

    return answer(3, encode, lambda a, coefficient: (a @ W + c) / coefficient, baseModel='gpt2-small', k=None)


@fixture
def sae_lens_gated_layer_norm(folder, draw):
    W_enc, _, W_dec, b_dec = dense(draw, False)
    b_gate, b_mag, r_mag = draw(S, scale=0.4), draw(S, scale=0.4), draw(S, scale=0.3)
    cfg = {**new_cfg('gated'), 'normalize_activations': 'layer_norm'}
    sae_lens(folder, cfg, dict(W_enc=W_enc, W_dec=W_dec, b_dec=b_dec, b_gate=b_gate, b_mag=b_mag, r_mag=r_mag))
    E, W, c, g, m, r = doubles(W_enc, W_dec, b_dec, b_gate, b_mag, r_mag)

    def encode(x):
        mu = x.mean(dim=-1, keepdim=True)
        std = (x - mu).std(dim=-1, keepdim=True)
        h = (x - mu) / (std + 1e-5)
        return (h @ E + g > 0) * torch.relu(h @ (E * r.exp()) + m), (mu, std)

    return answer(3, encode, lambda a, context: (a @ W + c) * context[1] + context[0], baseModel='gpt2-small', k=None)


# --- EleutherAI sparsify ------------------------------------------------------------------------------------------------

@fixture
def sparsify(folder, draw):
    W_enc, b_enc, _, b_dec = dense(draw, True)
    W_dec = draw(S, D, scale=0.3)
    target = folder / 'layers.5'
    write_json(target / 'cfg.json', dict(expansion_factor=S // D, normalize_decoder=True, num_latents=0, k=7, multi_topk=False, skip_connection=False, d_in=D))
    write_tensors(target / 'sae.safetensors', {'encoder.weight': W_enc, 'encoder.bias': b_enc, 'W_dec': W_dec, 'b_dec': b_dec})
    E, b, W, c = doubles(W_enc, b_enc, W_dec, b_dec)
    return answer(5, lambda x: (topk(torch.relu((x - c) @ E.T + b), 7), None), lambda a, _: a @ W + c, k=7)


# --- dictionary_learning ------------------------------------------------------------------------------------------------

def dictionary(folder, dict_class, tensors, **trainer):
    target = folder / 'resid_post_layer_1' / 'trainer_0'
    write_json(target / 'config.json', dict(trainer=dict(dict_class=dict_class, activation_dim=D, dict_size=S, layer=1, lm_name='EleutherAI/pythia-70m-deduped',
               submodule_name='resid_post_layer_1', **trainer), buffer=dict(ctx_len=128)))
    write_tensors(target / 'ae.pt', tensors)


DICTIONARY = dict(baseModel='EleutherAI/pythia-70m-deduped')


@fixture
def dictionary_auto_encoder(folder, draw):
    W_enc, b_enc, W_dec, bias = dense(draw, True)
    dictionary(folder, 'AutoEncoder', {'bias': bias, 'encoder.weight': W_enc, 'encoder.bias': b_enc, 'decoder.weight': W_dec})
    E, b, W, c = doubles(W_enc, b_enc, W_dec, bias)
    # Scaled to unit columns when it is loaded: encoder and its bias up, decoder down.
    n = W.norm(dim=0)
    E, b, W = E * n[:, None], b * n, W / n
    return answer(1, lambda x: (torch.relu((x - c) @ E.T + b), None), lambda a, _: a @ W.T + c, k=None, **DICTIONARY)


@fixture
def dictionary_auto_encoder_new(folder, draw):
    W_enc, b_enc, W_dec, bias = dense(draw, True)
    dictionary(folder, 'AutoEncoderNew', {'encoder.weight': W_enc, 'encoder.bias': b_enc, 'decoder.weight': W_dec, 'decoder.bias': bias})
    E, b, W, c = doubles(W_enc, b_enc, W_dec, bias)
    return answer(1, lambda x: (torch.relu(x @ E.T + b), None), lambda a, _: a @ W.T + c, k=None, **DICTIONARY)


@fixture
def dictionary_topk(folder, draw):
    W_enc, b_enc, W_dec, b_dec = dense(draw, True)
    dictionary(folder, 'AutoEncoderTopK', {'b_dec': b_dec, 'k': torch.tensor(9), 'threshold': torch.tensor(-1.0), 'encoder.weight': W_enc, 'encoder.bias': b_enc, 'decoder.weight': W_dec}, k=9)
    E, b, W, c = doubles(W_enc, b_enc, W_dec, b_dec)
    return answer(1, lambda x: (topk(torch.relu((x - c) @ E.T + b), 9), None), lambda a, _: a @ W.T + c, k=9, **DICTIONARY)


@fixture
def dictionary_batch_topk(folder, draw):
    W_enc, b_enc, W_dec, b_dec = dense(draw, True)
    dictionary(folder, 'BatchTopKSAE', {'b_dec': b_dec, 'k': torch.tensor(9), 'threshold': torch.tensor(0.35), 'encoder.weight': W_enc, 'encoder.bias': b_enc, 'decoder.weight': W_dec}, k=9)
    E, b, W, c = doubles(W_enc, b_enc, W_dec, b_dec)

    def encode(x):
        post = torch.relu((x - c) @ E.T + b)
        return post * (post > torch.tensor(0.35).double()), None

    return answer(1, encode, lambda a, _: a @ W.T + c, k=None, **DICTIONARY)


@fixture
def dictionary_matryoshka(folder, draw):
    W_enc, b_enc, W_dec, b_dec = dense(draw, False)
    dictionary(folder, 'MatryoshkaBatchTopKSAE', dict(W_enc=W_enc, b_enc=b_enc, W_dec=W_dec, b_dec=b_dec, k=torch.tensor(9), threshold=torch.tensor(0.2), group_sizes=torch.tensor([16, 48])), k=9)
    E, b, W, c = doubles(W_enc, b_enc, W_dec, b_dec)
    return answer(1, lambda x: (jump((x - c) @ E + b, torch.tensor(0.2).double()), None), lambda a, _: a @ W + c, k=None, **DICTIONARY)


@fixture
def dictionary_jumprelu(folder, draw):
    W_enc, b_enc, W_dec, b_dec = dense(draw, False)
    threshold = draw.positive(S, scale=0.6)
    dictionary(folder, 'JumpReluAutoEncoder', dict(W_enc=W_enc, b_enc=b_enc, W_dec=W_dec, b_dec=b_dec, threshold=threshold))
    E, b, W, c, t = doubles(W_enc, b_enc, W_dec, b_dec, threshold)
    return answer(1, lambda x: (jump(x @ E + b, t), None), lambda a, _: a @ W + c, k=None, **DICTIONARY)


@fixture
def dictionary_gated(folder, draw):
    W_enc, gate_bias, W_dec, decoder_bias = dense(draw, True)
    r_mag, mag_bias = draw(S, scale=0.3), draw(S, scale=0.3)
    dictionary(folder, 'GatedAutoEncoder', {'decoder_bias': decoder_bias, 'r_mag': r_mag, 'gate_bias': gate_bias, 'mag_bias': mag_bias, 'encoder.weight': W_enc, 'decoder.weight': W_dec})
    E, g, W, c, r, m = doubles(W_enc, gate_bias, W_dec, decoder_bias, r_mag, mag_bias)

    def encode(x):
        pi = (x - c) @ E.T
        return (pi + g > 0) * torch.relu(r.exp() * pi + m), None

    return answer(1, encode, lambda a, _: a @ W.T + c, k=None, **DICTIONARY)


# --- Gemma Scope --------------------------------------------------------------------------------------------------------

@fixture
def gemma_scope(folder, draw):
    W_enc, b_enc, W_dec, b_dec = dense(draw, False)
    threshold = draw.positive(S, scale=0.6)
    target = folder / 'layer_6' / 'width_16k' / 'average_l0_71'
    target.mkdir(parents=True)
    # One array in Fortran's order, as numpy may have left it.
    numpy.savez(target / 'params.npz', W_enc=W_enc.numpy(), b_enc=b_enc.numpy(), W_dec=numpy.asfortranarray(W_dec.numpy()), b_dec=b_dec.numpy(), threshold=threshold.numpy())
    E, b, W, c, t = doubles(W_enc, b_enc, W_dec, b_dec, threshold)
    return answer(6, lambda x: (jump(x @ E + b, t), None), lambda a, _: a @ W + c, k=None)


@fixture
def gemma_scope_2(folder, draw):
    W_enc, b_enc, W_dec, b_dec = dense(draw, False)
    threshold = draw.positive(S, scale=0.6)
    target = folder / 'resid_post' / 'layer_17_width_16k_l0_big'
    write_json(target / 'config.json', dict(architecture='jump_relu', hf_hook_point_in='model.layers.17.output', hf_hook_point_out='model.layers.17.output', width=S,
               model_name='google/gemma-3-4b-pt', l0=100, affine_connection=False, type='sae'))
    write_tensors(target / 'params.safetensors', dict(w_enc=W_enc, b_enc=b_enc, w_dec=W_dec, b_dec=b_dec, threshold=threshold))
    E, b, W, c, t = doubles(W_enc, b_enc, W_dec, b_dec, threshold)
    return answer(17, lambda x: (jump(x @ E + b, t), None), lambda a, _: a @ W + c, k=None, baseModel='google/gemma-3-4b-pt')


# --- Llama Scope --------------------------------------------------------------------------------------------------------

@fixture
def llama_scope(folder, draw):
    W_enc, b_enc, W_dec, b_dec = (tensor.to(torch.bfloat16) for tensor in dense(draw, True))
    target = folder / 'Llama3_1-8B-Base-L15R-8x'
    write_json(target / 'hyperparams.json', dict(d_model=D, d_sae=S, expansion_factor=S // D, act_fn='jumprelu', jump_relu_threshold=0.4, norm_activation='dataset-wise',
               dataset_average_activation_norm={'in': 12.5, 'out': 12.5}, hook_point_in='blocks.15.hook_resid_post', hook_point_out='blocks.15.hook_resid_post',
               use_decoder_bias=True, apply_decoder_bias_to_pre_encoder=False))
    write_tensors(target / 'checkpoints' / 'final.safetensors', {'encoder.weight': W_enc, 'encoder.bias': b_enc, 'decoder.weight': W_dec, 'decoder.bias': b_dec})
    E, b, W, c = doubles(W_enc, b_enc, W_dec, b_dec)
    factor = D ** 0.5 / 12.5
    return answer(15, lambda x: (jump(x * factor @ E.T + b, 0.4), None), lambda a, _: (a @ W.T + c) / factor, k=None)


@fixture
def llama_scope_new_names(folder, draw):
    W_E, b_E, W_D, b_D = dense(draw, False)
    write_json(folder / 'hyperparams.json', dict(d_model=D, expansion_factor=S // D, act_fn='topk', top_k=11, norm_activation='token-wise',
               hook_point_in='blocks.2.hook_resid_post', hook_point_out='blocks.2.hook_resid_post'))
    write_tensors(folder / 'checkpoints' / 'final.safetensors', dict(W_E=W_E, b_E=b_E, W_D=W_D, b_D=b_D))
    E, b, W, c = doubles(W_E, b_E, W_D, b_D)
    n = W.norm(dim=1)

    def encode(x):
        factor = D ** 0.5 / x.norm(dim=-1, keepdim=True)
        # The decoder's norms decide which features are chosen, not how strong they are.
        gated = topk(torch.relu(x * factor @ E + b) * n, 11)
        return gated / n, factor

    return answer(2, encode, lambda a, factor: (a @ W + c) / factor, k=11)


@fixture
def llama_scope_distilled(folder, draw):
    W_enc, b_enc, W_dec, b_dec = dense(draw, True)
    log_threshold = draw(S, scale=0.5) - 1
    write_json(folder / 'config.json', dict(d_model=D, expansion_factor=S // D, norm_activation='dataset-wise', dataset_average_activation_norm={'in': 9.0, 'out': 9.0},
               hook_point_in='blocks.7.hook_resid_post', hook_point_out='blocks.7.hook_resid_post'))
    write_tensors(folder / 'sae_weights.safetensors', {'encoder.weight': W_enc, 'encoder.bias': b_enc, 'decoder.weight': W_dec, 'decoder.bias': b_dec, 'log_jumprelu_threshold': log_threshold})
    E, b, W, c, t = doubles(W_enc, b_enc, W_dec, b_dec, log_threshold)
    factor = D ** 0.5 / 9.0
    return answer(7, lambda x: (jump(x * factor @ E.T + b, t.exp()), None), lambda a, _: (a @ W.T + c) / factor, k=None)


# --- Goodfire -----------------------------------------------------------------------------------------------------------

@fixture
def goodfire(folder, draw):
    W_enc, b_enc, W_dec, b_dec = dense(draw, True)
    write_tensors(folder / 'Llama-3.1-8B-Instruct-SAE-l19.pth', {'encoder_linear.weight': W_enc, 'encoder_linear.bias': b_enc, 'decoder_linear.weight': W_dec, 'decoder_linear.bias': b_dec})
    E, b, W, c = doubles(W_enc, b_enc, W_dec, b_dec)
    return answer(19, lambda x: (torch.relu(x @ E.T + b), None), lambda a, _: a @ W.T + c, k=None, baseModel='Llama-3.1-8B-Instruct')


def main():
    shutil.rmtree(SAES, ignore_errors=True)
    for seed, make in enumerate(FIXTURES):
        draw, folder = Draw(seed), SAES / make.__name__.replace('_', '-')
        (folder / 'set').mkdir(parents=True)
        told = make(folder / 'set', draw)
        # Residuals of different lengths, and not centred.
        x = (draw(ROWS, D) * torch.tensor([0.5, 1, 2, 4, 8])[:, None] + 0.3).float()
        a, context = told['encode'](x.double())
        feature = int(a.sum(0).argmax())
        more = a.clone()
        more[:, feature] += 1
        x_hat = told['decode'](a, context)
        vectors = dict(x=x, a=a, x_hat=x_hat, unit=told['decode'](more, context) - x_hat)
        save_file({name: tensor.float().contiguous() for name, tensor in vectors.items()}, folder / 'vectors.safetensors')
        facts = dict(layer=told['layer'], feature=feature, k=told['k'], baseModel=told.get('baseModel'), modelLayers=told.get('modelLayers'))
        write_json(folder / 'facts.json', facts)
        print(make.__name__, f'{float((a > 0).sum(-1).float().mean()):.1f} active')


if __name__ == '__main__':
    main()
