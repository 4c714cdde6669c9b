/** Policies that have coefficients. */
export type ConfidencePolicy = 'cns' | 'ibvs' | 'pbvs';

/** Coefficients of one policy, one for each of `CONFIDENCE_FEATURES`. */
export interface ConfidenceCoefficients {
  readonly tracking: readonly number[];
  readonly weak: readonly number[];
}

/** Written by `npm run eval:confidence -- --fit`; `evaluation/cns/confidence/calibration.json` says from what. */
export const CONFIDENCE_MODEL: Readonly<Record<ConfidencePolicy, ConfidenceCoefficients>> = {
  cns: {
    tracking: [-2.91945, 0.773407, -0.749153, 0.968614, 4.13695, 0, 0.0808055, 0.109859],
    weak: [-1.23306, 0.632673, -0.469475, 0.592285, 0.195125, -0.0327113, -0.280197, 0.326406],
  },
  ibvs: {
    tracking: [0.0198416, 1.25227, -1.43091, 2.29711, 0, 1.98416e-8, -2.17227, -0.53742],
    weak: [-0.978433, -0.0637927, -0.242103, 0.232146, 0, -2.44608e-7, -0.646742, -0.355033],
  },
  pbvs: {
    tracking: [-0.803634, 1.00533, 0.307294, 0.136117, 2.56393, 0, -0.432008, 0.742942],
    weak: [-0.111253, 0.194154, 0.191299, 0.184153, 0.165118, 0, -0.487959, 0.507747],
  },
};
