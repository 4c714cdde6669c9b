/**
 * Inverse DCT to blocks of 8, 4, 2 or 1 pixels per side from the lowest frequencies of an 8 x 8 block. Blocks are
 * stored transposed as 64 floats, already multiplied by their quantisation steps and {@link stepScale}.
 */

const HALF_TURN_8: f64 = Math.PI / 8;
const SQRT2: f32 = 1.41421356;

/**
 * Scale factors of the eight-point transform of Arai, Agui and Nakajima, which are folded into the quantisation steps.
 */
const scales: usize = memory.data<f64>([
  1, 1.387039845322148, 1.306562964876377, 1.175875602419359, 1, 0.785694958387102, 0.541196100146197,
  0.275899379282943,
]);

/** Factor of the quantisation step for the frequency in row `v` and column `u`. */
export function stepScale(side: i32, v: i32, u: i32): f32 {
  if (side < 8) return 0.125;
  return <f32>(0.125 * load<f64>(scales + ((<usize>v) << 3)) * load<f64>(scales + ((<usize>u) << 3)));
}

const work: usize = memory.data(256, 16);

/** Transforms four of the eight columns along one axis; the result keeps their positions. */
function eightPoints(from: usize, to: usize): void {
  const c0 = v128.load(from),
    c1 = v128.load(from, 32),
    c2 = v128.load(from, 64),
    c3 = v128.load(from, 96);
  const c4 = v128.load(from, 128),
    c5 = v128.load(from, 160),
    c6 = v128.load(from, 192),
    c7 = v128.load(from, 224);
  // Even frequencies.
  const sum04 = f32x4.add(c0, c4),
    difference04 = f32x4.sub(c0, c4);
  const sum26 = f32x4.add(c2, c6);
  const turned26 = f32x4.sub(f32x4.mul(f32x4.sub(c2, c6), f32x4.splat(SQRT2)), sum26);
  const even0 = f32x4.add(sum04, sum26),
    even3 = f32x4.sub(sum04, sum26);
  const even1 = f32x4.add(difference04, turned26),
    even2 = f32x4.sub(difference04, turned26);
  // Odd frequencies.
  const sum53 = f32x4.add(c5, c3),
    difference53 = f32x4.sub(c5, c3);
  const sum17 = f32x4.add(c1, c7),
    difference17 = f32x4.sub(c1, c7);
  const odd0 = f32x4.add(sum17, sum53);
  const turned = f32x4.mul(f32x4.add(difference53, difference17), f32x4.splat(1.847759065));
  const odd1 = f32x4.sub(f32x4.sub(turned, f32x4.mul(difference53, f32x4.splat(2.61312593))), odd0);
  const odd2 = f32x4.sub(f32x4.mul(f32x4.sub(sum17, sum53), f32x4.splat(SQRT2)), odd1);
  const odd3 = f32x4.sub(f32x4.sub(turned, f32x4.mul(difference17, f32x4.splat(1.0823922))), odd2);
  v128.store(to, f32x4.add(even0, odd0), 0);
  v128.store(to, f32x4.add(even1, odd1), 32);
  v128.store(to, f32x4.add(even2, odd2), 64);
  v128.store(to, f32x4.add(even3, odd3), 96);
  v128.store(to, f32x4.sub(even3, odd3), 128);
  v128.store(to, f32x4.sub(even2, odd2), 160);
  v128.store(to, f32x4.sub(even1, odd1), 192);
  v128.store(to, f32x4.sub(even0, odd0), 224);
}

