// Which matrices may be rounded, and which of them share their input.
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openCheckpoint } from '../../../server/checkpoint/openCheckpoint'
import { linearMatrices } from '../../../server/graph/linearMatrices'

async function matricesOf(golden: string): Promise<string[]> {
  const { config, tensors } = await openCheckpoint(join(import.meta.dirname, '../../golden', golden, 'model'))
  const groups = linearMatrices(config, { tensor: (name) => tensors.get(name)!, location: (file) => file })
  return groups.map((names) => names.map((name) => name.replace(/^model\.layers\.|\.weight$/g, '')).join(' '))
}

it('takes queries, keys and values together, and gate and up', async () => {
  const groups = await matricesOf('sharded')
  expect(groups.slice(0, 4)).toEqual(['0.self_attn.q_proj 0.self_attn.k_proj 0.self_attn.v_proj', '0.self_attn.o_proj', '0.mlp.gate_proj 0.mlp.up_proj', '0.mlp.down_proj'])
  expect(groups.at(-1)).toBe('lm_head')
})

it('rounds a copy of a tied embedding for the head', async () => {
  expect((await matricesOf('tied')).at(-1)).toBe('model.embed_tokens')
})

it('leaves the gates of the delta rule as they are', async () => {
  const groups = await matricesOf('qwen35')
  expect(groups.slice(0, 2)).toEqual(['0.linear_attn.in_proj_qkv 0.linear_attn.in_proj_z', '0.linear_attn.out_proj'])
  expect(groups.join(' ')).not.toMatch(/in_proj_[ab]|conv1d|norm/)
})

it('rounds every expert, and no router', async () => {
  const groups = await matricesOf('qwen35-moe')
  for (let expert = 0; expert < 8; expert++) {
    expect(groups).toContain(`1.mlp.experts.${expert}.gate_proj 1.mlp.experts.${expert}.up_proj`)
    expect(groups).toContain(`1.mlp.experts.${expert}.down_proj`)
  }
  expect(groups).toContain('1.mlp.shared_expert.gate_proj 1.mlp.shared_expert.up_proj')
  expect(groups.join(' ')).not.toMatch(/mlp\.gate\b|shared_expert_gate/)
})
