/** The example of the library does what its README says, with a real Envoy. */
import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { afterEach, expect, test } from "vitest";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { startEnvoy } from "../support/envoy.ts";
import { freePort } from "../support/free-port.ts";
import { until } from "../support/until.ts";

const root = resolve(import.meta.dirname, "../..");
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

test("an Envoy answers hello, and then hello again", async () => {
  const [xds, listener] = [await freePort(), await freePort()];
  const script = join(root, "examples/xds-library/server.ts");
  const child = spawn(process.execPath, ["--conditions=source", script, String(xds), String(listener)], { cwd: root });
  open.push(() => child.kill("SIGKILL"));
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await until("the example serves", 10_000, () => output.includes("serving"));
  const envoy = await startEnvoy({
    bootstrap: bootstrap({ proxy: "me.example", xds: { host: "127.0.0.1", port: xds }, admin: { host: "x", port: 0 } }),
  });
  open.push(() => envoy.stop());
  const ask = async (): Promise<string> => (await fetch(`http://127.0.0.1:${listener}/`)).text();
  expect(await ask()).toBe("hello\n");
  await until("the change arrives", 15_000, async () => (await ask()) === "hello again\n");
  await until("it is reported", 5000, () => output.match(/me\.example runs LDS/g)?.length === 2);
});
