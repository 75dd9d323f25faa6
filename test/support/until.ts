/**
 * Asks `probe` again and again until it gives something other than undefined or false; what it throws is forgotten until the
 * time is over.
 *
 * @param what named in the error
 * @param limit milliseconds
 */
export async function until<T>(
  what: string,
  limit: number,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  every = 25,
): Promise<T> {
  const end = performance.now() + limit;
  let last: unknown;
  do {
    try {
      const found = await probe();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, every));
  } while (performance.now() < end);
  throw new Error(`${what}: not within ${limit / 1000} s`, { cause: last });
}
