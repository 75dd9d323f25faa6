/** The CRD on a real API server: files and cluster refuse the same things, in the same words where the words are ours. */
import { globSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import * as quickstart from "../../examples/quickstart/policy.ts";
import { trafficPolicyCrd } from "../../src/api/crd.ts";
import { parseObject } from "../../src/api/parse-object.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { connect } from "../../src/kube/connect.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { type ApiServer, startApiServer } from "../support/kubernetes/api-server.ts";
import { POLICY_CASES, TARGET } from "../support/policy-cases.ts";

const root = new URL("../../", import.meta.url).pathname;

let api: ApiServer;
let client: KubeClient;
beforeAll(async () => {
  api = await startApiServer();
  client = connect({ kubeconfig: api.kubeconfigPath }).client;
  await api.kubectl(["apply", "-f", `${root}crds`]);
  await api.kubectl(["wait", "--for=condition=Established", "--all", "crd"]);
});
afterAll(async () => {
  client?.close();
  await api?.close();
});

/** What the API server says of an object that it refuses; undefined where it takes it. */
async function refusal(object: Readonly<Record<string, unknown>>): Promise<string | undefined> {
  const { metadata } = object as { metadata: { name: string } };
  try {
    await client.request({
      method: "POST",
      path: "/apis/heddle.dev/v1alpha1/namespaces/default/trafficpolicies",
      query: { fieldValidation: "Strict", dryRun: "All" },
      body: { ...object, metadata: { ...metadata, namespace: "default" } },
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return error.message.replace(/^.*? (is invalid: |strict decoding error: )/, "");
  }
}

/** What is said of the same object in a file. */
function mistakes(object: object): readonly string[] {
  const parsed = parseObject(object);
  if (parsed.outcome === "ignored") throw new Error("ignored");
  return parsed.outcome === "object" ? [] : parsed.diagnostics.map(({ path, message }) => `${path}: ${message}`);
}

function policy(spec: object): Readonly<Record<string, unknown>> {
  return {
    apiVersion: "heddle.dev/v1alpha1",
    kind: "TrafficPolicy",
    metadata: { name: "p", namespace: "default" },
    spec: { targetRefs: TARGET, ...spec },
  };
}

/** The messages of the CRD's own rules. */
function ruleMessages(value: unknown): readonly string[] {
  if (value === null || typeof value !== "object") return [];
  const { "x-kubernetes-validations": rules = [], ...rest } = value as { "x-kubernetes-validations"?: readonly Rule[] };
  return [...rules.map(({ message }) => message), ...Object.values(rest).flatMap(ruleMessages)];
}
interface Rule {
  readonly message: string;
}
const OURS = new Set(ruleMessages(trafficPolicyCrd()));

/**
 * Where the words differ: what Kubernetes checks by the schema alone, it says in its own words. Heddle's say more, so
 * `heddle analyze` is worth a run even where the cluster refuses.
 */
const IN_ITS_OWN_WORDS: Readonly<Record<string, string | undefined>> = {
  "cookie name": "spec.routes[0].match[0].cookies[0].name in body should match",
  "service name": "spec.routes[0].split[0].service in body should match",
  "gRPC service as a path": "spec.routes[0].match[0].grpc.service in body should match",
  "no split of connections": "spec.tcp.split: Required value",
  "bounded load below the average":
    "spec.loadBalancing.boundedLoad.percent in body should be greater than or equal to 101",
  "share of 0": "spec.loadBalancing.locality.distribute[0].to[0].weight in body should be greater than or equal to 1",
  "caller that is no place": "spec.loadBalancing.locality.distribute[0].from in body should match",
  "cookie path": "spec.loadBalancing.affinity.cookie.path in body should match",
  "numeric label": "spec.subsets[0].labels.version in body must be of type string",
  "misspelled field": 'unknown field "spec.outlierDetecton"',
  "field at the wrong depth": 'unknown field "spec.timeout"',
  "unknown field": 'unknown field "spec.routes[0].zzz"',
  "misspelled choice": 'spec.loadBalancing.policy: Unsupported value: "RoundRobbin": supported values: "RoundRobin",',
  "not a duration": "spec.routes[0].timeout in body should match",
  "missing field": "spec.targetRefs[0].name: Required value",
  "no targets": "spec.targetRefs in body should have at least 1 items",
  "out of range": "spec.routes[0].retries.attempts in body should be less than or equal to 10",
  fraction: "spec.routes[0].retries.attempts in body must be of type int64",
};

/** What the schema does not say: the cluster takes it, and Heddle says what is wrong. */
const TAKEN = ["lookahead"];

describe("mistakes", () => {
  test.each(POLICY_CASES)("$title", async ({ title, wrong, right }) => {
    const [said, inFile] = [await refusal(policy(wrong)), mistakes(policy(wrong))];
    expect(inFile).not.toEqual([]);
    if (TAKEN.includes(title)) expect(said).toBeUndefined();
    else if (IN_ITS_OWN_WORDS[title] !== undefined) expect(said).toContain(IN_ITS_OWN_WORDS[title]);
    else {
      const [, words = ""] = /Invalid value: (?:".*?": )?(.*)$/.exec(said ?? "") ?? [];
      expect(OURS, said).toContain(words);
      expect(inFile.join("\n")).toContain(words);
    }
    expect(await refusal(policy(right))).toBeUndefined();
  });

  test("the lists of differences name cases that there are", () => {
    const titles = POLICY_CASES.map(({ title }) => title);
    expect(titles).toEqual(expect.arrayContaining([...Object.keys(IN_ITS_OWN_WORDS), ...TAKEN]));
  });
});

/** All TrafficPolicies in YAML files and in the quickstart's steps. */
function policies(): readonly [string, Readonly<Record<string, unknown>>][] {
  const files = globSync(["examples/**/*.yaml", "test/golden/**/*.yaml"], { cwd: root }).toSorted();
  const texts = files.map((file): [string, string] => [file, readFileSync(`${root}${file}`, "utf8")]);
  const { abTest, mirrored, outlierDetection, retries, split } = quickstart;
  const steps = [abTest, mirrored(10), outlierDetection, retries(2), split(95, 5)];
  return [...texts, ...steps.map((text, step): [string, string] => [`quickstart step ${step}`, text])]
    .flatMap(([file, text]) => parseAllDocuments(text).map((document) => [file, document.toJS() as unknown] as const))
    .flatMap(([file, value]) => (isPolicy(value) ? [[file, value] as [string, typeof value]] : []));
}

function isPolicy(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === "object" && "kind" in value && value.kind === "TrafficPolicy";
}

describe("policies of examples and goldens", () => {
  const all = policies();
  test("there are some, of both sorts", () => {
    const good = all.filter(([, object]) => mistakes(object).length === 0);
    expect(good.length).toBeGreaterThan(25);
    expect(good.length).toBeLessThan(all.length);
  });
  test.each(all)("%s: the cluster takes what files may say, and nothing else", async (_, object) => {
    expect((await refusal(object)) === undefined).toBe(mistakes(object).length === 0);
  });
});

test("what is given is stored with its defaults, and nothing is dropped", async () => {
  const { split } = quickstart;
  await api.kubectl(["create", "namespace", "shop"]);
  await api.kubectl(["apply", "--validate=strict", "-f", "-"], split(95, 5));
  const stored = JSON.parse(
    await api.kubectl(["get", "trafficpolicy", "checkout", "-n", "shop", "-o", "json"]),
  ) as object;
  const [, given] = policies().at(-1)!;
  expect(stored).toMatchObject({ spec: given["spec"] as object });
  expect(mistakes(stored)).toEqual([]);
});
