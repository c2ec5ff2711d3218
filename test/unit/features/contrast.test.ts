// Which features a contrast finds.
import { expect, it } from 'vitest'
import { contrastFeatures } from '../../../server/features/contrast'
import { fakeRun } from '../runs/fakeRun'

const f = (feature: number, activation: number) => ({ feature, activation })

it('ranks by the difference of means, in units of the layer, so that a layer of large numbers does not win by size', () => {
  const run = fakeRun(['a', 'b'], ['c', 'd'], {
    // Feature 7 fires on the chosen tokens only; feature 1 everywhere; feature 9 only at position 0, which does not count.
    0: [[f(9, 50)], [f(1, 3)], [f(7, 4), f(1, 3)], [f(7, 4), f(1, 3)]],
    // A hundred times the scale, but the chosen tokens differ less.
    5: [[f(9, 5000)], [f(2, 300), f(3, 100)], [f(2, 400)], [f(2, 400)]],
  })
  const ranked = contrastFeatures([{ run, chosen: [2, 3] }], new Map(), 10)
  expect(ranked.map(({ feature, meanOn, meanOff }) => [feature.layer, feature.feature, meanOn, meanOff])).toEqual([[0, 7, 4, 0], [5, 2, 400, 300]])
  // Layer 0's scale: mean of the activation norms 3, 5, 5.
  expect(ranked[0]!.score).toBeCloseTo(4 / (13 / 3), 12)
})

it('takes several runs for one text, and carries labels', () => {
  const run = (on: number) => fakeRun(['a', 'b'], ['c'], { 0: [[], [f(1, 1)], [f(2, on)]] })
  const description = { feature: { layer: 0, feature: 2 }, label: 'Chinese', tokens: ['的'], density: 0.1, typicalActivation: 3, maxActivation: 9 }
  const ranked = contrastFeatures([{ run: run(2), chosen: [2] }, { run: run(4), chosen: [2] }], new Map([['L0/2', description]]), 1)
  expect(ranked).toMatchObject([{ feature: { layer: 0, feature: 2 }, meanOn: 3, meanOff: 0, description }])
})

it('finds nothing when only position 0 is chosen', () => {
  expect(contrastFeatures([{ run: fakeRun(['a', 'b'], [], { 0: [[f(1, 9)], [f(1, 1)]] }), chosen: [0] }], new Map(), 5)).toEqual([])
})

it('counts a run only in the layers that were read of it', () => {
  const partly = fakeRun(['a', 'b'], ['c'], { 0: [[], [f(1, 1)], [f(2, 3)]] })
  const whole = fakeRun(['a', 'b'], ['c'], { 0: [[], [f(1, 1)], [f(2, 3)]], 40: [[], [], [f(70_000, 6)]] })
  const ranked = contrastFeatures([{ run: partly, chosen: [2] }, { run: whole, chosen: [2] }], new Map(), 10)
  expect(ranked.map(({ feature, meanOn }) => [feature.layer, feature.feature, meanOn])).toEqual([[40, 70_000, 6], [0, 2, 3]])
})
