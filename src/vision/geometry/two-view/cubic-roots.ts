/** Coefficients smaller than this multiple of the largest count as zero. */
const NEGLIGIBLE = 1e-12;

/**
 * Real roots of `a t^3 + b t^2 + c t + d` (one or three; fewer when the leading coefficients vanish). Uses the
 * trigonometric form for three real roots and Cardano's formula for one.
 */
export function realCubicRoots([a, b, c, d]: readonly [number, number, number, number]): number[] {
  const largest = Math.max(Math.abs(a), Math.abs(b), Math.abs(c), Math.abs(d));
  if (!(largest > 0) || !Number.isFinite(largest)) return [];
  if (Math.abs(a) < NEGLIGIBLE * largest) return realQuadraticRoots(b, c, d);
  const [p, q, r] = [b / a, c / a, d / a];
  // With t = s - p/3 the cubic becomes s^3 - 3 m s + 2 h = 0.
  const m = (p * p - 3 * q) / 9;
  const h = (2 * p * p * p - 9 * p * q + 27 * r) / 54;
  const shift = -p / 3;
  if (h * h < m * m * m) {
    const angle = Math.acos(Math.max(-1, Math.min(1, h / Math.sqrt(m * m * m)))) / 3;
    const radius = -2 * Math.sqrt(m);
    return [0, 1, 2].map((k) => radius * Math.cos(angle + (2 * Math.PI * k) / 3) + shift);
  }
  const u = -Math.sign(h || 1) * Math.cbrt(Math.abs(h) + Math.sqrt(h * h - m * m * m));
  return [u + (u === 0 ? 0 : m / u) + shift];
}

function realQuadraticRoots(a: number, b: number, c: number): number[] {
  const largest = Math.max(Math.abs(a), Math.abs(b), Math.abs(c));
  if (Math.abs(a) < NEGLIGIBLE * largest) return Math.abs(b) < NEGLIGIBLE * largest ? [] : [-c / b];
  const discriminant = b * b - 4 * a * c;
  if (discriminant < 0) return [];
  // Computes one root without cancellation and the other from the product of both.
  const sum = -(b + (b < 0 ? -1 : 1) * Math.sqrt(discriminant)) / 2;
  return sum === 0 ? [0] : [sum / a, c / sum];
}
