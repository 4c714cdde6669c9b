import type { NetworkInMemory } from '../../domain/network.js';

const sources: (() => readonly NetworkInMemory[])[] = [];

/** Adds a list to {@link loadedHere}. */
export const listLoaded = (source: () => readonly NetworkInMemory[]): void => void sources.push(source);

/** The networks that this process has in memory. Does not load ONNX Runtime. */
export const loadedHere = (): readonly NetworkInMemory[] => sources.flatMap((source) => source());
