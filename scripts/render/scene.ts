import { normalise, type Vec3 } from '../../src/vision/geometry/vector.js';
import { quad, type Mesh } from './mesh.js';
import { createRandom, type SeededRandom } from './seeded-random.js';
import { convexShape, shadowOutline } from './shadows.js';
import { block, cylinder, dome, type Solid } from './solids.js';
import { paintGround, type SurfacePainter } from './surface-textures.js';
import { MIXED_STYLE, type SceneStyle } from './scene-style.js';
import { paintLazily } from './texture.js';
import type { TexturePainter } from './texture-painter.js';

/** A scene. World frame: metres, z up, the ground is z = 0, the middle of the scene is the origin. */
export interface Scene {
  readonly meshes: readonly Mesh[];
  /** Unit vector from the scene towards the lamp. */
  readonly towardsLight: Vec3;
}

/** Options of a scene. */
export interface SceneOptions {
  readonly seed: number;
  /** Texels per metre of the middle of the scene (1500 suits 640x480 at 0.7 m); the surroundings have less. */
  readonly texelsPerMetre: number;
  /** Objects and painting of the scene; default: printed matter and objects of all kinds. */
  readonly style?: SceneStyle;
}

const TOWARDS_LIGHT = normalise([0.45, -0.35, 1]);
const TILE = 2;
const ROOM = 3 * TILE;

/** A table-like ground with printed matter, cartons, tilted panels, tins and bumps, and four walls around. */
export function buildScene({ seed, texelsPerMetre, style = MIXED_STYLE }: SceneOptions): Scene {
  const random = createRandom(seed);
  const solids = [...middleSolids(random, style), ...outerSolids(random)];
  const near = (solid: Solid): boolean => solid.outline.every(([x, y]) => Math.hypot(x, y) < 1.2);
  const meshes = solids.map((solid, i) => {
    const texels = near(solid) ? texelsPerMetre : texelsPerMetre / 3;
    const spec = { ...solid.sheet, texelsPerMetre: texels, seed: seed + 100 + i };
    return {
      texture: paintLazily(() => style.paintSolid(spec).finish()),
      triangles: solid.triangles(texels),
    };
  });
  return {
    meshes: [
      ...meshes,
      ...ground({ seed, texelsPerMetre, paint: style.paintGround }, solids),
      ...walls(seed, texelsPerMetre),
    ],
    towardsLight: TOWARDS_LIGHT,
  };
}

interface GroundSpec {
  readonly seed: number;
  readonly texelsPerMetre: number;
  readonly paint: SurfacePainter;
}

/**
 * Nine square tiles; only the middle one has the resolution of the objects, since the others are seen from farther
 * away.
 */
function ground({ seed, texelsPerMetre, paint }: GroundSpec, solids: readonly Solid[]): Mesh[] {
  const meshes: Mesh[] = [];
  for (let row = -1; row <= 1; row++) {
    for (let column = -1; column <= 1; column++) {
      const texels = row === 0 && column === 0 ? texelsPerMetre : texelsPerMetre / 3;
      const tileSeed = seed + 1000 + 10 * row + column;
      const corner: Vec3 = [(column - 0.5) * TILE, (row - 0.5) * TILE, 0];
      const texture = paintLazily(() => {
        const painter = paint({ width: TILE, height: TILE, texelsPerMetre: texels, seed: tileSeed });
        for (const solid of solids) castShadow(painter, solid, { corner, texels });
        return painter.finish();
      });
      meshes.push({
        texture,
        triangles: quad(
          [
            { position: corner, u: 0, v: 0 },
            { position: [corner[0] + TILE, corner[1], 0], u: TILE, v: 0 },
            { position: [corner[0] + TILE, corner[1] + TILE, 0], u: TILE, v: TILE },
            { position: [corner[0], corner[1] + TILE, 0], u: 0, v: TILE },
          ],
          texels,
        ),
      });
    }
  }
  return meshes;
}

