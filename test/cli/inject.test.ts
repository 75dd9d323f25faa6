import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { runCli } from "../support/run-cli.ts";
import { temporaryFolder } from "../support/temp-folder.ts";

const MANIFESTS = `# a comment that stays
apiVersion: v1
kind: Service
metadata: { name: web }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: app, image: web }] }
---
apiVersion: v1
kind: Pod
metadata: { name: agent }
spec: { hostNetwork: true, containers: [{ name: app, image: agent }] }
`;

function file(text: string, name = "manifests.yaml"): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  return path;
}

test("manifests in, manifests out, and a word on each workload", async () => {
  const { code, stdout, stderr } = await runCli("inject", "-f", file(MANIFESTS));
  expect(code).toBe(0);
  expect(stderr).toBe(
    "Deployment shop/web: injected\nPod default/agent: skipped: host-network\n".replace("default/", ""),
  );
  expect(stdout.startsWith("# a comment that stays\n")).toBe(true);
  const documents = [...parseAllDocuments(stdout)].map((document) => document.toJS() as { kind: string });
  expect(documents.map(({ kind }) => kind)).toEqual(["Service", "Deployment", "Pod"]);
  expect(stdout.match(/name: heddle-proxy$/gm)).toHaveLength(1);
});

test("what was injected is left alone the next time", async () => {
  const { stdout } = await runCli("inject", "-f", file(MANIFESTS));
  const again = await runCli("inject", "-f", file(stdout));
  expect(again.stderr).toContain("Deployment shop/web: skipped: has-one");
  expect(again.stdout).toBe(stdout);
});

test("settings come from a file; wrong ones are refused with the field", async () => {
  const settings = file("proxy: { concurrency: 7 }\n", "settings.yaml");
  const { stdout } = await runCli("inject", "-f", file(MANIFESTS), "--settings", settings, "-o", "json");
  expect(JSON.stringify(JSON.parse(stdout))).toContain('"--concurrency","7"');
  const wrong = await runCli("inject", "-f", file(MANIFESTS), "--settings", file("proxy: { concurency: 7 }\n"));
  expect([wrong.code, wrong.stdout]).toEqual([2, ""]);
  expect(wrong.stderr).toContain("proxy");
  expect(wrong.stderr).toContain("concurency");
});

test("a wrong annotation is said, and ends with 1", async () => {
  const text = MANIFESTS.replace(
    "labels: { app: web } }",
    "labels: { app: web }, annotations: { heddle.dev/startup: x } }",
  );
  const { code, stderr } = await runCli("inject", "-f", file(text));
  expect(code).toBe(1);
  expect(stderr).toContain(
    'HED2101 error: Deployment shop/web: spec.template.metadata.annotations["heddle.dev/startup"]',
  );
});

test("a file that is not there, or no YAML, ends with 2", async () => {
  expect(await runCli("inject", "-f", "no/such.yaml")).toMatchObject({ code: 2, stdout: "" });
  expect((await runCli("inject", "-f", file("a: [\n"))).stderr).toContain("is not valid YAML");
});
