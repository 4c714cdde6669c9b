import {
  paintCarton,
  paintGround,
  paintSparse,
  paintTiles,
  type SurfacePainter,
} from './surface-textures.js';

/** Objects in the middle of a scene, and how its surfaces are painted. */
export interface SceneStyle {
  readonly paintGround: SurfacePainter;
  readonly paintSolid: SurfacePainter;
  /** Number of objects in the middle. */
  readonly solids: number;
  /** Minimum and maximum height of objects, metres. */
  readonly heights: readonly [number, number];
}

/** Printed matter, and objects of 3 to 14 cm. */
export const MIXED_STYLE: SceneStyle = {
  paintGround,
  paintSolid: paintCarton,
  solids: 26,
  heights: [0.03, 0.14],
};

/** An empty ground: everything visible lies in one plane. */
export const FLAT_STYLE: SceneStyle = { ...MIXED_STYLE, solids: 0 };

/** Towers up to half the usual distance between camera and ground. */
export const DEEP_STYLE: SceneStyle = { ...MIXED_STYLE, heights: [0.08, 0.34] };

/** Tiles that look alike, and some objects. */
export const REPETITIVE_STYLE: SceneStyle = { ...MIXED_STYLE, paintGround: paintTiles, solids: 7 };

/** A few marks on ground and objects. */
export const LOW_TEXTURE_STYLE: SceneStyle = {
  ...MIXED_STYLE,
  paintGround: paintSparse,
  paintSolid: paintSparse,
  solids: 9,
};