function castShadow(painter: TexturePainter, solid: Solid, tile: { corner: Vec3; texels: number }): void {
  const outline = shadowOutline(solid.outline, TOWARDS_LIGHT);
  const middleX = outline.reduce((sum, [x]) => sum + x, 0) / outline.length;
  const middleY = outline.reduce((sum, [, y]) => sum + y, 0) / outline.length;
  const centred = outline.map(([x, y]): readonly [number, number] => [x - middleX, y - middleY]);
  painter.draw(convexShape(centred), {
    x: (middleX - tile.corner[0]) * tile.texels,
    y: (middleY - tile.corner[1]) * tile.texels,
    size: tile.texels,
    angle: 0,
    colour: [8, 8, 16],
    opacity: 0.5,
    reach: Math.max(...centred.map(([x, y]) => Math.hypot(x, y))),
    softness: 0.02 * tile.texels,
  });
}

function walls(seed: number, texelsPerMetre: number): Mesh[] {
  const texels = texelsPerMetre / 6;
  const half = ROOM / 2;
  const height = 2.6;
  const corners: readonly (readonly [number, number])[] = [
    [-half, half],
    [half, half],
    [half, -half],
    [-half, -half],
  ];
  return corners.map(([x0, y0], i) => {
    const [x1, y1] = corners[(i + 1) % 4];
    const spec = { width: ROOM, height, texelsPerMetre: texels, seed: seed + 2000 + i };
    const triangles = quad(
      [
        { position: [x0, y0, 0], u: 0, v: height },
        { position: [x1, y1, 0], u: ROOM, v: height },
        { position: [x1, y1, height], u: ROOM, v: 0 },
        { position: [x0, y0, height], u: 0, v: 0 },
      ],
      texels,
    );
    return { texture: paintLazily(() => paintGround(spec).finish()), triangles };
  });
}

/** Objects near the origin, 3 to 15 cm high by default: the content of the goal view. */
function middleSolids(random: SeededRandom, { solids, heights }: SceneStyle): Solid[] {
  return placeApart(random, { count: solids, inner: 0, outer: 0.62, radii: [0.042, 0.105] }).map(
    ({ x, y, radius }, i) => {
      const placement = { x, y, yaw: random.range(0, Math.PI) };
      const height = random.range(...heights);
      if (i % 5 === 3) return dome(placement, { radius, height: Math.min(height, radius * 0.6) });
      if (i % 5 === 4) return cylinder(placement, { radius: radius * 0.6, height });
      const slope: readonly [number, number] =
        i % 5 === 1 ? [random.range(-0.5, 0.5), random.range(-0.5, 0.5)] : [0, 0];
      const rise = radius * 0.75 * (Math.abs(slope[0]) + Math.abs(slope[1]));
      const proportion = random.range(0.75, 1);
      return block(placement, {
        width: radius * 1.5 * proportion,
        depth: (radius * 1.25) / proportion,
        height: height + rise,
        slope,
      });
    },
  );
}

/** Larger objects farther out, visible only when the camera looks away. */
function outerSolids(random: SeededRandom): Solid[] {
  return placeApart(random, { count: 26, inner: 0.95, outer: 2.7, radii: [0.12, 0.3] }).map(
    ({ x, y, radius }) => {
      const placement = { x, y, yaw: random.range(0, Math.PI) };
      return block(placement, {
        width: radius * 1.4,
        depth: radius,
        height: random.range(0.08, 0.4),
        slope: [0, 0],
      });
    },
  );
}

interface Spread {
  readonly count: number;
  readonly inner: number;
  readonly outer: number;
  readonly radii: readonly [number, number];
}

/** Non-overlapping discs between two circles around the origin; fewer than requested when there is no space. */
function placeApart(
  random: SeededRandom,
  { count, inner, outer, radii }: Spread,
): { x: number; y: number; radius: number }[] {
  const placed: { x: number; y: number; radius: number }[] = [];
  for (let attempt = 0; attempt < 60 * count && placed.length < count; attempt++) {
    const distance = Math.sqrt(random.range(inner * inner, outer * outer));
    const angle = random.range(0, 2 * Math.PI);
    const disc = {
      x: distance * Math.cos(angle),
      y: distance * Math.sin(angle),
      radius: random.range(...radii),
    };
    const free = placed.every(
      (other) => Math.hypot(other.x - disc.x, other.y - disc.y) > other.radius + disc.radius,
    );
    if (free) placed.push(disc);
  }
  return placed;
}