/** Transposes a tile of 4 x 4 floats in rows of 32 bytes. */
function turnTile(from: usize, to: usize): void {
  const a = v128.load(from),
    b = v128.load(from, 32),
    c = v128.load(from, 64),
    d = v128.load(from, 96);
  const ab0 = v128.shuffle<f32>(a, b, 0, 4, 1, 5),
    ab1 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<f32>(c, d, 0, 4, 1, 5),
    cd1 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f64>(ab0, cd0, 0, 2), 0);
  v128.store(to, v128.shuffle<f64>(ab0, cd0, 1, 3), 32);
  v128.store(to, v128.shuffle<f64>(ab1, cd1, 0, 2), 64);
  v128.store(to, v128.shuffle<f64>(ab1, cd1, 1, 3), 96);
}

/** Rounds four floats centred at zero to integers centred at 128. */
function levels(values: v128): v128 {
  return i32x4.trunc_sat_f32x4_s(f32x4.floor(f32x4.add(values, f32x4.splat(128.5))));
}

export function block8(block: usize, to: usize, stride: usize): void {
  eightPoints(block, work);
  eightPoints(block + 16, work + 16);
  turnTile(work, block);
  turnTile(work + 16, block + 128);
  turnTile(work + 128, block + 16);
  turnTile(work + 144, block + 144);
  eightPoints(block, work);
  eightPoints(block + 16, work + 16);
  for (let row: usize = 0; row < 8; row++) {
    const at = work + (row << 5);
    const words = i16x8.narrow_i32x4_s(levels(v128.load(at)), levels(v128.load(at, 16)));
    v128.store64_lane(to + row * stride, i8x16.narrow_i16x8_u(words, words), 0);
  }
}

function fourPoints(from: usize, to: usize): void {
  const cos1 = f32x4.splat(<f32>(Math.SQRT2 * Math.cos(HALF_TURN_8)));
  const cos3 = f32x4.splat(<f32>(Math.SQRT2 * Math.cos(3 * HALF_TURN_8)));
  const c0 = v128.load(from),
    c1 = v128.load(from, 32),
    c2 = v128.load(from, 64),
    c3 = v128.load(from, 96);
  const even0 = f32x4.add(c0, c2),
    even1 = f32x4.sub(c0, c2);
  const odd0 = f32x4.add(f32x4.mul(c1, cos1), f32x4.mul(c3, cos3));
  const odd1 = f32x4.sub(f32x4.mul(c1, cos3), f32x4.mul(c3, cos1));
  v128.store(to, f32x4.add(even0, odd0), 0);
  v128.store(to, f32x4.add(even1, odd1), 32);
  v128.store(to, f32x4.sub(even1, odd1), 64);
  v128.store(to, f32x4.sub(even0, odd0), 96);
}

export function block4(block: usize, to: usize, stride: usize): void {
  fourPoints(block, work);
  turnTile(work, block);
  fourPoints(block, work);
  for (let row: usize = 0; row < 4; row++) {
    const words = i16x8.narrow_i32x4_s(levels(v128.load(work + (row << 5))), i32x4.splat(0));
    v128.store32_lane(to + row * stride, i8x16.narrow_i16x8_u(words, words), 0);
  }
}

function level(value: f32): u8 {
  return <u8>min(max(<i32>floor(value + 128.5), 0), 255);
}

export function block2(block: usize, to: usize, stride: usize): void {
  const mean = load<f32>(block);
  const down = load<f32>(block, 4);
  const right = load<f32>(block, 32);
  const both = load<f32>(block, 36);
  store<u8>(to, level(mean + right + down + both));
  store<u8>(to + 1, level(mean - right + down - both));
  store<u8>(to + stride, level(mean + right - down - both));
  store<u8>(to + stride + 1, level(mean - right - down + both));
}

/** Writes a block of one value; also used for blocks of one pixel. */
export function flat(side: i32, block: usize, to: usize, stride: usize): void {
  const value = level(load<f32>(block));
  if (side == 8) {
    const bytes = i8x16.splat(value);
    for (let row: usize = 0; row < 8; row++) v128.store64_lane(to + row * stride, bytes, 0);
    return;
  }
  for (let row = 0; row < side; row++) memory.fill(to + <usize>row * stride, value, side);
}
