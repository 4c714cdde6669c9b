import { backProject, project } from '../../../../src/vision/geometry/camera.js';
import {
  inverseTransformPoint,
  lookAt,
  transformPoint,
  type Pose,
} from '../../../../src/vision/geometry/pose.js';
import type { Vec3 } from '../../../../src/vision/geometry/vector.js';
import { quad, type Mesh } from '../../../../scripts/render/mesh.js';
import { Rasteriser, type CameraModel } from '../../../../scripts/render/rasteriser.js';
import { buildScene, type Scene } from '../../../../scripts/render/scene.js';
import { disc } from '../../../../scripts/render/shapes.js';
import { block } from '../../../../scripts/render/solids.js';
import { paintPlain } from '../../../../scripts/render/surface-textures.js';

const CAMERA: CameraModel = {
  width: 200,
  height: 150,
  intrinsics: { fx: 168, fy: 160, cx: 97, cy: 77 },
  supersampling: 2,
};
const TEXELS = 1000;
const DOWN: Vec3 = [0, 0, -1];
const OBLIQUE = lookAt([0.3, -0.6, 0.5], [0.02, 0.01, 0], DOWN);

/** A dark square of 2 m around the origin on z = 0, with white dots of 8 mm radius. */
function dottedGround(dots: readonly (readonly [number, number])[]): Mesh {
  const painter = paintPlain({ width: 2, height: 2, texelsPerMetre: TEXELS, seed: 1 }, [10, 10, 10]);
  for (const [x, y] of dots) {
    // Texel (i, j) covers i to i+1, so its centre, where the painter measures, is half a texel on.
    const place = { x: (x + 1) * TEXELS - 0.5, y: (y + 1) * TEXELS - 0.5 };
    painter.draw(disc, { ...place, size: 0.008 * TEXELS, angle: 0, colour: [255, 255, 255] });
  }
  const texture = painter.finish();
  const corner = (x: number, y: number) => ({ position: [x, y, 0] as const, u: x + 1, v: y + 1 });
  return {
    texture: () => texture,
    triangles: quad([corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1)], TEXELS),
  };
}

const sceneOf = (...meshes: Mesh[]): Scene => ({ meshes, towardsLight: [0, 0, 1] });

/** Centre of brightness within `radius` pixels of a place. */
function brightCentre(
  rgb: Float32Array,
  [u, v]: readonly [number, number],
  radius: number,
): [number, number] {
  let sum = 0;
  let sumU = 0;
  let sumV = 0;
  for (let y = Math.round(v) - radius; y <= Math.round(v) + radius; y++) {
    for (let x = Math.round(u) - radius; x <= Math.round(u) + radius; x++) {
      const bright = Math.max(0, rgb[(y * CAMERA.width + x) * 3 + 1] - 12);
      sum += bright;
      sumU += bright * x;
      sumV += bright * y;
    }
  }
  return [sumU / sum, sumV / sum];
}

