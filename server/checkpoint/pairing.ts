// Says how an SAE set and a model belong together, as far as sizes and names tell.
import { basename } from 'node:path'
import { InputError } from '../protocol/errors'
import type { Pairing } from '../protocol/values'

export interface PairedModel {
  /** The repository's or the folder's name: `Qwen3-1.7B-Base`. */
  readonly name: string
  readonly config: { readonly dModel: number; readonly layers: number }
}

export interface PairedSaes {
  readonly name: string
  readonly baseModel: string | null
  readonly dModel: number
  /** Decoder layers of the model that the set was made for; null when the files do not say. */
  readonly modelLayers: number | null
  /** By decoder layer. */
  readonly layers: ReadonlyMap<number, unknown>
}

/** `match` for the very model, `transfer` between a base model and its post-trained version, `mismatch` for another size, else `unknown`. */
export function pairingOf(model: PairedModel, saes: PairedSaes): Pairing {
  const problem = sizeProblem(model.config, saes)
  if (problem !== null) return { kind: 'mismatch', note: problem }
  const trainedOn = trainedModel(saes)
  if (trainedOn === null) return { kind: 'unknown', note: 'the SAE set does not say which model it was trained on' }
  const [theirs, ours] = [plainName(trainedOn), plainName(model.name)]
  if (theirs === ours || areLaidTogether(model, saes)) return { kind: 'match', note: `trained on ${trainedOn}` }
  if (family(theirs) !== family(ours)) return { kind: 'unknown', note: `trained on ${trainedOn}, and whether ${model.name} comes from it is not known` }
  const [from, to] = sides(theirs, ours)
  return { kind: 'transfer', note: `trained on ${from} ${trainedOn} and read on ${to}: a transfer, so features may mean less here` }
}

/** What a set's model and the one it is read on are to each other, where they are of one family. */
function sides(theirs: string, ours: string): readonly [from: string, to: string] {
  if (isPostTrained(theirs) && isPostTrained(ours)) return ['the post-trained', 'another post-trained version']
  return isBase(theirs) || isPostTrained(ours) ? ['the base model', 'its post-trained version'] : ['the post-trained', 'its base model']
}

/** Throws InputError when the set was made for a model of another size. */
export function checkPairing(model: PairedModel, saes: PairedSaes & { readonly path: string }): void {
  const { kind, note } = pairingOf(model, saes)
  if (kind !== 'mismatch') return
  const theirs = trainedModel(saes)
  const isNamesake = theirs !== null && plainName(theirs) === plainName(model.name)
  const remedy = isNamesake ? `it names ${theirs}, so this is another version of that model: choose a set of this one` : `choose the SAE set of ${model.name}, or the model ${theirs ?? 'that it was made for'}`
  throw new InputError(`SAE set ${saes.path} ${note}`, remedy)
}

/** Why the two do not fit each other, beginning with a verb, or null when they do. */
function sizeProblem(model: PairedModel['config'], { dModel, modelLayers, layers }: PairedSaes): string | null {
  if (dModel !== model.dModel) return `is for d_model ${dModel} and the model has ${model.dModel}`
  if (modelLayers !== null && modelLayers !== model.layers) return `is for ${modelLayers} layers and the model has ${model.layers}`
  const last = Math.max(...layers.keys())
  if (last >= model.layers) return `has layer ${last} and the model's layers are 0 to ${model.layers - 1}`
  return null
}

/** A model and an SAE set of one's own in one folder, `demo/model` and `demo/sae`, where the set names no repository that would say otherwise. */
function areLaidTogether(model: PairedModel, { name, baseModel }: PairedSaes): boolean {
  return model.name.endsWith('/model') && name === model.name.replace(/model$/, 'sae') && !baseModel?.includes('/')
}

/** Qwen-Scope's repositories name their model, and are right where a card is not: that of Qwen3.5-2B-Base says Qwen3.5-2B. */
function trainedModel({ name, baseModel }: PairedSaes): string | null {
  const named = /^SAE-Res-(.+)-W\d+K-L0_\d+$/.exec(name)?.[1]
  return named === undefined ? baseModel : `Qwen/${named}`
}

/** Without owner, capitals, and what says nothing of the weights. */
const plainName = (name: string): string => basename(name).toLowerCase().replace(/^meta-/, '').replace(/-(hf|bf16|fp16|f16|f32|fp32)$/, '')

const BASE = /-(base|pt)$/
const POST_TRAINED = /-(instruct|chat|it|thinking)(-[v\d.]+)?$/
const isBase = (name: string): boolean => BASE.test(name)
const isPostTrained = (name: string): boolean => POST_TRAINED.test(name)

/** What a base model and its post-trained versions share of their names. */
const family = (name: string): string => name.replace(BASE, '').replace(POST_TRAINED, '')
