import { cross, normalise, subtract, type Vec3 } from '../../src/vision/geometry/vector.js';
import { place, quad, type Placement, type SurfacePoint, type Triangle } from './mesh.js';

/** An object on the ground: its surface, the size of its texture sheet, and its outline. */
export interface Solid {
  /** Size in metres of the texture sheet used by `triangles`. */
  readonly sheet: { readonly width: number; readonly height: number };
  /** The surface for a texture with this many texels per metre. */
  triangles(texelsPerMetre: number): Triangle[];
  /** Outline seen from above, world metres, with the height of the object above each corner; for shadows. */
  readonly outline: readonly Vec3[];
}

/** Size of a block in metres; `slope` is the gradient of its top along its own x and y (0, 0 for a box). */
export interface BlockSize {
  readonly width: number;
  readonly depth: number;
  readonly height: number;
  readonly slope: readonly [number, number];
}

/** A box, or a tilted panel when its top slopes. `height` is that of the centre of the top. */
export function block(placement: Placement, size: BlockSize): Solid {
  const { width, depth, height, slope } = size;
  const ground: readonly (readonly [number, number])[] = [
    [-width / 2, -depth / 2],
    [width / 2, -depth / 2],
    [width / 2, depth / 2],
    [-width / 2, depth / 2],
  ];
  const top = ground.map(([x, y]): Vec3 => [x, y, height + slope[0] * x + slope[1] * y]);
  const tallest = Math.max(...top.map((corner) => corner[2]));
  const triangles = (texels: number): Triangle[] => {
    const onTop = ([x, y, z]: Vec3): SurfacePoint => ({
      position: place(placement, [x, y, z]),
      u: x + width / 2,
      v: tallest + y + depth / 2,
    });
    const faces = quad([onTop(top[0]), onTop(top[1]), onTop(top[2]), onTop(top[3])], texels);
    let along = 0;
    for (let i = 0; i < 4; i++) {
      const next = (i + 1) % 4;
      const end = along + (i % 2 === 0 ? width : depth);
      const onSide = (corner: number, z: number, u: number): SurfacePoint => ({
        position: place(placement, [...ground[corner], z]),
        u,
        v: tallest - z,
      });
      faces.push(
        ...quad(
          [
            onSide(i, 0, along),
            onSide(next, 0, end),
            onSide(next, top[next][2], end),
            onSide(i, top[i][2], along),
          ],
          texels,
        ),
      );
      along = end;
    }
    return faces;
  };
  return {
    sheet: { width: 2 * (width + depth), height: tallest + depth },
    triangles,
    outline: top.map((corner) => place(placement, corner)),
  };
}

/** A smooth bump whose height falls from the centre to the rim as a squared cosine. */
export function dome(placement: Placement, { radius, height }: { radius: number; height: number }): Solid {
  const surface = (ringShare: number, angle: number): Vec3 => {
    const x = radius * ringShare * Math.cos(angle);
    const y = radius * ringShare * Math.sin(angle);
    return place(placement, [x, y, height * Math.cos((Math.PI / 2) * ringShare) ** 2]);
  };
  const normal = (ringShare: number, angle: number): Vec3 => {
    const share = Math.max(ringShare, 1e-3);
    const outward = subtract(surface(share + 1e-3, angle), surface(share - 1e-3, angle));
    const around = subtract(surface(share, angle + 1e-3), surface(share, angle - 1e-3));
    return normalise(cross(outward, around));
  };
  const triangles = (texels: number): Triangle[] => {
    const vertex = (ring: number, sector: number) => {
      const share = ring / 12;
      const angle = (sector / 32) * 2 * Math.PI;
      const u = radius * (1 + share * Math.cos(angle)) * texels;
      const v = radius * (1 + share * Math.sin(angle)) * texels;
      return { position: surface(share, angle), normal: normal(share, angle), u, v };
    };
    return grid(12, 32, vertex);
  };
  const outline = circle(16, (angle) => surface(0.6, angle));
  return { sheet: { width: 2 * radius, height: 2 * radius }, triangles, outline };
}

/** An upright tin with a lid. */
export function cylinder(
  placement: Placement,
  { radius, height }: { radius: number; height: number },
): Solid {
  const around = 2 * Math.PI * radius;
  const point = (angle: number, share: number, z: number): Vec3 =>
    place(placement, [radius * share * Math.cos(angle), radius * share * Math.sin(angle), z]);
  const triangles = (texels: number): Triangle[] => {
    const side = grid(1, 32, (ring, sector) => {
      const angle = (sector / 32) * 2 * Math.PI;
      const z = height * (1 - ring);
      const normal = normalise(subtract(point(angle, 1, z), point(angle, 0, z)));
      return {
        position: point(angle, 1, z),
        normal,
        u: (sector / 32) * around * texels,
        v: ring * height * texels,
      };
    });
    const lid = grid(1, 32, (ring, sector) => {
      const angle = (sector / 32) * 2 * Math.PI;
      const u = radius * (1 + ring * Math.cos(angle)) * texels;
      const v = (height + radius * (1 + ring * Math.sin(angle))) * texels;
      return { position: point(angle, ring, height), normal: [0, 0, 1], u, v };
    });
    return [...side, ...lid];
  };
  return {
    sheet: { width: around, height: height + 2 * radius },
    triangles,
    outline: circle(16, (angle) => point(angle, 1, height)),
  };
}

/** Triangles over rings from the centre outwards and sectors counter-clockwise; neighbours share their corners. */
function grid(
  rings: number,
  sectors: number,
  vertex: (ring: number, sector: number) => Triangle[0],
): Triangle[] {
  const triangles: Triangle[] = [];
  for (let ring = 0; ring < rings; ring++) {
    for (let sector = 0; sector < sectors; sector++) {
      const inner = vertex(ring, sector);
      const outer = vertex(ring + 1, sector);
      const outerNext = vertex(ring + 1, sector + 1);
      triangles.push([inner, outer, outerNext], [inner, outerNext, vertex(ring, sector + 1)]);
    }
  }
  return triangles;
}

const circle = (corners: number, point: (angle: number) => Vec3): Vec3[] =>
  Array.from({ length: corners }, (_, i) => point((i / corners) * 2 * Math.PI));
