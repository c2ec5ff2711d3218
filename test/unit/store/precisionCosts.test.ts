// What a precision was found to cost, kept beside the weights.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { PrecisionCost } from '../../../server/protocol/values'
import { keepPrecisionCost, readPrecisionCost } from '../../../server/store/precisionCosts'
import { newFolder } from '../checkpoint/tinyFolders'

const COST: PrecisionCost = { precision: 'q8', tokens: 64, residualError: [0.01, 0.02], features: [{ layer: 1, kept: 0.98 }], sae: '/sae', sameToken: 1 }

test('is read as it was kept', async () => {
  const folder = await newFolder()
  expect(await keepPrecisionCost(folder, COST)).toBeNull()
  expect(await readPrecisionCost(folder)).toEqual(COST)
})

test.each([
  ['no file', null],
  ['a file that is cut off', '{"measure":1,"cost":{"tok'],
  ['another measure', JSON.stringify({ measure: 0, cost: COST })],
  ['a cost that is none', JSON.stringify({ measure: 1, cost: { ...COST, residualError: ['much'] } })],
  ['null', JSON.stringify({ measure: 1, cost: null })],
])('%s is nothing measured', async (_, text) => {
  const folder = await newFolder()
  if (text !== null) await writeFile(join(folder, 'cost.json'), text)
  expect(await readPrecisionCost(folder)).toBeNull()
})

test('says why it cannot be kept', async () => {
  const file = join(await newFolder(), 'file')
  await writeFile(file, '')
  expect(await keepPrecisionCost(file, COST)).toMatch(/^what was measured cannot be kept in .* \((EEXIST|ENOTDIR)\)$/)
})
