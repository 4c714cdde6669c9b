import { v7 as uuid } from 'uuid';
import type { NewServoSession } from '../../src/domain/repositories/servo-session.repository.js';

/** A session as a service would create it: 100 frames for 0.2 credits. */
export function newServoSession(userId: string, overrides: Partial<NewServoSession> = {}): NewServoSession {
  return {
    id: uuid(),
    userId,
    instance: { id: uuid(), url: 'http://one.example:3000' },
    setup: {
      detector: 'ORB',
      policy: 'cns',
      camera: null,
      fieldOfView: null,
      goalDistance: 0.7,
      depthHint: null,
      gain: { zero: 2, infinity: 4, slope: -20 },
      limits: { linear: 0.5, angular: null },
      handEye: null,
      onWeak: 'use',
      workingSize: 640,
      device: 'cpu',
      strict: false,
    },
    goalSource: { kind: 'image', sha256: 'ab'.repeat(32) },
    goal: {
      width: 640,
      height: 480,
      keypoints: 500,
      clusters: 16,
      device: { requested: 'cpu', used: 'cpu', reason: 'cpu was asked for', attempts: [] },
      network: null,
    },
    idleTimeoutMs: 60_000,
    watchdogMs: 500,
    maxFrames: 100,
    record: false,
    recordingBytes: 0,
    pricePreset: 'infernode',
    priceVersion: 1,
    held: 200_000n,
    leaseMs: 60_000,
    ...overrides,
  };
}
