// The one list of SAE layouts, in the order in which a folder is compared with them.
import { dictionaryLearning } from './dictionaryLearning'
import { gemmaScope, gemmaScope2 } from './gemmaScope'
import { goodfire } from './goodfire'
import { llamaScope, llamaScopeDistilled } from './llamaScope'
import { qwenScope } from './qwenScope'
import { saeLens } from './saeLens'
import type { SaeLayoutReader } from './saeLayoutReader'
import { sparsify } from './sparsify'

export const SAE_LAYOUTS: readonly SaeLayoutReader[] = [saeLens, sparsify, qwenScope, dictionaryLearning, gemmaScope2, llamaScope, llamaScopeDistilled, gemmaScope, goodfire]
