import { add, cross, normalise, subtract, type Vec3 } from '../../src/vision/geometry/vector.js';
import type { LazyTexture } from './texture.js';

/** A vertex: position in world metres, unit normal, texture position in texels. */
export interface Vertex {
  readonly position: Vec3;
  readonly normal: Vec3;
  readonly u: number;
  readonly v: number;
}

/** Counter-clockwise seen from outside; only that side is drawn. */
export type Triangle = readonly [Vertex, Vertex, Vertex];

/** A surface: triangles that share one texture. */
export interface Mesh {
  readonly texture: LazyTexture;
  readonly triangles: readonly Triangle[];
}

/** A point of a surface with its texture position in metres. */
export interface SurfacePoint {
  readonly position: Vec3;
  readonly u: number;
  readonly v: number;
}

/** Two flat-shaded triangles over four corners in order; the texture must be laid out affinely. */
export function quad(
  corners: readonly [SurfacePoint, SurfacePoint, SurfacePoint, SurfacePoint],
  texels: number,
): Triangle[] {
  const [a, b, c] = corners;
  const normal = normalise(cross(subtract(b.position, a.position), subtract(c.position, a.position)));
  const vertices = corners.map((corner) => ({
    ...corner,
    normal,
    u: corner.u * texels,
    v: corner.v * texels,
  }));
  return [
    [vertices[0], vertices[1], vertices[2]],
    [vertices[0], vertices[2], vertices[3]],
  ];
}

/** Placement of an object: a point on the ground and a rotation about the vertical. */
export interface Placement {
  readonly x: number;
  readonly y: number;
  /** Radians. */
  readonly yaw: number;
}

/** Transforms a point from an object's frame (z up, origin on the ground) to the world. */
export function place(placement: Placement, [x, y, z]: Vec3): Vec3 {
  const cosine = Math.cos(placement.yaw);
  const sine = Math.sin(placement.yaw);
  return add([placement.x, placement.y, 0], [cosine * x - sine * y, sine * x + cosine * y, z]);
}
