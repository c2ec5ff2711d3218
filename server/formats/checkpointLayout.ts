// Finds a model's tensors among those that its files hold: under another prefix than ours, or with all experts of a layer in one tensor.

/** Where one tensor of a model lies: the tensor that the files hold, its shape, and which part of it is meant. */
export interface TensorPlace {
  readonly name: string
  readonly shape: readonly number[]
  /** First element of the part, which is contiguous; null when the whole tensor is meant. */
  readonly firstElement: number | null
}

/**
 * The place of every wanted tensor (name → shape, names beginning with `model.` or `lm_head.`), whether or not it is stored. `stored` are the
 * names that the files hold; `experts` is their number per layer, 0 for none.
 */
export function tensorPlaces(wanted: ReadonlyMap<string, readonly number[]>, stored: ReadonlySet<string>, experts: number): Map<string, TensorPlace> {
  const prefix = modelPrefix(stored)
  return new Map(Array.from(wanted, ([name, shape]) => [name, placeOf(storedName(name, prefix, stored), shape, stored, experts)]))
}

const EMBEDDING = 'embed_tokens.weight'

/** What stands before the names of the language model: `model.`; `model.language_model.` in multimodal checkpoints; `language_model.model.` in those for MLX. */
function modelPrefix(stored: ReadonlySet<string>): string {
  const embeddings = [...stored].filter((name) => name === EMBEDDING || name.endsWith(`.${EMBEDDING}`))
  // Prediction heads of their own (`mtp.`) may hold an embedding too.
  const [shortest] = embeddings.filter((name) => !/^(mtp|visual|vision)\b|\.(mtp|visual|vision)\b/.test(name)).sort((a, b) => a.length - b.length)
  return shortest === undefined ? 'model.' : shortest.slice(0, -EMBEDDING.length)
}

function storedName(name: string, prefix: string, stored: ReadonlySet<string>): string {
  if (name.startsWith('model.')) return prefix + name.slice('model.'.length)
  return stored.has(name) || !stored.has(`language_model.${name}`) ? name : `language_model.${name}`
}

/** `gate` and `up` are the two halves of each expert's rows in the fused tensor (experts, 2 · d_expert, d_model); `down` is (experts, d_model, d_expert). */
const EXPERT = /^(.*\.experts\.)(\d+)\.(gate|up|down)_proj\.weight$/

function placeOf(name: string, shape: readonly number[], stored: ReadonlySet<string>, experts: number): TensorPlace {
  const [, list, index, part] = EXPERT.exec(name) ?? []
  const fused = part === 'down' ? `${list}down_proj` : `${list}gate_up_proj`
  if (list === undefined || stored.has(name) || !stored.has(fused)) return { name, shape, firstElement: null }
  const [rows, columns] = [shape[0]!, shape[1]!]
  if (part === 'down') return { name: fused, shape: [experts, rows, columns], firstElement: Number(index) * rows * columns }
  return { name: fused, shape: [experts, 2 * rows, columns], firstElement: (2 * Number(index) + (part === 'up' ? 1 : 0)) * rows * columns }
}
