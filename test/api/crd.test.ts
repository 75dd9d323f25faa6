import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { externalServiceCrd, trafficPolicyCrd } from "../../src/api/crd.ts";

type Json = Readonly<Record<string, unknown>>;

function isJson(value: unknown): value is Json {
  return value !== null && typeof value === "object";
}

/** Every schema in the CRD with its path. */
function schemas(value: unknown, path: string): readonly [string, Json][] {
  if (!isJson(value)) return [];
  const here: [string, Json][] = typeof value["type"] === "string" ? [[path, value]] : [];
  return [...here, ...Object.entries(value).flatMap(([key, inner]) => schemas(inner, `${path}/${key}`))];
}

const schemasOf = (crd: Json): readonly [string, Json][] =>
  schemas(crd, "").filter(([path]) => path.includes("/openAPIV3Schema"));
const specOf = (all: readonly [string, Json][]): readonly [string, Json][] =>
  all.filter(([path]) => path.includes("/openAPIV3Schema/properties/spec"));
const spec = specOf(schemasOf(trafficPolicyCrd()));

test("the files in crds are what the schema says", () => {
  const result = spawnSync(process.execPath, ["scripts/crds.ts", "--check"], {
    encoding: "utf8",
    cwd: new URL("../../", import.meta.url),
  });
  expect(result).toMatchObject({ status: 0, stderr: "" });
});

describe.each([
  ["TrafficPolicy", trafficPolicyCrd(), 60, 10],
  ["ExternalService", externalServiceCrd(), 12, 1],
] as const)("the schema of %s is one that Kubernetes takes", (_, crd, fields, integers) => {
  const all = schemasOf(crd);
  const own = specOf(all);
  test("it was looked at", () => expect(own.length).toBeGreaterThan(fields));
  test.each(["oneOf", "anyOf", "allOf", "not", "$ref", "const", "propertyNames"])("no %s", (keyword) => {
    expect(all.filter(([, schema]) => keyword in schema)).toEqual([]);
  });
  test("no field is forbidden by additionalProperties", () => {
    expect(all.filter(([, schema]) => schema["additionalProperties"] === false)).toEqual([]);
  });
  test("every list, map and text is bounded: what CEL rules cost must be", () => {
    const unbounded = own.filter(
      ([, s]) =>
        (s["type"] === "array" && !("maxItems" in s)) ||
        (s["type"] === "string" && !("maxLength" in s) && !("enum" in s)) ||
        ("additionalProperties" in s && !("maxProperties" in s)),
    );
    expect(unbounded).toEqual([]);
  });
  test("whole numbers have a format and no bounds that JavaScript made up", () => {
    const numbers = own.filter(([, s]) => s["type"] === "integer");
    expect(numbers.length).toBeGreaterThan(integers);
    for (const [, s] of numbers)
      expect(s).toMatchObject({ format: "int64", maximum: expect.toSatisfy((max) => max <= 4_294_967_295) });
  });
});

test("what has a default is not required", () => {
  const mirror = spec.find(([path]) => path.endsWith("/mirror/items"))![1];
  expect(mirror["required"]).toBeUndefined();
  expect(mirror).toMatchObject({ properties: { percent: { default: 100 } } });
});

test.each([
  ["", "must not name a target twice"],
  ["", "must not have two subsets of one name"],
  ["", "must not have two routes of one name"],
  ["", "must name in split only subsets that spec.subsets declares"],
  ["", "must name in mirror only subsets that spec.subsets declares"],
  ["/properties/routes/items", "must have a weight on every entry of split, or on none"],
  ["/properties/routes/items", "must have weights whose sum is above 0"],
  ["/properties/routes/items", "must not have a backend twice in one split"],
  ["/properties/routes/items/properties/split/items", "must name a subset of the target, or a service and its port"],
  ["/properties/routes/items/properties/mirror/items", "must have service and port together"],
  ["/properties/routes/items/properties/sticky", "must have exactly one of header, cookie, query"],
  [
    "/properties/routes/items/properties/retries/properties/backoff",
    "must have a max that is not below base, which is 25ms where not given",
  ],
  ["/properties/routes/items/properties/match/items/properties/path", "must start with / and hold no ? or #"],
  [
    "/properties/routes/items/properties/match/items/properties/cookies/items",
    "must have exactly one of exact, prefix, suffix, contains, regex, present",
  ],
  ["/properties/loadBalancing", "must have hashOn with the policies RingHash and Maglev, and with no other"],
  ["/properties/loadBalancing/properties/hashOn", "must have exactly one of header, cookie, query, sourceIP"],
  ["/properties/outlierDetection/properties/baseEjectionTime", "must be at most 300s"],
  ["/properties/connection/properties/connectTimeout", "must be longer than 0s"],
])("rule at spec%s: %s", (path, message) => {
  const at = spec.find(([p]) => p.endsWith(`/openAPIV3Schema/properties/spec${path}`))![1];
  expect(at["x-kubernetes-validations"]).toContainEqual({ rule: expect.any(String), message });
});
