/** Shares of answers, judged as what they are: samples. */
import { expect } from "vitest";

/** How often each was seen. */
export function tally(seen: readonly string[]): ReadonlyMap<string, number> {
  return new Map([...Map.groupBy(seen, (name) => name)].map(([name, all]) => [name, all.length]));
}

/** The members together have the share, to within five standard deviations of as many independent choices. */
export function expectShare(counts: ReadonlyMap<string, number>, members: readonly string[], share: number): void {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const seen = members.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
  const deviation = Math.sqrt(total * share * (1 - share));
  const text = `${members.join("+")} of ${JSON.stringify(Object.fromEntries(counts))}`;
  expect(seen, text).toBeGreaterThan(total * share - 5 * deviation);
  expect(seen, text).toBeLessThan(total * share + 5 * deviation);
}
