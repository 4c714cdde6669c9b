import type { Intrinsics } from '../../src/vision/geometry/camera.js';
import { inverseTransformPoint, type Pose } from '../../src/vision/geometry/pose.js';
import { cross, dot, type Vec3 } from '../../src/vision/geometry/vector.js';
import type { Triangle, Vertex } from './mesh.js';
import type { Scene } from './scene.js';
import { sampleTexture } from './texture-sampler.js';
import type { LazyTexture } from './texture.js';

// Local aliases: looking up the global `Math` in Jest's sandbox costs a hundred times the operation itself.
const { ceil, floor, log2, max, min } = Math;

/** Camera model: image size and intrinsics, without the pose. */
export interface CameraModel {
  readonly width: number;
  readonly height: number;
  readonly intrinsics: Intrinsics;
  /** Samples per pixel along each axis; 2 removes most aliasing at edges. */
  readonly supersampling: number;
}

const AMBIENT = 0.55;
const DIFFUSE = 0.55;
const NEAR_METRES = 0.02;
const BACKGROUND = 150;
/** Owner of samples on which nothing was drawn. */
const NOBODY = -1;

/** A quantity divided by depth, which is linear in image space: `x * byX + y * byY + constant`. */
interface ScreenPlane {
  readonly byX: number;
  readonly byY: number;
  readonly constant: number;
}

/** Interpolants of a triangle; all are values divided by depth, on the sample grid. */
interface TriangleSetup {
  readonly inverseDepth: ScreenPlane;
  readonly u: ScreenPlane;
  readonly v: ScreenPlane;
  readonly shade: ScreenPlane;
  readonly texture: LazyTexture;
}

/**
 * Software renderer: triangles, depth buffer, perspective-correct textures with mip levels, diffuse light and
 * supersampling. Textures are read only where a triangle is in front of all others. One instance per camera; its buffers
 * are reused for every frame.
 */
export class Rasteriser {
  readonly #gridWidth: number;
  readonly #gridHeight: number;
  readonly #colours: Uint8ClampedArray;
  /** Inverse depth of the nearest surface at each sample; 0 where nothing was drawn. */
  readonly #inverseDepths: Float32Array;
  /** Which of the triangles in view is the nearest surface at each sample. */
  readonly #owners: Int32Array;
  readonly #inView: TriangleSetup[] = [];

  constructor(readonly camera: CameraModel) {
    this.#gridWidth = camera.width * camera.supersampling;
    this.#gridHeight = camera.height * camera.supersampling;
    this.#colours = new Uint8ClampedArray(this.#gridWidth * this.#gridHeight * 3);
    this.#inverseDepths = new Float32Array(this.#gridWidth * this.#gridHeight);
    this.#owners = new Int32Array(this.#gridWidth * this.#gridHeight);
  }

  /** Renders the scene from a camera-to-world pose; returns RGB intensities (0 to 255, not rounded), row-major. */
  render(scene: Scene, pose: Pose): Float32Array {
    this.measureDepths(scene, pose);
    for (let y = 0; y < this.#gridHeight; y++) this.#colourRow(y);
    return this.#averageSamples();
  }

  /** Renders the depths alone, for {@link depthAt}: a small part of the work of {@link render}. */
  measureDepths(scene: Scene, pose: Pose): void {
    this.#inView.length = 0;
    this.#owners.fill(NOBODY);
    this.#inverseDepths.fill(0);
    for (const mesh of scene.meshes) {
      for (const triangle of mesh.triangles)
        this.#drawTriangle(triangle, mesh.texture, { pose, towardsLight: scene.towardsLight });
    }
  }

  /** Depth along the optical axis (metres) at a pixel of the last frame; `null` where nothing was drawn. */
  depthAt(u: number, v: number): number | null {
    const { supersampling } = this.camera;
    const x = floor((u + 0.5) * supersampling);
    const y = floor((v + 0.5) * supersampling);
    const inverse = this.#inverseDepths[y * this.#gridWidth + x];
    return inverse > 0 ? 1 / inverse : null;
  }

  #drawTriangle(triangle: Triangle, texture: LazyTexture, view: { pose: Pose; towardsLight: Vec3 }): void {
    const corners = triangle.map((vertex) => inverseTransformPoint(view.pose, vertex.position));
    const [a, b, c] = corners;
    const volume = dot(a, cross(b, c));
    // Counter-clockwise from outside is a negative volume here, as the image's y axis points down.
    if (volume >= 0 || corners.every(([, , z]) => z < NEAR_METRES)) return;
    const inverse: readonly Vec3[] = [cross(b, c), cross(c, a), cross(a, b)];
    const plane = (values: (vertex: Vertex) => number): ScreenPlane => {
      const at = (axis: 0 | 1 | 2): number =>
        triangle.reduce((sum, vertex, i) => sum + inverse[i][axis] * values(vertex), 0) / volume;
      return this.#toScreen([at(0), at(1), at(2)]);
    };
    const light = view.towardsLight;
    const setup: TriangleSetup = {
      inverseDepth: plane(() => 1),
      u: plane((vertex) => vertex.u),
      v: plane((vertex) => vertex.v),
      shade: plane((vertex) => AMBIENT + DIFFUSE * max(0, dot(vertex.normal, light))),
      texture,
    };
    this.#inView.push(setup);
    this.#fillPolygon(this.#projectClipped(corners), setup.inverseDepth);
  }

