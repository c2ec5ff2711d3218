// What the makers of an SAE set ask of everyone who uses it: to be shown once, before its features are.

/** One sentence without a full stop for Qwen-Scope's own weights, known by the published names of their repositories; null for any other set. */
export function usageNotice(saePath: string): string | null {
  return /(^|[\\/]|--)SAE-Res-Qwen/.test(saePath) ? QWEN_SCOPE : null
}

/** Source: the caution notice of Qwen-Scope's model cards and report, section 9.3, in short. */
const QWEN_SCOPE =
  'the card of Qwen-Scope asks that its SAEs be used for scientific research: interfering with a model’s capabilities for other ends, or producing harmful content with them, is prohibited and ends the permission to use them; read the LICENSE in their repository'
