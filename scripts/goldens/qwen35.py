"""Tiny random Qwen3.5 checkpoints: the published multimodal layout, and a text-only one."""
import json

import torch
from safetensors.torch import load_file, save_file
from transformers import Qwen3_5ForCausalLM, Qwen3_5TextConfig

from checkpoint import VOCAB, Checkpoint, randomise

SHAPES = {
    'qwen35': dict(d=32, layers=4, heads=4, kv=2, head_dim=16, ffn=48, tied=True, published=True, shard=None,
                   key_heads=2, value_heads=2, key_dim=16, value_dim=16,
                   sae=dict(d_sae=96, k=8, dtype=torch.float16, layers=[0, 1, 2, 3])),
    # More value heads than key heads, and a pattern that ends on a linear layer.
    'qwen35-wide': dict(d=24, layers=5, heads=6, kv=2, head_dim=8, ffn=40, tied=False, published=False, shard=None,
                        key_heads=2, value_heads=6, key_dim=16, value_dim=4,
                        sae=dict(d_sae=80, k=6, dtype=torch.float32, layers=[0, 2, 3, 4])),
}

FLOAT32 = ('A_log', 'linear_attn.norm.weight')


def config_of(config_class, s, **more):
    return config_class(
        hidden_size=s['d'], num_hidden_layers=s['layers'], num_attention_heads=s['heads'], num_key_value_heads=s['kv'], head_dim=s['head_dim'],
        linear_num_key_heads=s['key_heads'], linear_num_value_heads=s['value_heads'], linear_key_head_dim=s['key_dim'],
        linear_value_head_dim=s['value_dim'], linear_conv_kernel_dim=4, vocab_size=VOCAB, tie_word_embeddings=s['tied'],
        layer_types=['full_attention' if layer % 4 == 3 else 'linear_attention' for layer in range(s['layers'])],
        max_position_embeddings=256, rms_norm_eps=1e-6, bos_token_id=None, eos_token_id=None, pad_token_id=None,
        rope_parameters={'rope_type': 'default', 'rope_theta': 1e7, 'partial_rotary_factor': 0.25, 'mrope_section': [1, 1, 0], 'mrope_interleaved': True},
        **more)


def special(name, noise):
    """Norms that are stored as w of 1 + w, decays of all speeds, and kernels that let queries and keys through.

    Queries and keys are scaled to length 1, so small ones would make a test of rounding out of every comparison.
    """
    if name.endswith('A_log'):
        return 0.7 * noise
    if name.endswith('dt_bias'):
        return 0.5 * noise
    if 'conv1d' in name:
        kernel = 0.3 * noise
        kernel[..., -1] += 1
        return kernel
    if 'embed_tokens' in name:
        return 0.6 * noise
    if 'in_proj_qkv' in name:
        return 4 * noise / noise.shape[-1] ** 0.5
    if name.endswith(('out_proj.weight', 'o_proj.weight', 'down_proj.weight')):
        return 0.5 * noise / noise.shape[-1] ** 0.5
    if 'norm' in name and 'linear_attn' not in name:
        return 0.2 * noise
    return None


def rounded(model):
    """Values that the file holds in bfloat16 are rounded to it, in a float32 model: so nothing but the stored weights is rounded."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if not name.endswith(FLOAT32):
                weight.copy_(weight.to(torch.bfloat16))
    return model


def build(seed, s):
    model = randomise(Qwen3_5ForCausalLM(config_of(Qwen3_5TextConfig, s, intermediate_size=s['ffn'])), seed, s['tied'], special)
    return rounded(model) if s['published'] else model


def publish(folder, class_name='Qwen3_5ForConditionalGeneration', model_type='qwen3_5', rename=lambda tensors: tensors):
    """Rewrites a text-only checkpoint as Qwen publishes them: wrapped configuration and names, tensors of other parts, an odd shard name."""
    config = json.loads((folder / 'config.json').read_text())
    tied = config.pop('tie_word_embeddings')
    del config['architectures']
    wrapped = dict(architectures=[class_name], model_type=model_type, image_token_id=1, tie_word_embeddings=tied, text_config=config,
                   vision_config=dict(depth=1, hidden_size=8))
    (folder / 'config.json').write_text(json.dumps(wrapped, indent=2) + '\n')
    source = folder / 'model.safetensors'
    tensors = {}
    for name, tensor in rename(load_file(source)).items():
        stored = tensor if name.endswith(FLOAT32) else tensor.to(torch.bfloat16)
        tensors[name.replace('model.', 'model.language_model.', 1)] = stored
    tensors['model.visual.patch_embed.proj.weight'] = torch.zeros(4, 4)
    tensors['mtp.embed_tokens.weight'] = torch.zeros(4, 4)
    source.unlink()
    shard = 'model.safetensors-00001-of-00001.safetensors'
    save_file(tensors, folder / shard, metadata={'format': 'pt'})
    index = dict(metadata=dict(total_size=sum(t.numel() * t.element_size() for t in tensors.values())), weight_map={name: shard for name in sorted(tensors)})
    (folder / 'model.safetensors.index.json').write_text(json.dumps(index, indent=2) + '\n')


CHECKPOINTS = [Checkpoint(name, 10 + i, shape, Qwen3_5ForCausalLM, build, lay_out=publish if shape['published'] else (lambda folder: None), edits='some')
               for i, (name, shape) in enumerate(SHAPES.items())]
