/**
 * Points of Ed25519, the curve -x² + y² = 1 + dx²y² over the integers modulo p (RFC 8032, section 5.1). Node takes any 32
 * bytes for a public key (its OpenSSL looks at them when a signature is verified), and OpenSSH takes a point of small
 * order, for which a signature of anything can be made without a private key: with y = 1 that is R = B, s = 1.
 */
const p = 2n ** 255n - 19n;
const d = mod(-121_665n * inverse(121_666n));
const squareRootOfMinusOne = power(2n, (p - 1n) / 4n);

const pointBytes = 32;

interface Point {
  x: bigint;
  y: bigint;
}

/** The point that the bytes are, or nothing where they are none or not in the one form that it has: RFC 8032, section 5.1.3. */
export function decodePoint(bytes: Buffer): Point | undefined {
  if (bytes.length !== pointBytes) return undefined;
  const value = BigInt(`0x${Buffer.from([...bytes].toReversed()).toString("hex")}`);
  const sign = value >> 255n;
  const y = value & (2n ** 255n - 1n);
  if (y >= p) return undefined;
  const x = squareRoot(mod(y * y - 1n), mod(d * y * y + 1n));
  if (x === undefined || (x === 0n && sign === 1n)) return undefined;
  return { x: x % 2n === sign ? x : p - x, y };
}

/**
 * Whether eight times the point is the neutral element, as it is of eight points, none of which a private key leads to:
 * the curve's cofactor is 2³ (RFC 8032, section 5.1).
 */
export function isOfSmallOrder(point: Point): boolean {
  const { x, y } = doubled(doubled(doubled(point)));
  return x === 0n && y === 1n;
}

/** The sum of a point with itself, which the addition of RFC 8032, section 5.1.4, has as a case. */
function doubled({ x, y }: Point): Point {
  const product = d * x * x * y * y;
  return {
    x: mod(2n * x * y * inverse(1n + product)),
    y: mod((y * y + x * x) * inverse(1n - product)),
  };
}

/** A number whose square is u/v, as steps 2 and 3 of RFC 8032, section 5.1.3, find it, or nothing where there is none. */
function squareRoot(u: bigint, v: bigint): bigint | undefined {
  const root = mod(u * v ** 3n * power(u * v ** 7n, (p - 5n) / 8n));
  const square = mod(v * root * root);
  if (square === u) return root;
  return square === mod(-u) ? mod(root * squareRootOfMinusOne) : undefined;
}

function mod(value: bigint): bigint {
  return ((value % p) + p) % p;
}

/** By Fermat's little theorem. */
function inverse(value: bigint): bigint {
  return power(value, p - 2n);
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = mod(base);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest % 2n === 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}
