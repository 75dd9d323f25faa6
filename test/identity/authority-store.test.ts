import { X509Certificate } from "node:crypto";
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import type { Clock } from "../../src/base/clock.ts";
import { CA_LIFETIME } from "../../src/identity/authority.ts";
import { createAuthority } from "../../src/identity/authority-store.ts";
import type { Identity, IdentityEvent, IdentityState } from "../../src/identity/identity.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { manualClock } from "../support/manual-clock.ts";
import { until } from "../support/until.ts";
import { fakeSecrets } from "./fake-secrets.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = Date.parse("2030-01-31T12:00:00Z");

/** Replicas on one Secret, and a clock that all of them sleep by. */
function cluster(random?: () => number) {
  const manual = manualClock();
  const fake = fakeSecrets();
  const replicas: Identity[] = [];
  const events: IdentityEvent[] = [];
  let sleeping = 0;
  /** What the wall clock was put forward by, as if no replica had run meanwhile. */
  let skipped = 0;
  const clock: Clock = {
    now: manual.now,
    after(delay, run) {
      sleeping++;
      let over = false;
      const end = (): void => {
        if (!over) sleeping--;
        over = true;
      };
      const cancel = manual.after(delay, () => {
        end();
        run();
      });
      return () => {
        end();
        cancel();
      };
    },
  };
  const wallClock = (): number => NOW + skipped + manual.now();
  const settled = () => until("all sleep", 10_000, () => sleeping === replicas.length, 1);
  onTestFinished(async () => {
    for (const replica of replicas) await replica.close();
  });
  return {
    fake,
    events,
    wallClock,
    settled,
    skip: (milliseconds: number) => void (skipped += milliseconds),
    /** In steps in which nobody wakes up twice. */
    async pass(milliseconds: number, step = 5 * MINUTE): Promise<void> {
      for (let left = milliseconds; left > 0; left -= step) {
        manual.advance(Math.min(step, left));
        await settled();
      }
    },
    replica(): Identity {
      const identity = createAuthority({
        client: fake as unknown as KubeClient,
        namespace: "heddle-system",
        secretName: "heddle-ca",
        dnsNames: ["heddle.heddle-system.svc"],
        clock,
        wallClock,
        ...(random && { random }),
        onEvent: (event) => void events.push(event),
      });
      replicas.push(identity);
      return identity;
    },
  };
}

function leafOf({ serverCertificate }: IdentityState): X509Certificate {
  return new X509Certificate(serverCertificate.certificate);
}

/** Whether one who trusts this bundle trusts the server. */
function trusts(bundle: string, state: IdentityState): boolean {
  const blocks = bundle.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [];
  return blocks.some((block) => leafOf(state).verify(new X509Certificate(block).publicKey));
}

test("replicas that start together serve from one CA, each with a key of its own", async () => {
  const { replica, fake } = cluster();
  const replicas = [replica(), replica(), replica()];
  expect(() => replicas[0]!.current()).toThrow("before start");
  await Promise.all(replicas.map((each) => each.start()));
  const states = replicas.map((each) => each.current());
  expect(new Set(states.map(({ bundle }) => bundle)).size).toBe(1);
  expect(new Set(states.map(({ serverCertificate }) => serverCertificate.key)).size).toBe(3);
  for (const state of states) expect(trusts(states[0]!.bundle, state)).toBe(true);
  expect(fake.writes).toEqual(["POST"]);
});

test("a certificate is renewed at two thirds of its day, from the same CA", async () => {
  // Looks at the Secret seldom.
  const { replica, pass, wallClock } = cluster(() => 0.99);
  const identity = replica();
  await identity.start();
  const first = identity.current();
  const told: IdentityState[] = [];
  identity.onChange((state) => void told.push(state));
  await pass(16 * HOUR - 2000);
  expect(told).toEqual([]);
  await pass(4000);
  expect(told).toEqual([identity.current()]);
  expect(identity.current().bundle).toBe(first.bundle);
  expect(trusts(first.bundle, identity.current())).toBe(true);
  expect(leafOf(identity.current()).validToDate.getTime()).toBeGreaterThan(wallClock() + 23 * HOUR);
});