  /** Converts a linear function from the normalised image plane to the sample grid. */
  #toScreen([byX, byY, constant]: Vec3): ScreenPlane {
    const { intrinsics, supersampling } = this.camera;
    const { fx, fy, cx, cy } = intrinsics;
    const first = 0.5 / supersampling - 0.5;
    return {
      byX: byX / (supersampling * fx),
      byY: byY / (supersampling * fy),
      constant: constant + (byX * (first - cx)) / fx + (byY * (first - cy)) / fy,
    };
  }

  /** Corners, on the sample grid, of the part of a triangle in front of the near plane. */
  #projectClipped(corners: readonly Vec3[]): (readonly [number, number])[] {
    const { intrinsics, supersampling } = this.camera;
    const kept: Vec3[] = [];
    corners.forEach((from, i) => {
      const to = corners[(i + 1) % corners.length];
      if (from[2] >= NEAR_METRES) kept.push(from);
      if (from[2] >= NEAR_METRES !== to[2] >= NEAR_METRES) kept.push(cutAtNear(from, to));
    });
    return kept.map(([x, y, z]) => [
      ((intrinsics.fx * x) / z + intrinsics.cx + 0.5) * supersampling - 0.5,
      ((intrinsics.fy * y) / z + intrinsics.cy + 0.5) * supersampling - 0.5,
    ]);
  }

  #fillPolygon(polygon: readonly (readonly [number, number])[], inverseDepth: ScreenPlane): void {
    const rows = polygon.map(([, y]) => y);
    const first = max(0, ceil(min(...rows)));
    const last = min(this.#gridHeight, ceil(max(...rows)));
    for (let y = first; y < last; y++) {
      let left = Infinity;
      let right = -Infinity;
      for (let i = 0; i < polygon.length; i++) {
        const x = crossing(polygon[i], polygon[(i + 1) % polygon.length], y);
        if (x === null) continue;
        left = min(left, x);
        right = max(right, x);
      }
      // Half-open spans: a sample on a shared edge belongs to exactly one of the two triangles.
      const start = max(0, ceil(left));
      const end = min(this.#gridWidth, ceil(right));
      if (start < end) this.#fillSpan(y, start, { end, inverseDepth });
    }
  }

  /** Samples from `start` to `end` of a row belong to the latest triangle where it is in front. */
  #fillSpan(
    y: number,
    start: number,
    { end, inverseDepth }: { end: number; inverseDepth: ScreenPlane },
  ): void {
    const owner = this.#inView.length - 1;
    const { byX, byY, constant } = inverseDepth;
    const rowInverse = byY * y + constant;
    for (let x = start, i = y * this.#gridWidth + start; x < end; x++, i++) {
      const inverse = rowInverse + byX * x;
      if (inverse <= this.#inverseDepths[i]) continue;
      this.#inverseDepths[i] = inverse;
      this.#owners[i] = owner;
    }
  }

  #colourRow(y: number): void {
    const first = y * this.#gridWidth;
    for (let start = 0; start < this.#gridWidth;) {
      const owner = this.#owners[first + start];
      let end = start + 1;
      while (end < this.#gridWidth && this.#owners[first + end] === owner) end += 1;
      if (owner === NOBODY) this.#colours.fill(BACKGROUND, 3 * (first + start), 3 * (first + end));
      else this.#colourSpan(y, start, { end, setup: this.#inView[owner] });
      start = end;
    }
  }

  #colourSpan(y: number, start: number, { end, setup }: { end: number; setup: TriangleSetup }): void {
    const { inverseDepth, u, v, shade } = setup;
    const texture = setup.texture();
    const rowInverse = inverseDepth.byY * y + inverseDepth.constant;
    const rowU = u.byY * y + u.constant;
    const rowV = v.byY * y + v.constant;
    const rowShade = shade.byY * y + shade.constant;
    for (let x = start, i = y * this.#gridWidth + start; x < end; x++, i++) {
      const depth = 1 / (rowInverse + inverseDepth.byX * x);
      const texelU = (rowU + u.byX * x) * depth;
      const texelV = (rowV + v.byX * x) * depth;
      // Texels per sample along both axes of the grid, by the quotient rule; the larger one selects the mip level.
      const stepX = (u.byX - texelU * inverseDepth.byX) ** 2 + (v.byX - texelV * inverseDepth.byX) ** 2;
      const stepY = (u.byY - texelU * inverseDepth.byY) ** 2 + (v.byY - texelV * inverseDepth.byY) ** 2;
      const level = 0.5 * log2(max(stepX, stepY) * depth * depth);
      sampleTexture(
        texture,
        { u: texelU, v: texelV, level, shade: (rowShade + shade.byX * x) * depth },
        this.#colours,
        3 * i,
      );
    }
  }

  #averageSamples(): Float32Array {
    const { width, height, supersampling } = this.camera;
    const rgb = new Float32Array(width * height * 3);
    const weight = 1 / (supersampling * supersampling);
    for (let y = 0; y < this.#gridHeight; y++) {
      const row = floor(y / supersampling) * width;
      for (let x = 0, i = y * this.#gridWidth * 3; x < this.#gridWidth; x++, i += 3) {
        const target = (row + floor(x / supersampling)) * 3;
        rgb[target] += this.#colours[i] * weight;
        rgb[target + 1] += this.#colours[i + 1] * weight;
        rgb[target + 2] += this.#colours[i + 2] * weight;
      }
    }
    return rgb;
  }
}

function cutAtNear(from: Vec3, to: Vec3): Vec3 {
  const share = (NEAR_METRES - from[2]) / (to[2] - from[2]);
  return [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1]), NEAR_METRES];
}

/**
 * Column where an edge crosses a row, or `null`. Always computed from the upper end of the edge, so that neighbouring
 * triangles agree exactly.
 */
function crossing(a: readonly [number, number], b: readonly [number, number], y: number): number | null {
  const [upper, lower] = a[1] <= b[1] ? [a, b] : [b, a];
  if (y < upper[1] || y >= lower[1]) return null;
  return upper[0] + ((y - upper[1]) / (lower[1] - upper[1])) * (lower[0] - upper[0]);
}
