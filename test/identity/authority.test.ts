import { X509Certificate } from "node:crypto";
import { expect, test } from "vitest";
import fc from "fast-check";
import {
  CA_LIFETIME,
  MAX_PREVIOUS,
  newAuthority,
  PROPAGATION,
  rotate,
  trustBundle,
} from "../../src/identity/authority.ts";

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;
const NOW = Date.parse("2030-01-31T12:00:00Z");

test("the next CA is trusted first, then issues; the one before is trusted until it expires", async () => {
  const first = await newAuthority(NOW);
  expect(await rotate(first, NOW + 0.66 * CA_LIFETIME)).toBe(first);

  const worn = NOW + 0.67 * CA_LIFETIME;
  const announced = await rotate(first, worn);
  expect(announced.current).toBe(first.current);
  expect(trustBundle(announced)).toBe(first.current.certificate + announced.next!.certificate);
  expect(await rotate(announced, worn + PROPAGATION - 1)).toBe(announced);

  const promoted = await rotate(announced, worn + PROPAGATION);
  expect(promoted.current.certificate).toBe(announced.next!.certificate);
  expect(promoted.current).not.toHaveProperty("since");
  expect(promoted.next).toBeUndefined();
  expect(trustBundle(promoted)).toBe(announced.next!.certificate + first.current.certificate);
  expect(await rotate(promoted, NOW + CA_LIFETIME - 1)).toBe(promoted);

  const pruned = await rotate(promoted, NOW + CA_LIFETIME);
  expect(pruned).toEqual({ ...promoted, previous: [] });
});

test("a CA that expired while nobody ran is replaced at once", async () => {
  const first = await newAuthority(NOW);
  const late = NOW + CA_LIFETIME + DAY;
  const replaced = await rotate(first, late);
  expect(replaced.current.certificate).not.toBe(first.current.certificate);
  expect(replaced.previous).toEqual([]);
  expect(await rotate(replaced, late)).toBe(replaced);

  const announced = await rotate(first, NOW + CA_LIFETIME - HOUR / 2);
  const promoted = await rotate(announced, NOW + CA_LIFETIME);
  const { certificate, key } = announced.next!;
  expect(promoted).toEqual({ current: { certificate, key }, previous: [] });

  // The next one has expired, too.
  const lost = await rotate(announced, NOW + 3 * CA_LIFETIME);
  expect(lost.current.certificate).not.toBe(announced.next!.certificate);
  expect(trustBundle(lost)).toBe(lost.current.certificate);
});

test("over three years, whatever serves is trusted by who read the bundle an hour ago, and the bundle stays small", async () => {
  const pauses = fc.array(fc.integer({ min: 5 * 60_000, max: 3 * DAY }), { minLength: 50, maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(pauses, async (steps) => {
      let authority = await newAuthority(NOW);
      let now = NOW;
      /** Of certificates of a day, by their issuers. */
      const served = new Map<string, number>();
      let published = [{ at: now, bundle: trustBundle(authority) }];
      for (let step = 0; now < NOW + 3 * CA_LIFETIME; step++) {
        now += steps[step % steps.length]!;
        authority = await rotate(authority, now);
        const bundle = trustBundle(authority);
        if (bundle !== published.at(-1)!.bundle) published.push({ at: now, bundle });
        served.set(authority.current.certificate, now + DAY);

        for (const [issuer, until] of served) {
          if (until <= now) served.delete(issuer);
          else expect(bundle).toContain(issuer);
        }
        const known = published.findLast(({ at }) => at <= now - PROPAGATION);
        if (known) expect(known.bundle).toContain(authority.current.certificate);
        published = published.filter((entry) => entry.at > now - PROPAGATION || entry === known);
        expect(authority.previous.length).toBeLessThanOrEqual(MAX_PREVIOUS);
        expect(new X509Certificate(authority.current.certificate).validToDate.getTime()).toBeGreaterThan(now + DAY);
      }
    }),
    { numRuns: 5 },
  );
});
