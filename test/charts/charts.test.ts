/** What the charts give for which values; `vitest -u` takes over what they give now. */
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import pkg from "../../package.json" with { type: "json" };
import { chartFiles, crdTemplate, describedValues } from "../../scripts/charts.ts";
import { serveCommand } from "../../src/cli/serve.ts";
import { configSchema } from "../../src/control-plane/config.ts";
import { injectorSettings } from "../../src/inject/settings.ts";
import { CHARTS, chartCases, findHelm, type Helm, objectsOf, read, type Rendered } from "./helm.ts";

let helm: Helm;

beforeAll(async () => {
  helm = await findHelm();
}, 2_700_000);

function rendered(...args: readonly string[]): readonly Rendered[] {
  const { output, errors } = helm.template("heddle", args);
  expect(errors).toBe("");
  return objectsOf(output);
}

const one = (objects: readonly Rendered[], kind: string): Rendered => {
  const found = objects.filter((object) => object.kind === kind);
  expect(found).toHaveLength(1);
  return found[0]!;
};

const deployment = z.object({
  spec: z.object({
    template: z.object({
      metadata: z.object({ annotations: z.record(z.string(), z.string()).default({}) }),
      spec: z.object({
        containers: z.tuple([
          z.object({ env: z.array(z.object({ name: z.string(), value: z.string().default("from-the-pod") })) }),
        ]),
      }),
    }),
  }),
});

describe.each(chartCases())("$name", ({ values, golden }) => {
  test("gives what it gave", async () => {
    const { output, errors } = helm.template("heddle", ["--values", values]);
    expect(errors).toBe("");
    await expect(output).toMatchFileSnapshot(golden);
  });

  test("heddle serve takes what the pod gives it", () => {
    const objects = rendered("--values", values);
    const { env } = deployment.parse(one(objects, "Deployment")).spec.template.spec.containers[0];
    const known = new Map(serveCommand().options.map((option) => [option.envVar, option.attributeName()]));
    const own = env.filter(({ name }) => name.startsWith("HEDDLE_"));
    expect(own.filter(({ name }) => !known.has(name))).toEqual([]);
    const config = configSchema.safeParse(Object.fromEntries(own.map(({ name, value }) => [known.get(name)!, value])));
    expect(config.error?.issues).toBeUndefined();
  });

  test("the injector takes its settings", () => {
    for (const { data = {} } of rendered("--values", values).filter(({ kind }) => kind === "ConfigMap")) {
      expect(injectorSettings.safeParse(parse(data["injector.yaml"]!)).error?.issues).toBeUndefined();
    }
  });
});

test("the chart's defaults for sidecars are the injector's", () => {
  const { data } = one(rendered(), "ConfigMap");
  const image = `heddle:${pkg.version}`;
  expect(parse(data!["injector.yaml"]!)).toEqual(injectorSettings.parse({ capture: { image } }));
});

test("pods start anew with other settings of the injector, and only then", () => {
  const sum = (...args: readonly string[]): string | undefined =>
    deployment.parse(one(rendered(...args), "Deployment")).spec.template.metadata.annotations["checksum/injector"];
  expect(sum()).toMatch(/^[0-9a-f]{64}$/);
  expect(sum("--set", "proxy.concurrency=4")).not.toBe(sum());
  expect(sum("--set", "podDisruptionBudget.enabled=false")).toBe(sum());
});

test.each([
  ["of the release", "mesh", "mesh-heddle"],
  ["that leaves room for what is put after it", "a".repeat(53), "a".repeat(52)],
])("objects have a name %s", (_, release, name) => {
  const { output } = helm.template("heddle", [], release);
  expect(one(objectsOf(output), "Service").metadata.name).toBe(name);
});

test.each([
  ["a name that is none", "replcas=3", "'replcas' not allowed"],
  ["a name that is none, deeper down", "proxy.resources.limit.memory=1Gi", "'limit' not allowed"],
  ["a text for a number", "replicas=two", "at '/replicas': got string, want integer"],
  ["a word that is none", "injector.failurePolicy=Maybe", "must be one of 'Fail', 'Ignore'"],
  ["a number out of range", "proxy.concurrency=0", "at '/proxy/concurrency': minimum: got 0, want 1"],
  ["no quantity", "proxy.resources.limits.memory=lots", "at '/proxy/resources/limits/memory': 'lots' does not match"],
  ["IPv6, which is not captured", "capture.excludeOutboundCidrs={fd00::/8}", "'fd00::/8' does not match"],
  ["two certificates", "tls.existingSecret=a,tls.certManager.issuerRef.name=b", "give one of them, or none"],
  ["a CA for no certificate", "webhook.caBundle=YQ==", "webhook.caBundle: needs tls.existingSecret"],
  [
    "a floor above the ceiling",
    "autoscaling.enabled=true,autoscaling.minReplicas=9",
    "must not be above autoscaling.maxReplicas",
  ],
])("%s is refused", (_, values, message) => {
  const { output, errors } = helm.template("heddle", ["--set", values]);
  expect(output).toBe("");
  expect(errors).toContain(message);
});

test("the chart of CRDs has no values to get wrong", () => {
  expect(helm.template("heddle-crds", ["--set", "keep=false"]).errors).toContain("'keep' not allowed");
});

test("the CRDs stay when their release goes", () => {
  const crds = objectsOf(helm.template("heddle-crds").output);
  expect(crds.map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
    ["CustomResourceDefinition", "externalservices.heddle.dev"],
    ["CustomResourceDefinition", "trafficpolicies.heddle.dev"],
  ]);
  for (const { metadata } of crds) expect(metadata.annotations).toMatchObject({ "helm.sh/resource-policy": "keep" });
});

test("what looks like an action of a template in a CRD is none", () => {
  expect(crdTemplate('metadata: { name: x }\ndescription: "{{ .Values }}"')).toContain('{{ "{{" }} .Values }}');
});

test("generated files are up to date: node scripts/charts.ts", () => {
  const files = [...chartFiles()];
  expect(files.length).toBeGreaterThan(2);
  for (const [file, content] of files) expect(read(file), file).toBe(content);
});

test.each(["heddle", "heddle-crds"])("%s has Heddle's version", (chart) => {
  const { version, appVersion } = parse(read(join(CHARTS, chart, "Chart.yaml"))) as Record<string, unknown>;
  expect({ version, appVersion }).toEqual({ version: pkg.version, appVersion: pkg.version });
});

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

test("the schema knows every value, no others, and lets nothing else through", () => {
  const schema = JSON.parse(read(join(CHARTS, "heddle/values.schema.json"))) as Schema;
  const values = describedValues(read(join(CHARTS, "heddle/values.yaml"))).map(({ path }) => path);
  const known: string[] = [];
  const walk = (given: Schema, path: string): void => {
    const at = given.$ref ? schema.definitions![given.$ref.replace("#/definitions/", "")]! : given;
    if (!at.properties || values.includes(path)) {
      known.push(path);
      return;
    }
    expect(at.additionalProperties, path).toBe(false);
    for (const [name, property] of Object.entries(at.properties)) walk(property, path === "" ? name : `${path}.${name}`);
  };
  walk(schema, "");
  expect(known.filter((path) => path !== "global").toSorted()).toEqual(values.toSorted());
});
