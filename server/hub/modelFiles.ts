// Which files of a repository a model needs: configuration, tokenizer, chat template, and the safetensors that hold the text model.
import { parseSafetensorsIndex } from '../formats/safetensorsIndex'
import { InputError } from '../protocol/errors'
import type { HubFile } from './listRepository'

export const WEIGHTS_INDEX = 'model.safetensors.index.json'
const SINGLE_FILE = 'model.safetensors'

const SMALL_FILES = [
  'config.json', 'generation_config.json',
  'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'added_tokens.json', 'vocab.json', 'merges.txt',
  'chat_template.jinja', 'chat_template.json',
  WEIGHTS_INDEX,
]

/** Tensors that the text model does without: images, sound, and the heads that predict several tokens. */
const NOT_TEXT = /^(model\.)?(visual|vision_tower|vision_model|vision_embed_tokens|multi_modal_projector|mm_projector|audio_tower|audio_model|embed_vision|embed_audio|mtp)\./

/** `index` is the parsed model.safetensors.index.json, null when the repository has none. Throws InputError when the repository holds no model that can be run. */
export function modelFiles(files: readonly HubFile[], index: unknown, repository: string): HubFile[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const small = SMALL_FILES.flatMap((path) => byPath.get(path) ?? [])
  if (!byPath.has('config.json')) throw new InputError(`${repository} has no config.json`, 'choose the repository of a model or an SAE set')
  if (index !== null) return [...small, ...textShards(index, repository).map((shard) => byPath.get(shard) ?? missingShard(repository, shard))]
  const single = byPath.get(SINGLE_FILE)
  if (single) return [...small, single]
  const other = files.find(({ path }) => /\.(gguf|bin|pth|pt|onnx|mlx)$/.test(path))?.path.split('.').at(-1)
  throw new InputError(`${repository} has no safetensors weights${other === undefined ? '' : `, only .${other}`}`, 'choose a repository with model.safetensors: the original model’s usually has it')
}

/** Shards in order of their names, without those that hold nothing of the text model. */
function textShards(index: unknown, repository: string): string[] {
  const shards = parseSafetensorsIndex(index, `${repository}/${WEIGHTS_INDEX}`)
  return [...new Set([...shards].flatMap(([tensor, shard]) => (NOT_TEXT.test(tensor) ? [] : [shard])))].sort()
}

function missingShard(repository: string, shard: string): never {
  throw new InputError(`${repository} has no ${shard}, which its index names`, 'choose another revision, or tell the repository’s owner')
}
