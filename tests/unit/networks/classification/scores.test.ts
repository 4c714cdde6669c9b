import { judgeScores, softmax, toProbabilities } from '../../../../src/networks/classification/scores.js';

const LABELS = ['a', 'b', 'c', 'd'];

describe('scores', () => {
  it('softmax of logarithms gives the shares back, however large they are', () => {
    const shares = [0.1, 0.2, 0.3, 0.4];
    for (const offset of [0, 5000, -5000]) {
      const found = softmax(shares.map((share) => Math.log(share) + offset));
      found.forEach((value, index) => expect(value).toBeCloseTo(shares[index], 9));
    }
  });

  it('the best come first, equal ones by index, and the threshold cuts', () => {
    const { predictions } = judgeScores(Float64Array.of(0.2, 0.4, 0.2, 0.2), LABELS, {
      topK: 3,
      threshold: 0,
    });
    expect(predictions.map(({ label }) => label)).toEqual(['b', 'a', 'c']);
    const strict = judgeScores(Float64Array.of(0.2, 0.4, 0.2, 0.2), LABELS, { topK: 3, threshold: 0.3 });
    expect(strict.predictions).toEqual([{ label: 'b', index: 1, probability: 0.4 }]);
  });

  it('top-k of many classes equals a full sort', () => {
    const values = Float64Array.from({ length: 1000 }, (_, index) => ((index * 7919) % 1009) / 1009);
    const sorted = [...values.keys()].sort((a, b) => values[b] - values[a]).slice(0, 7);
    const { predictions } = judgeScores(values, [], { topK: 7, threshold: 0 });
    expect(predictions.map(({ index }) => index)).toEqual(sorted);
    expect(predictions[0].label).toBe(`class_${String(sorted[0])}`);
  });

  it('entropy is 0 for certainty and log2 of the classes for none; the margin follows', () => {
    const certain = judgeScores(Float64Array.of(0, 1, 0, 0), LABELS, { topK: 1, threshold: 0 });
    expect([certain.entropy, certain.margin]).toEqual([0, 1]);
    const lost = judgeScores(Float64Array.of(0.25, 0.25, 0.25, 0.25), LABELS, { topK: 1, threshold: 0 });
    expect([lost.entropy, lost.margin]).toEqual([2, 0]);
  });

  it('all classes on request', () => {
    const all = judgeScores(Float64Array.of(0.1, 0.2, 0.3, 0.4), LABELS, {
      topK: 1,
      threshold: 0,
      allClasses: true,
    });
    expect(all.predictions.map(({ index }) => index)).toEqual([3, 2, 1, 0]);
  });

  it('probabilities pass as they are, sigmoid treats each class alone', () => {
    expect([...toProbabilities([0.25, 0.75], 'probabilities')]).toEqual([0.25, 0.75]);
    expect([...toProbabilities([0, 0], 'sigmoid')]).toEqual([0.5, 0.5]);
  });

  it.each([
    ['not a number', [NaN, 1], 'logits' as const],
    ['infinity', [Infinity, 1], 'logits' as const],
    ['a probability of 3', [3, 0], 'probabilities' as const],
  ])('%s is an error', (_, scores, activation) => {
    expect(() => toProbabilities(scores, activation)).toThrow(
      expect.objectContaining({ code: 'MODEL_OUTPUT_INVALID' }),
    );
  });
});