test("a rotation reaches all replicas; whatever they serve is in all bundles of an hour before", async () => {
  const { replica, pass, skip, fake, events } = cluster();
  const replicas = [replica(), replica()];
  await Promise.all(replicas.map((each) => each.start()));
  // Shortly before it is worn.
  skip((2 / 3) * CA_LIFETIME - HOUR);
  await pass(30 * MINUTE);
  const before = replicas.map((each) => each.current());
  expect(fake.writes).toEqual(["POST"]);
  await pass(HOUR);
  const announced = replicas.map((each) => each.current());
  expect(announced.map(({ serverCertificate }) => serverCertificate)).toEqual(
    before.map(({ serverCertificate }) => serverCertificate),
  );
  expect(announced[1]!.bundle).toBe(announced[0]!.bundle);
  expect(announced[0]!.bundle.match(/BEGIN/g)).toHaveLength(2);
  const issuer = new X509Certificate(announced[0]!.bundle);
  for (const state of announced) expect(leafOf(state).verify(issuer.publicKey)).toBe(true);

  await pass(HOUR + 15 * MINUTE);
  const promoted = replicas.map((each) => each.current());
  for (const state of promoted) {
    expect(leafOf(state).verify(issuer.publicKey)).toBe(false);
    for (const { bundle } of [...announced, ...promoted]) expect(trusts(bundle, state)).toBe(true);
  }
  for (const state of announced) expect(trusts(promoted[0]!.bundle, state)).toBe(true);
  expect(fake.writes).toEqual(["POST", "PUT", "PUT"]);
  expect(events.filter(({ kind }) => kind === "rotated")).toHaveLength(2);
});

test("while the Secret cannot be read, certificates are renewed from the CA as it was, and it is tried again", async () => {
  const { replica, pass, fake, events } = cluster();
  const identity = replica();
  await identity.start();
  const first = identity.current();
  fake.failure = new KubeError("no answer", {});
  await pass(17 * HOUR, 15 * MINUTE);
  const later = identity.current();
  expect(leafOf(later).serialNumber).not.toBe(leafOf(first).serialNumber);
  expect(trusts(first.bundle, later)).toBe(true);
  const failed = events.filter(({ kind }) => kind === "failed");
  expect(failed.length).toBeGreaterThan(30);
  expect(new Set(failed.map(({ detail }) => detail))).toEqual(new Set(["no answer"]));

  fake.failure = undefined;
  fake.secret = undefined;
  await pass(2 * MINUTE, MINUTE / 2);
  expect(fake.writes).toEqual(["POST", "POST"]);
  expect(identity.current()).toBe(later);
});

test("start waits for the API server, and ends with close", async () => {
  const { replica, pass, settled, fake, events } = cluster();
  fake.failure = new KubeError("no answer", {});
  const identity = replica();
  const starting = identity.start();
  await settled();
  await pass(20_000, 10_000);
  fake.failure = undefined;
  await pass(10_000, 10_000);
  await starting;
  expect(identity.current().bundle).toContain("BEGIN CERTIFICATE");
  expect(events.map(({ kind }) => kind)).toEqual(["failed", "failed", "failed", "created", "renewed"]);

  fake.failure = new KubeError("no answer", {});
  const other = replica();
  const begun = other.start();
  await settled();
  await Promise.all([other.close(), expect(begun).rejects.toThrow("closed before")]);
});

test("no event holds a key", async () => {
  const { replica, pass, skip, events } = cluster();
  const identity = replica();
  await identity.start();
  skip(0.7 * CA_LIFETIME);
  await pass(2 * HOUR);
  expect(events.length).toBeGreaterThan(3);
  expect(inspect(events)).not.toMatch(/PRIVATE|BEGIN/);
});
