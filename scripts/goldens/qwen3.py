"""Tiny random Qwen3 checkpoints."""
import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

from checkpoint import VOCAB, Checkpoint, randomise

SHAPES = {
    # name: shape, stored dtype, shard size, SAE (d_sae, k, dtype, layers)
    'tied': dict(d=32, layers=3, heads=4, kv=2, head_dim=8, ffn=64, tied=True, dtype=torch.bfloat16, shard=None, theta=1e6,
                 sae=dict(d_sae=128, k=8, dtype=torch.float16, layers=[0, 1, 2])),
    'sharded': dict(d=32, layers=4, heads=4, kv=4, head_dim=8, ffn=48, tied=False, dtype=torch.float32, shard='80KB', theta=1e4,
                    sae=dict(d_sae=96, k=6, dtype=torch.float32, layers=[0, 1, 3])),
    'grouped': dict(d=40, layers=3, heads=6, kv=2, head_dim=16, ffn=64, tied=True, dtype=torch.float16, shard=None, theta=1e6,
                    sae=dict(d_sae=120, k=10, dtype=torch.bfloat16, layers=[0, 1, 2])),
}


def build(seed, s):
    config = Qwen3Config(
        hidden_size=s['d'], num_hidden_layers=s['layers'], num_attention_heads=s['heads'], num_key_value_heads=s['kv'], head_dim=s['head_dim'],
        intermediate_size=s['ffn'], vocab_size=VOCAB, tie_word_embeddings=s['tied'], max_position_embeddings=256, rms_norm_eps=1e-6,
        rope_parameters={'rope_type': 'default', 'rope_theta': s['theta']}, bos_token_id=None, eos_token_id=None, pad_token_id=None)
    return randomise(Qwen3ForCausalLM(config), seed, s['tied']).to(s['dtype'])


CHECKPOINTS = [Checkpoint(name, seed, shape, Qwen3ForCausalLM, build, edits='every kind' if name == 'tied' else 'some') for seed, (name, shape) in enumerate(SHAPES.items())]
