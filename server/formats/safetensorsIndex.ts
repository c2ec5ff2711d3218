// Reads model.safetensors.index.json: which shard holds which tensor.
import { InputError } from '../protocol/errors'
import { quote, quoteValue } from './quote'

/**
 * Shard file name by tensor name. Shards must be plain file names of the same folder: anything that leads elsewhere
 * (`..`, a path, a drive) throws InputError.
 */
export function parseSafetensorsIndex(json: unknown, fileName: string): Map<string, string> {
  const weightMap = (json as { weight_map?: unknown } | null)?.weight_map
  if (typeof weightMap !== 'object' || weightMap === null || Array.isArray(weightMap)) {
    throw new InputError(`${fileName} has no weight_map`, 'download or copy the file again')
  }
  const shards = new Map<string, string>()
  for (const [tensor, shard] of Object.entries(weightMap)) {
    if (typeof shard !== 'string' || !isPlainFileName(shard)) {
      throw new InputError(`${fileName} sends tensor ${quote(tensor)} to ${quoteValue(shard)}, which is not a file of this folder`, 'use the index that came with the model')
    }
    shards.set(tensor, shard)
  }
  return shards
}

function isPlainFileName(name: string): boolean {
  return name.endsWith('.safetensors') && !/[/\\:\0]/.test(name) && name.length < 256
}
