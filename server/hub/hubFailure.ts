// What the user is told when the hub does not answer as hoped: one sentence and one way out for each kind of failure.
import { InputError } from '../protocol/errors'

export interface FailureContext {
  /** What was asked for: a repository, or a file of one. */
  readonly about: string
  readonly endpoint: string
  readonly hasToken: boolean
  readonly retryAfterMs: number | null
}

/** A page where a user can do something about it begins with this. */
export function repositoryPage(endpoint: string, about: string): string {
  return `${endpoint}/${about.split('/').slice(0, 2).join('/')}`
}

/** The error of an answer that is none. Reads its body no further than a sentence. */
export async function failureOf(response: Response, { about, endpoint, hasToken, retryAfterMs }: FailureContext): Promise<InputError> {
  const { status } = response
  const code = response.headers.get('x-error-code')
  await response.body?.cancel()
  const page = repositoryPage(endpoint, about)
  if (code === 'GatedRepo' || status === 403) {
    return hasToken
      ? new AccessError(`${about} is not open to your token (${status})`, `accept its terms at ${page} with the account of the token, and give the token leave to read gated repositories`)
      : new AccessError(`${about} is gated (${status})`, `accept its terms at ${page}, then give a token of that account: HF_TOKEN, or the command Set Hugging Face Token`)
  }
  if (code === 'RevisionNotFound') return new InputError(`${about} has no such revision`, `choose one that ${page} lists`)
  if (code === 'EntryNotFound') return new InputError(`${about} is not in the repository`, `look for it at ${page}`)
  // The hub answers 401 for a repository that does not exist, so as not to tell which private ones do.
  if (status === 401) {
    return hasToken
      ? new AccessError(`${about} does not exist or your token is not valid (401)`, 'check the name, and the token at the hub under Settings, Access Tokens')
      : new AccessError(`${about} does not exist, or is private (401)`, 'check the name; for a private repository give a token: HF_TOKEN, or the command Set Hugging Face Token')
  }
  if (status === 404) return new InputError(`${about} does not exist (404)`, 'check the name: upper and lower case count')
  if (status === 429) {
    const wait = retryAfterMs === null ? 'in some minutes' : `in ${Math.ceil(retryAfterMs / 60_000)} min`
    return new InputError(`${about} was asked for too often (429)`, `download again ${wait}; what is there is kept${hasToken ? '' : ', and with a token the limit is higher'}`)
  }
  if (status >= 500) return new InputError(`${endpoint} is out of order (${status})`, 'download again later; what is there is kept')
  return new InputError(`${endpoint} refused ${about} (${status})`, 'check HF_ENDPOINT and the name')
}

/** Refused for lack of a token or of its rights: the editor then asks for one. */
export class AccessError extends InputError {}

const CAUSES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'its name is not known, which is so without a connection',
  EAI_AGAIN: 'its name is not known, which is so without a connection',
  ECONNREFUSED: 'nothing answers there',
  ECONNRESET: 'the connection was dropped',
  ETIMEDOUT: 'no answer came',
  UND_ERR_CONNECT_TIMEOUT: 'no answer came',
  UND_ERR_HEADERS_TIMEOUT: 'no answer came',
  UND_ERR_BODY_TIMEOUT: 'no answer came',
  UND_ERR_SOCKET: 'the connection was dropped',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is not trusted',
}

/** No answer at all: without a connection, behind a proxy, a wrong endpoint. */
export function unreachable(endpoint: string, error: unknown): InputError {
  const code = codeOf(error)
  const cause = code === null ? 'the connection failed' : (CAUSES[code] ?? `the connection failed, ${code}`)
  const remedy = /CERT|ISSUER/.test(code ?? '') ? 'name your network’s certificate in NODE_EXTRA_CA_CERTS' : 'check the connection, or name a mirror in HF_ENDPOINT; what is there is kept'
  return new InputError(`${endpoint} cannot be reached (${cause})`, remedy)
}

/** fetch says only "fetch failed"; the reason lies below it. */
function codeOf(error: unknown): string | null {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 5; depth++) {
    const code: unknown = Reflect.get(at, 'code')
    if (typeof code === 'string') return code
    const errors: unknown = Reflect.get(at, 'errors')
    at = Array.isArray(errors) ? errors[0] : Reflect.get(at, 'cause')
  }
  return null
}
