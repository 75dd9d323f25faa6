import fc from "fast-check";
import { expect, test } from "vitest";
import { type Authority, CA_LIFETIME, newAuthority, PROPAGATION, rotate } from "../../src/identity/authority.ts";
import { serializeAuthority } from "../../src/identity/authority-data.ts";
import { loadAuthority, type Loaded } from "../../src/identity/authority-secret.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { type FakeSecrets, fakeSecrets } from "./fake-secrets.ts";

const NOW = Date.parse("2030-01-31T12:00:00Z");
const WORN = NOW + 0.7 * CA_LIFETIME;

function load(fake: FakeSecrets, now: number, held?: Authority): Promise<Loaded> {
  const client = fake as unknown as KubeClient;
  const signal = new AbortController().signal;
  return loadAuthority({ client, namespace: "heddle-system", name: "heddle-ca", wallClock: () => now, signal }, held);
}

function encoded(authority: Authority): Record<string, string> {
  const entries = Object.entries(serializeAuthority(authority));
  return Object.fromEntries(entries.map(([name, text]) => [name, Buffer.from(text).toString("base64")]));
}

test("the first replica makes the Secret, the next one finds it", async () => {
  const fake = fakeSecrets();
  const made = await load(fake, NOW);
  expect(made.change).toBe("created");
  expect(fake.secret).toMatchObject({
    kind: "Secret",
    type: "Opaque",
    metadata: { namespace: "heddle-system", labels: { "app.kubernetes.io/managed-by": "heddle" } },
    data: encoded(made.authority),
  });
  expect(await load(fake, NOW)).toEqual({ authority: made.authority });
  expect(fake.writes).toEqual(["POST"]);
});

test("a rotation keeps what else is in the Secret, and says what it did", async () => {
  const fake = fakeSecrets();
  await load(fake, NOW);
  const labels = { mine: "yes" };
  fake.secret = { ...fake.secret!, type: "example/ca", metadata: { ...fake.secret!.metadata, labels } as never };
  expect((await load(fake, WORN)).change).toBe("announced");
  expect(fake.secret).toMatchObject({ type: "example/ca", metadata: { labels } });
  const promoted = await load(fake, WORN + PROPAGATION);
  expect(promoted.change).toBe("promoted");
  expect(fake.secret!.data).toEqual(encoded(promoted.authority));
  expect(Object.keys(fake.secret!.data!).sort()).toEqual(["ca.crt", "ca.key", "previous.crt"]);
  expect((await load(fake, NOW + CA_LIFETIME)).change).toBe("pruned");
});

test("a Secret that was deleted gets the CA back that sidecars trust", async () => {
  const fake = fakeSecrets();
  const { authority } = await load(fake, NOW);
  fake.secret = undefined;
  expect(await load(fake, NOW, authority)).toEqual({ authority, change: "restored" });
  expect((await load(fake, NOW)).authority).toEqual(authority);
});

test("a broken Secret is left as it is", async () => {
  const fake = fakeSecrets();
  await load(fake, NOW);
  fake.secret = { ...fake.secret!, data: { ...fake.secret!.data, "ca.crt": "bm90aGluZw==" } };
  await expect(load(fake, NOW)).rejects.toMatchObject({
    code: "CERTIFICATE",
    message: "Secret heddle-system/heddle-ca: ca.crt holds no certificate in PEM",
  });
  expect(fake.writes).toEqual(["POST"]);
});

test("endless conflicts end", async () => {
  const fake = fakeSecrets();
  fake.failure = new KubeError("it has changed", { status: 409 });
  await expect(load(fake, NOW)).rejects.toThrow("changes too often");
});

/** Some requests get lost on the way, some answers on the way back. */
const faults = fc.array(fc.constantFrom("fine", "fine", "fine", "lost"), { minLength: 20, maxLength: 20 });
const ages = fc.constantFrom<"none" | "worn" | "announced">("none", "worn", "announced");

test("replicas that race in any order, with losses, end on one CA", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), faults, ages, async (scheduler, losses, age) => {
      let requests = 0;
      const fake = fakeSecrets(async () => {
        await scheduler.schedule(Promise.resolve());
        if (losses[requests++] === "lost") throw new KubeError("connection reset", {});
      });
      const begin = await rotate(await newAuthority(NOW), age === "announced" ? WORN : NOW);
      const now = age === "announced" ? WORN + PROPAGATION : WORN;
      if (age !== "none") {
        fake.secret = { metadata: { name: "heddle-ca", resourceVersion: "old" }, data: encoded(begin) };
      }
      const replica = async (): Promise<Authority> => {
        for (;;) {
          const loaded = await load(fake, now).catch(() => undefined);
          if (loaded) return loaded.authority;
        }
      };
      const [first, ...others] = await scheduler.waitFor(Promise.all([replica(), replica(), replica()]));
      for (const other of others) expect(other).toEqual(first);
      expect(fake.secret!.data).toEqual(encoded(first!));
      expect(fake.writes).toHaveLength(1);
    }),
    { numRuns: 60 },
  );
});
