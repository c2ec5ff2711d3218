// The one list of supported architectures.
import type { ModelConfig } from '../modelConfig'
import type { Architecture } from './architecture'
import { llama } from './llama'
import { qwen2 } from './qwen2'
import { qwen3 } from './qwen3'
import { qwen35 } from './qwen35'
import { qwen35Moe } from './qwen35Moe'
import { qwen3Moe } from './qwen3Moe'

type ArchitectureName = ModelConfig['architecture']

export const ARCHITECTURES: { readonly [Name in ArchitectureName]: Architecture<Extract<ModelConfig, { readonly architecture: Name }>> } = {
  qwen3,
  qwen3_moe: qwen3Moe,
  qwen3_5: qwen35,
  qwen3_5_moe: qwen35Moe,
  llama,
  qwen2,
}

/** The architecture with this name, which must read this architecture's configurations only. */
export const architectureNamed = (name: ArchitectureName): Architecture => ARCHITECTURES[name]
