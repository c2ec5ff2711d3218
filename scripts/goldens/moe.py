"""Tiny random checkpoints with experts: Qwen3-MoE, and Qwen3.5-MoE as published (fused experts) and as transformers saves it (one by one)."""
import torch
from transformers import Qwen3_5MoeForCausalLM, Qwen3_5MoeTextConfig, Qwen3MoeConfig, Qwen3MoeForCausalLM

import qwen35
from checkpoint import VOCAB, Checkpoint, randomise

QWEN3 = {
    # The second has a dense layer and weights that are not divided by their sum.
    'qwen3-moe': dict(d=32, layers=3, heads=4, kv=2, head_dim=16, ffn=48, expert=24, experts=8, chosen=3, dense=[], normalised=True, tied=False,
                      dtype=torch.bfloat16, shard='40KB', sae=dict(d_sae=96, k=8, dtype=torch.float16, layers=[0, 1, 2])),
    'qwen3-moe-mixed': dict(d=24, layers=3, heads=3, kv=1, head_dim=8, ffn=40, expert=16, experts=6, chosen=2, dense=[1], normalised=False, tied=True,
                            dtype=torch.float32, shard=None, sae=dict(d_sae=64, k=6, dtype=torch.float32, layers=[0, 1, 2])),
}
QWEN35 = {
    'qwen35-moe': dict(d=24, layers=4, heads=4, kv=2, head_dim=16, expert=16, shared=20, experts=8, chosen=2, tied=False, published=True, shard=None,
                       key_heads=2, value_heads=4, key_dim=16, value_dim=8, sae=dict(d_sae=64, k=6, dtype=torch.float16, layers=[0, 1, 2, 3])),
    'qwen35-moe-split': dict(d=24, layers=4, heads=2, kv=1, head_dim=16, expert=12, shared=12, experts=5, chosen=3, tied=True, published=False,
                             shard=None, key_heads=2, value_heads=2, key_dim=16, value_dim=16,
                             sae=dict(d_sae=64, k=6, dtype=torch.float32, layers=[0, 1, 3])),
}


def sharp_router(name, noise):
    """Routers that choose clearly, so that rounding does not send a token to another expert, and experts that do not drown the rest."""
    if name.endswith('mlp.gate.weight'):
        return 4 * noise / noise.shape[-1] ** 0.5
    if name.endswith(('down_proj', 'down_proj.weight', 'o_proj.weight')):
        return 0.6 * noise / noise.shape[-1] ** 0.5
    if 'embed_tokens' in name:
        return 0.6 * noise
    return None


def build_qwen3(seed, s):
    config = Qwen3MoeConfig(
        hidden_size=s['d'], num_hidden_layers=s['layers'], num_attention_heads=s['heads'], num_key_value_heads=s['kv'], head_dim=s['head_dim'],
        intermediate_size=s['ffn'], moe_intermediate_size=s['expert'], num_experts=s['experts'], num_experts_per_tok=s['chosen'],
        norm_topk_prob=s['normalised'], mlp_only_layers=s['dense'], decoder_sparse_step=1, vocab_size=VOCAB, tie_word_embeddings=s['tied'],
        max_position_embeddings=256, rms_norm_eps=1e-6, rope_parameters={'rope_type': 'default', 'rope_theta': 1e6},
        bos_token_id=None, eos_token_id=None, pad_token_id=None)
    return randomise(Qwen3MoeForCausalLM(config), seed, s['tied'], sharp_router).to(s['dtype'])


def build_qwen35(seed, s):
    config = qwen35.config_of(Qwen3_5MoeTextConfig, s, moe_intermediate_size=s['expert'], shared_expert_intermediate_size=s['shared'],
                              num_experts=s['experts'], num_experts_per_tok=s['chosen'])

    def special(name, noise):
        routed = sharp_router(name, noise)
        return qwen35.special(name, noise) if routed is None else routed

    model = randomise(Qwen3_5MoeForCausalLM(config), seed, s['tied'], special)
    return qwen35.rounded(model) if s['published'] else model


def fused(tensors):
    """All experts of a layer in two tensors, as Qwen publishes them."""
    layers = sorted({name.split('.experts.')[0] for name in tensors if '.experts.' in name})
    rest = {name: tensor for name, tensor in tensors.items() if '.experts.' not in name}
    for layer in layers:
        count = sum(name.startswith(f'{layer}.experts.') and name.endswith('gate_proj.weight') for name in tensors)
        part = lambda expert, name: tensors[f'{layer}.experts.{expert}.{name}_proj.weight']
        rest[f'{layer}.experts.gate_up_proj'] = torch.stack([torch.cat([part(e, 'gate'), part(e, 'up')]) for e in range(count)])
        rest[f'{layer}.experts.down_proj'] = torch.stack([part(e, 'down') for e in range(count)])
    return rest


def publish(folder):
    qwen35.publish(folder, 'Qwen3_5MoeForConditionalGeneration', 'qwen3_5_moe', fused)


CHECKPOINTS = [
    *(Checkpoint(name, 20 + i, shape, Qwen3MoeForCausalLM, build_qwen3) for i, (name, shape) in enumerate(QWEN3.items())),
    *(Checkpoint(name, 25 + i, shape, Qwen3_5MoeForCausalLM, build_qwen35, lay_out=publish if shape['published'] else (lambda folder: None))
      for i, (name, shape) in enumerate(QWEN35.items())),
]
