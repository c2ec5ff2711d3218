// What the makers of an SAE set ask of everyone who uses it: to be shown once, before its features are.
import type { SaeOrigin } from './values'

/** One sentence without a full stop for Qwen-Scope's own weights, known by the published name of their repository or by what their files say; null for any other set. */
export function usageNotice(saePath: string, { layout, baseModel }: SaeOrigin): string | null {
  const isNamed = /(^|[\\/]|--)SAE-Res-Qwen/.test(saePath)
  return isNamed || (layout === 'Qwen-Scope' && /^Qwen\/Qwen3/.test(baseModel ?? '')) ? QWEN_SCOPE : null
}

/** Source: the caution notice of Qwen-Scope's model cards and report, section 9.3, in short. */
const QWEN_SCOPE =
  'the card of Qwen-Scope asks that its SAEs be used for scientific research: interfering with a model’s capabilities for other ends, or producing harmful content with them, is prohibited and ends the permission to use them; read the LICENSE in their repository'
