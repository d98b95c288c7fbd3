// Random numbers that a seed repeats: xorshift (Marsaglia 2003), and what is drawn from it.

/**
 * A generator of random numbers.
 * @param {number} seed a whole number; equal seeds give equal numbers
 * @returns {{uniform: () => number, normal: () => number, shuffled: (count: number) => Uint32Array}}
 *   uniform: in (0, 1); normal: of mean 0 and deviation 1; shuffled: 0 to count - 1 in random order
 */
export function makeRandom(seed) {
  let state = Math.imul(seed + 1, 2654435769) | 1; // xorshift would stay at 0 for ever
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
  for (let k = 0; k < 20; k++) uniform(); // the first numbers of near seeds are alike
  // Box and Muller 1958
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const shuffled = (count) => {
    const order = Uint32Array.from({ length: count }, (_, k) => k);
    for (let k = count - 1; k > 0; k--) {
      const other = Math.floor(uniform() * (k + 1));
      [order[k], order[other]] = [order[other], order[k]];
    }
    return order;
  };
  return { uniform, normal, shuffled };
}
