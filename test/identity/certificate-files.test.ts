import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { createCa, issueServerCertificate } from "../../src/identity/certificate.ts";
import { watchCertificateFiles } from "../../src/identity/certificate-files.ts";
import type { IdentityEvent, IdentityState } from "../../src/identity/identity.ts";
import { manualClock } from "../support/manual-clock.ts";
import { projectedFolder } from "../support/projected-folder.ts";
import { temporaryFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

/** A Secret's files, new each time. */
async function files(): Promise<Record<"tls.crt" | "tls.key" | "ca.crt", string>> {
  const [now, lifetime] = [Date.now(), 60 * 60_000];
  const ca = await createCa("CA", { now, lifetime });
  const { certificate, key } = await issueServerCertificate(ca, { dnsNames: ["heddle.svc"], now, lifetime });
  return { "tls.crt": certificate, "tls.key": key, "ca.crt": ca.certificate };
}

function stateOf(data: Awaited<ReturnType<typeof files>>): IdentityState {
  return { serverCertificate: { certificate: data["tls.crt"], key: data["tls.key"] }, bundle: data["ca.crt"] };
}

function watching(directory: string, clock = systemClock) {
  const events: IdentityEvent[] = [];
  /** Changes after the beginning. */
  const told: IdentityState[] = [];
  const identity = watchCertificateFiles({ directory, clock, onEvent: (event) => void events.push(event) });
  onTestFinished(() => identity.close());
  identity.onChange((state) => void (events.length > 1 && told.push(state)));
  return { identity, events, told };
}

test("a mounted Secret is followed", async () => {
  const folder = temporaryFolder();
  const [first, second, third] = [await files(), await files(), await files()];
  const write = projectedFolder(folder, first);
  const { identity, told, events } = watching(folder);
  expect(() => identity.current()).toThrow("before start");
  await identity.start();
  expect(identity.current()).toEqual(stateOf(first));
  for (const next of [second, third]) {
    write(next);
    await until("the new certificate", 5000, () => told.at(-1)?.bundle === next["ca.crt"]);
    expect(identity.current()).toEqual(stateOf(next));
  }
  expect(events.map(({ kind }) => kind)).toEqual(["loaded", "renewed", "renewed"]);
  expect(inspect(events)).not.toMatch(/BEGIN/);
});

test("what is broken or half written is reported, and the pair before it stays", async () => {
  const folder = temporaryFolder();
  const [first, second] = [await files(), await files()];
  const write = projectedFolder(folder, first);
  const { identity, events, told } = watching(folder);
  await identity.start();
  for (const [broken, expected] of [
    [{ ...second, "tls.key": first["tls.key"] }, "tls.key does not belong to tls.crt"],
    [{ ...second, "tls.crt": second["tls.crt"].slice(0, 200) }, "tls.crt holds no certificate in PEM"],
    [{ ...second, "tls.key": second["tls.key"].slice(0, 100) }, "tls.key holds no private key in PEM"],
    [{ ...second, "ca.crt": "" }, "ca.crt holds no certificate in PEM"],
  ] as const) {
    write(broken);
    await until(expected, 5000, () =>
      events.some(({ kind, detail }) => kind === "failed" && detail.endsWith(expected)),
    );
    expect(identity.current()).toEqual(stateOf(first));
  }
  expect(told).toEqual([]);
  expect(inspect(events)).not.toContain(second["tls.key"].split("\n")[1]!.slice(0, 40));
  write(second);
  await until("the mended pair", 5000, () => told.length === 1);
  expect(identity.current()).toEqual(stateOf(second));
});

test("without a notice, the folder is looked at every minute", async () => {
  const folder = temporaryFolder();
  const second = await files();
  projectedFolder(folder, await files());
  const clock = manualClock();
  const { identity, told } = watching(folder, clock);
  await identity.start();
  // The look after the beginning.
  clock.advance(100);
  await new Promise((resolve) => setTimeout(resolve, 100));
  // Behind the links nobody is told.
  for (const [name, text] of Object.entries(second)) writeFileSync(join(folder, "..data", name), text);
  clock.advance(59_000);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(told).toEqual([]);
  clock.advance(1000);
  await until("a look", 5000, () => told.length === 1);
  expect(identity.current()).toEqual(stateOf(second));
});

test("without a certificate there is nothing to begin with", async () => {
  const folder = temporaryFolder();
  const { identity } = watching(folder);
  await expect(identity.start()).rejects.toMatchObject({
    code: "CERTIFICATE",
    message: expect.stringContaining(`no certificate in ${folder}: ENOENT`),
  });
  await identity.close();
});

test("after close nothing is told, not even by a look that goes on", async () => {
  const folder = temporaryFolder();
  const write = projectedFolder(folder, await files());
  const clock = manualClock();
  const { identity, told, events } = watching(folder, clock);
  await identity.start();
  write(await files());
  clock.advance(100);
  await identity.close();
  clock.advance(600_000);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(told).toEqual([]);
  expect(events).toHaveLength(1);
});
