/** What commands print and how they end. Goldens: `vitest run test/cli -u` writes them anew. */
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { type CliRun, runCli } from "../support/run-cli.ts";

const GOLDEN = join(import.meta.dirname, "../golden/cli");
/** As a user would write them, so that no path of a machine gets into a golden. */
const MESH = relative(process.cwd(), join(GOLDEN, "mesh"));
const BROKEN = relative(process.cwd(), join(GOLDEN, "broken"));

/** Everything of a run in one text, for a golden. */
function transcript({ code, stdout, stderr }: CliRun): string {
  const part = (name: string, text: string): string => (text === "" ? "" : `--- ${name}\n${text}`);
  return `exit ${code}\n${part("stdout", stdout)}${part("stderr", stderr)}`;
}

describe("help", () => {
  test.each(["", "serve", "bootstrap", "translate", "analyze", "explain", "proxy-status", "version"])(
    "%s",
    async (command) => {
      const run = await runCli(...(command === "" ? [] : [command]), "--help");
      expect([run.code, run.stderr]).toEqual([0, ""]);
      await expect(run.stdout).toMatchFileSnapshot(join(GOLDEN, `help${command === "" ? "" : `-${command}`}.txt`));
    },
  );

  test("is printed as an error where no command is given", async () => {
    const run = await runCli();
    expect([run.code, run.stdout]).toEqual([2, ""]);
    expect(run.stderr).toContain("Usage: heddle");
  });
});