describe('the renderer as a pinhole camera', () => {
  const dots: readonly (readonly [number, number])[] = [
    [0.02, 0.01],
    [-0.15, 0.12],
    [0.2, -0.1],
  ];
  const poses: readonly Pose[] = [
    OBLIQUE,
    lookAt([-0.2, 0.3, 0.7], [0, 0.03, 0], DOWN),
    lookAt([0.05, -0.02, 0.9], [0, 0, 0], [0.4, 1, 0]),
  ];

  it('shows a dot at the pixel where the closed form projects it', () => {
    const rasteriser = new Rasteriser(CAMERA);
    for (const pose of poses) {
      const rgb = rasteriser.render(sceneOf(dottedGround(dots)), pose);
      for (const [x, y] of dots) {
        const expected = project(CAMERA.intrinsics, inverseTransformPoint(pose, [x, y, 0]));
        if (expected === null) throw new Error('the dot is behind the camera');
        const [u, v] = brightCentre(rgb, expected, 6);
        expect(Math.hypot(u - expected[0], v - expected[1])).toBeLessThan(0.06);
      }
    }
  });

  it('knows the depth of a plane: camera height times focal length over rows below the horizon', () => {
    const rasteriser = new Rasteriser({ ...CAMERA, supersampling: 1 });
    const level = lookAt([0, -0.9, 0.2], [0, 1, 0.2], DOWN);
    rasteriser.render(sceneOf(dottedGround([])), level);
    for (const v of [110, 130, 149]) expect(rasteriser.depthAt(97, v)).toBeCloseTo((0.2 * 160) / (v - 77), 5);
    expect(rasteriser.depthAt(97, 70)).toBeNull();
  });

  it('lets near things hide far ones, whichever is drawn first', () => {
    const texture = paintPlain({ width: 1, height: 1, texelsPerMetre: 100, seed: 1 }, [200, 0, 0]).finish();
    const box = block({ x: 0, y: 0, yaw: 0.3 }, { width: 0.2, depth: 0.2, height: 0.15, slope: [0, 0] });
    const boxMesh: Mesh = { texture: () => texture, triangles: box.triangles(100) };
    const above = lookAt([0, 0, 1], [0, 0, 0], [0, 1, 0]);
    for (const scene of [sceneOf(boxMesh, dottedGround([])), sceneOf(dottedGround([]), boxMesh)]) {
      const rasteriser = new Rasteriser(CAMERA);
      rasteriser.render(scene, above);
      expect(rasteriser.depthAt(97, 77)).toBeCloseTo(0.85, 6);
      expect(rasteriser.depthAt(150, 77)).toBeCloseTo(1, 6);
    }
  });

  it('measures the depths of an image without rendering it', () => {
    const ground = sceneOf(dottedGround([]));
    const [rendered, measured] = [new Rasteriser(CAMERA), new Rasteriser(CAMERA)];
    rendered.render(ground, OBLIQUE);
    measured.render(ground, lookAt([0, 0, 1], [0, 0, 0], [0, 1, 0]));
    measured.measureDepths(ground, OBLIQUE);
    for (const u of [0, 97, 199])
      for (const v of [0, 77, 149]) expect(measured.depthAt(u, v)).toBe(rendered.depthAt(u, v));
  });

  it('draws a tilted panel at the height of its slope', () => {
    const texture = paintPlain({ width: 1, height: 1, texelsPerMetre: 100, seed: 1 }, [200, 0, 0]).finish();
    const panel = block({ x: 0, y: 0, yaw: 0 }, { width: 0.3, depth: 0.3, height: 0.1, slope: [0.4, 0] });
    const rasteriser = new Rasteriser({ ...CAMERA, supersampling: 1 });
    const above = lookAt([0, 0, 1], [0, 0, 0], [0, -1, 0]);
    rasteriser.render(sceneOf({ texture: () => texture, triangles: panel.triangles(100) }), above);
    for (const u of [80, 97, 115]) {
      // Where the ray (dx, 0, -1) meets z = 0.1 + 0.4 x: depth (1 - 0.1) / (1 + 0.4 dx), x being the image's right here.
      const right = transformPoint(above, [1, 0, 0])[0];
      const dx = ((u - 97) / 168) * right;
      expect(rasteriser.depthAt(u, 77)).toBeCloseTo(0.9 / (1 + 0.4 * dx), 5);
    }
  });
});

describe('a rendered scene', () => {
  const scene = buildScene({ seed: 5, texelsPerMetre: 300 });
  const camera: CameraModel = { ...CAMERA, intrinsics: { fx: 168, fy: 168, cx: 100, cy: 75 } };

  it('leaves no holes between its triangles', () => {
    const rasteriser = new Rasteriser(camera);
    rasteriser.render(scene, OBLIQUE);
    let holes = 0;
    for (let v = 0; v < camera.height; v++) {
      for (let u = 0; u < camera.width; u++) if (rasteriser.depthAt(u, v) === null) holes++;
    }
    expect(holes).toBe(0);
  });

  it('shows the same surface point in the same colour from two sides', () => {
    const first = new Rasteriser(camera);
    const second = new Rasteriser(camera);
    const other = lookAt([0.24, -0.52, 0.62], [0.03, 0, 0], DOWN);
    const seenFirst = first.render(scene, OBLIQUE);
    const seenSecond = second.render(scene, other);
    const differences: number[] = [];
    const shuffled: number[] = [];
    const green = (rgb: Float32Array, u: number, v: number): number =>
      rgb[(Math.round(v) * camera.width + Math.round(u)) * 3 + 1];
    for (let v = 2; v < camera.height; v += 3) {
      for (let u = 2; u < camera.width; u += 3) {
        const world = transformPoint(
          OBLIQUE,
          backProject(camera.intrinsics, [u, v], first.depthAt(u, v) ?? 1),
        );
        const seen = inverseTransformPoint(other, world);
        const pixel = project(camera.intrinsics, seen);
        if (pixel === null || pixel[0] < 0 || pixel[1] < 0 || pixel[0] > 199 || pixel[1] > 149) continue;
        const depth = second.depthAt(Math.round(pixel[0]), Math.round(pixel[1]));
        if (depth === null || Math.abs(depth - seen[2]) > 0.01) continue;
        differences.push(Math.abs(green(seenFirst, u, v) - green(seenSecond, ...pixel)));
        shuffled.push(Math.abs(green(seenFirst, u, v) - green(seenSecond, u, v)));
      }
    }
    const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1];
    expect(differences.length).toBeGreaterThan(1500);
    expect(median(differences)).toBeLessThan(6);
    // The measure can fail: without the true geometry the colours do not fit.
    expect(median(shuffled)).toBeGreaterThan(2 * median(differences));
  });

  it('comes out the same from the same seed and different from another', () => {
    const render = (seed: number): Buffer =>
      Buffer.from(
        new Rasteriser({ ...camera, supersampling: 1 }).render(
          buildScene({ seed, texelsPerMetre: 100 }),
          OBLIQUE,
        ).buffer,
      );
    const once = render(8);
    expect(render(8).equals(once)).toBe(true);
    expect(render(9).equals(once)).toBe(false);
  });
});
