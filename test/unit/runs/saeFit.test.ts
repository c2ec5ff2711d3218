// How an SAE set's fit is summed up, and when it is called poor.
import { describe, expect, it } from 'vitest'
import { isPoorFit, layerFits } from '../../../server/runs/saeFit'

describe('the fit of an SAE set', () => {
  it('is the mean per layer over tokens that are no outliers, layers in order', () => {
    const fits = layerFits({ 10: [5, 0.2, 0.4], 2: [7, 0.1, 0.1] }, (token) => token === 0)
    expect(fits.map(({ layer, tokens }) => [layer, tokens])).toEqual([[2, 2], [10, 2]])
    expect(fits.map(({ unexplained }) => unexplained)).toEqual([0.1, expect.closeTo(0.3)])
  })

  it('takes what there is when every token is an outlier', () => {
    expect(layerFits({ 0: [0.5] }, () => true)).toEqual([{ layer: 0, unexplained: 0.5, tokens: 1 }])
  })

  it.each([
    [[0.3, 0.9, 0.2], false],
    [[1.4, 0.95, 0.2], true],
    [[NaN, NaN], true],
    [[], false],
  ])('of %j is poor: %s', (shares, isPoor) => {
    expect(isPoorFit(shares.map((unexplained, layer) => ({ layer, unexplained, tokens: 1 })))).toBe(isPoor)
  })
})
