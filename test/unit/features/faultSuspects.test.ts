// Where a fault begins, and which of the features there come to the fore.
import { expect, test } from 'vitest'
import { faultSuspects, isWhereFaultBegins } from '../../../server/features/faultSuspects'
import type { Fault } from '../../../server/runs/detectors'
import { sampleRun } from '../store/sampleRun'

const fault: Fault = { kind: 'languageSwitch', message: 'completion switches', tokens: [3], first: 3, last: 3, script: 'Han' }
const fires = (...features: number[]) => features.map((feature) => ({ feature, activation: 2 }))
const run = sampleRun({ features: { 0: [fires(9), fires(5), fires(5, 3), fires(9)], 1: [[], [], fires(8), []] } })

test('a fault begins at the token that predicts it', () => expect(run.tokens.map(({ index }) => isWhereFaultBegins(run, fault, index))).toEqual([false, false, true, true]))

test('suspects fire more there than before, and are among the token’s features', () => {
  expect(faultSuspects(run, fault, 2, 9)).toEqual([{ layer: 1, feature: 8 }, { layer: 0, feature: 3 }])
  expect(faultSuspects(run, fault, 2, 1)).toHaveLength(1)
  expect(faultSuspects(run, fault, 1, 9)).toEqual([])
  // Feature 9 fires at the fault's own token, which comes too late, and at position 0, which is an outlier.
  expect(faultSuspects(run, fault, 3, 9)).toEqual([])
})
