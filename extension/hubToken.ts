// Keeps the user's Hugging Face token in the editor's secret storage, and hands it to the worker as HF_TOKEN.
import type * as vscode from 'vscode'

const SECRET = 'promptscope.huggingFaceToken'

/** The environment's own token goes first, as with Hugging Face's tools. The token is no message to the worker, because messages can be logged. */
export async function hubEnvironment(secrets: vscode.SecretStorage): Promise<Readonly<Record<string, string>>> {
  const token = process.env['HF_TOKEN'] ? undefined : await readToken(secrets)
  return token === undefined ? {} : { HF_TOKEN: token }
}

export async function hasToken(secrets: vscode.SecretStorage): Promise<boolean> {
  return (await readToken(secrets)) !== undefined
}

export async function keepToken(secrets: vscode.SecretStorage, token: string): Promise<void> {
  await secrets.store(SECRET, token)
}

export async function forgetToken(secrets: vscode.SecretStorage): Promise<void> {
  await secrets.delete(SECRET)
}

/** A desktop without a keyring rejects: the worker must start all the same. */
async function readToken(secrets: vscode.SecretStorage): Promise<string | undefined> {
  return (await secrets.get(SECRET).then((token) => token, () => undefined)) || undefined
}
