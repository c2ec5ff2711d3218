"""Tiny random Llama, Mistral and Qwen2 checkpoints: scaled rotation, biases, and heads that are wider together than the model."""
import json

import torch
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM

from checkpoint import VOCAB, Checkpoint, randomise

# With heads of 16 and theta 1e4 the first pair turns as it is, the next two are blended and the others slowed, well inside 150 positions.
LLAMA3 = dict(rope_type='llama3', factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)

SHAPES = {
    # name: shape, stored dtype, shard size, rotation, what only this architecture has, SAE (d_sae, k, dtype, layers)
    'llama-scaled': dict(d=32, layers=3, heads=2, kv=1, head_dim=16, ffn=48, tied=False, dtype=torch.bfloat16, shard='60KB', theta=1e4, rope=LLAMA3,
                         own=dict(attention_bias=True, mlp_bias=True), sae=dict(d_sae=96, k=8, dtype=torch.float32, layers=[0, 1, 2])),
    'llama-tied': dict(d=32, layers=3, heads=4, kv=2, head_dim=8, ffn=64, tied=True, dtype=torch.float16, shard=None, theta=5e5, rope=dict(rope_type='linear', factor=2.0),
                       own=dict(), sae=dict(d_sae=96, k=8, dtype=torch.bfloat16, layers=[0, 1, 2])),
    # The window is wider than any prompt, so that it changes nothing but the length of the context.
    'mistral': dict(d=32, layers=3, heads=4, kv=2, head_dim=16, ffn=48, tied=False, dtype=torch.bfloat16, shard=None, theta=1e6, rope={},
                    own=dict(sliding_window=200), sae=dict(d_sae=96, k=8, dtype=torch.float16, layers=[0, 1, 2])),
    'qwen2': dict(d=32, layers=3, heads=4, kv=2, head_dim=8, ffn=64, tied=True, dtype=torch.bfloat16, shard=None, theta=1e6, rope={},
                  own=dict(), sae=dict(d_sae=96, k=8, dtype=torch.float32, layers=[0, 1, 2])),
}
CLASSES = {'llama': (LlamaConfig, LlamaForCausalLM), 'mistral': (MistralConfig, MistralForCausalLM), 'qwen2': (Qwen2Config, Qwen2ForCausalLM)}


def classes(name):
    return CLASSES[name.split('-')[0]]


def builder(name):
    config_class, model_class = classes(name)

    def build(seed, s):
        width = {} if s['head_dim'] * s['heads'] == s['d'] else {'head_dim': s['head_dim']}
        config = config_class(
            hidden_size=s['d'], num_hidden_layers=s['layers'], num_attention_heads=s['heads'], num_key_value_heads=s['kv'], **width,
            intermediate_size=s['ffn'], vocab_size=VOCAB, tie_word_embeddings=s['tied'], max_position_embeddings=256, rms_norm_eps=1e-5,
            rope_parameters={'rope_type': 'default', **s['rope'], 'rope_theta': s['theta']}, bos_token_id=None, eos_token_id=None, pad_token_id=None, **s['own'])
        return randomise(model_class(config), seed, s['tied']).to(s['dtype'])

    return build


def as_transformers_4(folder):
    """Most published checkpoints were written with rope_theta and rope_scaling."""
    path = folder / 'config.json'
    config = json.loads(path.read_text())
    rope = config.pop('rope_parameters')
    config['rope_theta'] = rope.pop('rope_theta')
    config['rope_scaling'] = rope if rope['rope_type'] != 'default' else None
    config.pop('layer_types', None)
    path.write_text(json.dumps(config, indent=2) + '\n')


CHECKPOINTS = [
    Checkpoint(name, seed, shape, classes(name)[1], builder(name), lay_out=as_transformers_4 if name in ('llama-scaled', 'qwen2') else lambda folder: None)
    for seed, (name, shape) in enumerate(SHAPES.items(), 30)
]
