/** The whole explanation as it is read. Goldens: `vitest run test/explain -u` writes them anew. */
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { runCli } from "../support/run-cli.ts";

const GOLDEN = join(import.meta.dirname, "../golden/explain");
const MESH = relative(process.cwd(), join(GOLDEN, "mesh.yaml"));

test.each([
  ["split", "web.shop", "checkout", ["--header", "x-beta=no"]],
  ["nobody", "web.shop", "checkout", ["--path", "/?preview", "--header", "x-team=edge"]],
  ["cookie", "web.shop", "checkout", ["--header", "cookie=a=b; beta=12", "--path", "/x/../y"]],
  ["sticky", "web.shop", "checkout", ["--path", "/trial"]],
  ["sticky-known", "web.shop", "checkout", ["--path", "/trial", "--header", "cookie=side=7"]],
  ["caller", "batch.shop", "checkout.shop:80", []],
  ["answered", "web.shop", "checkout", ["--path", "/admin", "--method", "POST"]],
  ["redirected", "web.shop", "checkout", ["--path", "/old/x?y"]],
  ["tcp", "web.shop", "db.data", ["--tcp"]],
  ["explicit-tcp", "batch.shop", "db.data", []],
  ["unknown", "batch.shop", "nowhere", []],
  ["passthrough", "web.shop", "nowhere.example:443", []],
  ["itself", "web.shop", "10.0.1.3", []],
  ["nothing-listens", "batch.shop", "db.data:5433", ["--tcp"]],
])("%s", async (name, from, to, more) => {
  const run = await runCli("explain", "request", "--from", from, "--to", to, ...more, "-f", MESH);
  expect([run.code, run.stderr]).toEqual([0, ""]);
  await expect(run.stdout).toMatchFileSnapshot(join(GOLDEN, `${name}.txt`));
});

test.each([
  ["on-demand", "web.shop", []],
  ["unresolved", "batch.shop", ["--path", "/api/1"]],
  ["no-rule", "batch.shop", []],
])("%s", async (name, from, more) => {
  const file = relative(process.cwd(), join(GOLDEN, "others.yaml"));
  const run = await runCli("explain", "request", "--from", from, "--to", "cart", ...more, "-f", file);
  expect([run.code, run.stderr]).toEqual([0, ""]);
  await expect(run.stdout).toMatchFileSnapshot(join(GOLDEN, `${name}.txt`));
});

test("as JSON, with shares and endpoints", async () => {
  const run = await runCli(
    "explain",
    "request",
    "--from",
    "web",
    "-n",
    "shop",
    "--to",
    "checkout",
    "-f",
    MESH,
    "-o",
    "json",
  );
  const said = JSON.parse(run.stdout);
  expect(said.routing.route.name).toBe("everyone");
  expect(said.outcome.destinations.map(({ share }: { share: number }) => share)).toEqual([0.95, 0.05]);
  expect(said.outcome.destinations[0].endpoints).toEqual([
    { address: "10.0.1.1:8080", ready: true, priority: 0, locality: "" },
  ]);
});
