/** The command as a process: signals, exit codes, pipes that close early. */
import { expect, test } from "vitest";
import { startCli } from "../support/cli-process.ts";
import { meshFolder, webPod } from "../support/mesh-folder.ts";
import { until } from "../support/until.ts";

const LIMIT = 20_000;

test.each(["SIGTERM", "SIGINT"] as const)(
  "serve takes its settings from variables and ends cleanly on %s",
  async (signal) => {
    const folder = meshFolder();
    folder.write("web.yaml", webPod(15_080));
    const running = startCli(["serve", "--source", `dir:${folder.path}`], {
      HEDDLE_XDS_ADDRESS: "127.0.0.1:0",
      HEDDLE_ADMIN_ADDRESS: "127.0.0.1:0",
    });
    const admin = await until("it serves", LIMIT, () => running.log().find(({ msg }) => msg === "serving")?.admin);
    expect((await fetch(`http://${admin}/readyz`)).status).toBe(200);
    running.child.kill(signal);
    expect(await running.ended).toBe(0);
    expect(running.log().map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      "info serving",
      "info stopping; sidecars go on with what they have",
    ]);
    expect(running.text.stdout).toBe("");
  },
);

test("serve ends with 1 and the reason when it cannot listen, without noise", async () => {
  const folder = meshFolder();
  const args = ["serve", "--source", `dir:${folder.path}`, "--xds-address"];
  const running = startCli([...args, "192.0.2.1:1", "--admin-address", "127.0.0.1:0"]);
  expect(await running.ended).toBe(1);
  expect(running.text.stderr).toMatch(/^heddle: cannot listen on 192\.0\.2\.1:1: .*EADDRNOTAVAIL.*\n$/);
});

test("a reader that has seen enough is no failure", async () => {
  const folder = meshFolder();
  const services = Array.from(
    { length: 400 },
    (_, i) =>
      `{ apiVersion: v1, kind: Service, metadata: { name: s${i}, namespace: shop }, spec: { clusterIP: None, ports: [{ name: http, port: 80 }] } }`,
  );
  folder.write("mesh.yaml", [webPod(15_080), ...services].join("\n---\n"));
  const running = startCli(["translate", "-f", folder.path, "--proxy", "web.shop"]);
  running.child.stdout?.once("data", () => running.child.stdout?.destroy());
  expect(await running.ended).toBe(0);
  expect(running.text.stderr).toBe("");
});
