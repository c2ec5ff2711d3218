// How fast each rotated pair of dimensions turns per position, as transformers computes it in float32.
// Source: _compute_linear_scaling_rope_parameters and _compute_llama3_parameters in transformers' modeling_rope_utils.py.
import type { Rope, RopeScaling } from '../formats/modelConfig'

const { fround } = Math

/** (rotary_dim / 2) angles per position: θ^(−2j/d), scaled. Every step is rounded where a float32 tensor would be. */
export function ropeFrequencies({ theta, rotaryDim, scaling }: Rope): Float32Array {
  return Float32Array.from({ length: rotaryDim / 2 }, (_, j) => scaled(fround(1 / fround(theta ** fround((2 * j) / rotaryDim))), scaling))
}

function scaled(frequency: number, scaling: RopeScaling | null): number {
  switch (scaling?.kind) {
    case undefined:
      return frequency
    case 'linear':
      return frequency / scaling.factor
    case 'llama3':
      return llama3(frequency, scaling)
  }
}

/** Keeps fast pairs, slows pairs that turn less than once in the original context by `factor`, and blends those between. */
function llama3(frequency: number, scaling: Extract<RopeScaling, { readonly kind: 'llama3' }>): number {
  const { factor, lowFrequencyFactor, highFrequencyFactor, originalContext } = scaling
  const wavelength = overTensor(2 * Math.PI, frequency)
  if (wavelength > originalContext / lowFrequencyFactor) return frequency / factor
  if (wavelength < originalContext / highFrequencyFactor) return frequency
  const smooth = fround(fround(overTensor(originalContext, wavelength) - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor))
  return fround(fround(fround(fround(1 - smooth) * frequency) / factor) + fround(smooth * frequency))
}

/** A number divided by a float32 tensor: torch multiplies by the reciprocal. */
const overTensor = (number: number, value: number): number => fround(fround(1 / value) * fround(number))