describe("wrong usage ends with 2 and a hint, and prints no data", () => {
  test.each([
    [["serv"], /unknown command 'serv'\n\(Did you mean serve\?\)/],
    [["analyze"], /required option '-f, --filename <path\.\.\.>'/],
    [["analyze", "-f", MESH, "-o", "xml"], /Allowed choices are text, json/],
    [["analyze", "-f", "no/such/folder"], /cannot read manifests from no\/such\/folder: ENOENT/],
    [["translate", "-f", MESH], /required option '--proxy <pod\.namespace>'/],
    [["explain", "request", "--from", "web.shop", "-f", MESH], /required option '--to <host\[:port\]>'/],
    [["explain", "way", "--from", "web.shop", "--to", "checkout"], /Allowed choices are request/],
    [
      ["explain", "request", "--from", "wbe.shop", "--to", "checkout", "-f", MESH],
      /there is no Pod wbe\.shop; did you mean web\.shop\?/,
    ],
    [["explain", "request", "--from", "web", "--to", "http://checkout", "-f", MESH], /must be HOST or HOST:PORT/],
    [["explain", "request", "--from", "web", "--to", "checkout:70000", "-f", MESH], /must be HOST or HOST:PORT/],
    [["explain", "request", "--from", "web", "--to", "a", "--path", "x", "-f", MESH], /must begin with \//],
    [["explain", "request", "--from", "web", "--to", "a", "--header", "x", "-f", MESH], /must be NAME=VALUE/],
    [["version", "--outptu", "json"], /unknown option '--outptu'\n\(Did you mean --output\?\)/],
    [["bootstrap", "--proxy", "web"], /must be POD\.NAMESPACE, such as web-0\.shop/],
    [["bootstrap", "--xds", "18000"], /must be HOST:PORT, such as 127\.0\.0\.1:18000/],
    [["serve"], /required option '--source <source>'/],
    [
      ["serve", "--source", "manifests", "--xds-address", "18000"],
      /--source: "manifests" must be kubernetes, or dir:PATH for a folder of manifests\n\s+--xds-address: "18000" must be HOST:PORT/,
    ],
    [["serve", "--source", "dir:x", "--log-level", "loud"], /Allowed choices are trace, debug, info/],
  ])("%j", async (argv, message) => {
    const run = await runCli(...argv);
    expect([run.code, run.stdout]).toEqual([2, ""]);
    expect(run.stderr).toMatch(message);
  });
});

describe("analyze", () => {
  test("finds nothing in a clean folder", async () => {
    expect(await runCli("analyze", "-f", MESH)).toEqual({
      code: 0,
      stdout: "",
      stderr: "nothing found; 5 objects read\n",
    });
  });

  test("names each mistake by file and line", async () => {
    await expect(transcript(await runCli("analyze", "-f", BROKEN))).toMatchFileSnapshot(join(GOLDEN, "analyze.txt"));
  });

  test("as JSON", async () => {
    const run = await runCli("analyze", "-f", BROKEN, "-o", "json");
    expect([run.code, run.stderr]).toEqual([1, ""]);
    await expect(run.stdout).toMatchFileSnapshot(join(GOLDEN, "analyze.json"));
  });

  test("takes several paths for one mesh", async () => {
    const alone = await runCli("analyze", "-f", `${MESH}/policy.yaml`);
    expect([alone.code, alone.stdout]).toEqual([1, expect.stringContaining('there is no Service "checkout"')]);
    const together = await runCli("analyze", "-f", `${MESH}/policy.yaml`, "-f", `${MESH}/checkout.yaml`);
    expect(together).toEqual({ code: 0, stdout: "", stderr: "nothing found; 4 objects read\n" });
    expect(await runCli("analyze", "-f", `${MESH}/policy.yaml`, `${MESH}/checkout.yaml`)).toEqual(together);
  });
});

describe("translate", () => {
  test("prints the sections of a sidecar as YAML", async () => {
    const run = await runCli("translate", "-f", MESH, "--proxy", "web.shop");
    expect([run.code, run.stderr]).toEqual([0, ""]);
    expect(Object.keys(parse(run.stdout) as object)).toEqual([
      "clusters",
      "endpoints",
      "listeners",
      "routes",
      "extensions",
      "secrets",
    ]);
    await expect(run.stdout).toMatchFileSnapshot(join(GOLDEN, "translate.yaml"));
  });

  test("prints the same as JSON", async () => {
    const [json, yaml] = [
      await runCli("translate", "-f", MESH, "--proxy", "web.shop", "-o", "json"),
      await runCli("translate", "-f", MESH, "--proxy", "web.shop"),
    ];
    expect(JSON.parse(json.stdout)).toEqual(parse(yaml.stdout));
  });

  test("heeds the outbound policy", async () => {
    const args = ["translate", "-f", MESH, "--proxy", "checkout-v1.shop", "--outbound-policy"];
    const [open, strict] = [await runCli(...args, "allow-any"), await runCli(...args, "registry-only")];
    expect([open.code, strict.code]).toEqual([0, 0]);
    expect(open.stdout).not.toBe(strict.stdout);
  });

  test("reports mistakes on the side, with file and line", async () => {
    const run = await runCli("translate", "-f", BROKEN, "--proxy", "web.shop", "-o", "json");
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout)).toHaveProperty("clusters");
    expect(run.stderr).toMatch(/mistakes\.yaml:\d+: HED2101 error: Pod shop\/web: metadata\.annotations/);
  });

  test.each([
    ["wbe.shop", "there is no pod wbe.shop; did you mean web.shop?"],
    ["nobody.else", `there is no pod nobody.else; pods in ${MESH} are checkout-v1.shop, checkout-v2.shop, web.shop`],
  ])("says which pods there are instead of %s", async (id, message) => {
    expect(await runCli("translate", "-f", MESH, "--proxy", id)).toEqual({
      code: 1,
      stdout: "",
      stderr: `heddle: ${message}\n`,
    });
  });

  test("says that there is no pod at all", async () => {
    const run = await runCli("translate", "-f", `${MESH}/policy.yaml`, "--proxy", "web.shop");
    expect(run.stderr).toBe(`heddle: there is no pod web.shop: ${MESH}/policy.yaml holds no pods at all\n`);
  });
});

describe("bootstrap", () => {
  test("prints a bootstrap with the addresses given", async () => {
    const run = await runCli(
      "bootstrap",
      "--proxy",
      "web.shop",
      "--xds",
      "[::1]:19000",
      "--admin-address",
      "127.0.0.1:1",
    );
    expect([run.code, run.stderr]).toEqual([0, ""]);
    await expect(run.stdout).toMatchFileSnapshot(join(GOLDEN, "bootstrap.yaml"));
  });

  test("leaves the node to Envoy's command line where no proxy is given", async () => {
    const run = await runCli("bootstrap", "-o", "json");
    expect(JSON.parse(run.stdout)).not.toHaveProperty("node");
  });
});

test("version says what runs", async () => {
  const run = await runCli("version", "-o", "json");
  expect([run.code, JSON.parse(run.stdout)]).toEqual([
    0,
    { heddle: expect.stringMatching(/^\d+\.\d+\.\d+$/), node: process.versions.node, supportedEnvoys: ">= 1.37" },
  ]);
  expect((await runCli("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
