import { describe, expect, test } from "vitest";
import { parseObject, type ApiObject } from "../../src/api/parse-object.ts";

const service = (spec: object): object => ({ apiVersion: "v1", kind: "Service", metadata: { name: "a" }, spec });
const slice = (fields: object): object => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: "a-x" },
  ...fields,
});

function good(value: unknown): ApiObject {
  const parsed = parseObject(value);
  if (parsed.outcome !== "object") throw new Error(JSON.stringify(parsed));
  return parsed.object;
}

function mistakes(value: unknown): readonly string[] {
  const parsed = parseObject(value);
  return parsed.outcome === "invalid"
    ? parsed.diagnostics.map((d) => `${d.code} ${d.path}: ${d.message}`)
    : [parsed.outcome];
}

describe("metadata", () => {
  test("defaults", () => {
    expect(good(service({})).meta).toEqual({
      name: "a",
      namespace: "default",
      labels: {},
      annotations: {},
      createdAt: 0,
      generation: 1,
      deleting: false,
    });
    expect(
      good({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", namespace: "x" } }).meta.namespace,
    ).toBe("");
  });
  test("null is absent, in every depth", () => {
    const value = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "a", creationTimestamp: null, labels: null },
      spec: { ports: null },
      status: null,
    };
    expect(good(value)).toMatchObject({ ports: [], meta: { createdAt: 0, labels: {} } });
  });
  test("times", () => {
    const value = {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: "n", creationTimestamp: "2026-01-01T00:00:00Z" },
    };
    expect(good(value).meta.createdAt).toBe(Date.UTC(2026, 0, 1));
  });
  test("hostile keys stay data", () => {
    const value: unknown = JSON.parse(
      '{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","__proto__":{"name":"b"}},"__proto__":{"kind":"Pod"}}',
    );
    expect(good(value)).toMatchObject({ kind: "Service", meta: { name: "a" } });
    expect(Object.hasOwn(Object.prototype, "kind")).toBe(false);
  });
  test.each([["A"], ["a_b"], ["a.b"], ["-a"], ["a".repeat(64)], ["a\nb"], ["a\0"]])(
    "a service cannot be called %j",
    (name) => {
      expect(mistakes({ apiVersion: "v1", kind: "Service", metadata: { name } })[0]).toMatch(
        /^HED1104 metadata\.name: must/,
      );
    },
  );
});

describe("which kind it is", () => {
  test.each([
    [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } }, "ignored"],
    [{ apiVersion: "serving.knative.dev/v1", kind: "Service", metadata: { name: "a" } }, "ignored"],
    [{ apiVersion: "discovery.k8s.io/v1beta1", kind: "EndpointSlice", metadata: { name: "a" } }, "ignored"],
    [{ apiVersion: "v1", kind: "service" }, 'HED1007 kind: "service" is not known; did you mean "Service"?'],
    [
      { apiVersion: "heddle.dev/v1alpha1", kind: "TraficPolicy" },
      'HED1007 kind: "TraficPolicy" is not known; did you mean "TrafficPolicy"?',
    ],
    [
      { apiVersion: "heddle.dev/v1", kind: "TrafficPolicy" },
      'HED1007 apiVersion: "heddle.dev/v1" is not known; Heddle knows TrafficPolicy and ExternalService of heddle.dev/v1alpha1',
    ],
    [{ kind: "Service" }, "HED1006 : is no Kubernetes object: apiVersion must be given as text"],
    [{ apiVersion: 1, kind: [] }, "HED1006 : is no Kubernetes object: apiVersion and kind must be given as text"],
    ["text", "HED1006 : is no Kubernetes object: it must be a mapping with apiVersion, kind and metadata"],
    [[], "HED1006 : is no Kubernetes object: it must be a mapping with apiVersion, kind and metadata"],
    [null, "HED1006 : is no Kubernetes object: it must be a mapping with apiVersion, kind and metadata"],
  ])("%j", (value, outcome) => {
    expect(mistakes(value)).toEqual([outcome]);
  });
  test("an object too broken to read still says who it is", () => {
    const parsed = parseObject({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "a", namespace: "shop" },
      spec: 1,
    });
    expect(parsed).toMatchObject({ outcome: "invalid", ref: { kind: "Service", namespace: "shop", name: "a" } });
  });
});

describe("Service", () => {
  test.each([
    [{}, "ClusterIP"],
    [{ clusterIP: "None" }, "Headless"],
    [{ clusterIPs: ["None"] }, "Headless"],
    [{ type: "NodePort", clusterIP: "10.0.0.1" }, "ClusterIP"],
    [{ type: "LoadBalancer" }, "ClusterIP"],
    [{ type: "ExternalName", externalName: "db.example.com." }, "ExternalName"],
  ])("%j is %s", (spec, type) => {
    expect(good(service(spec))).toMatchObject({ type });
  });
  test("details", () => {
    const ports = [
      { name: "web", port: 80, targetPort: "http", appProtocol: "h2c" },
      { name: "b", port: 81 },
    ];
    expect(good(service({ clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1", "fd00::1"], ports }))).toMatchObject({
      clusterIPs: ["10.0.0.1", "fd00::1"],
      ports: [
        { name: "web", port: 80, targetPort: "http", protocol: "TCP", appProtocol: "h2c" },
        { name: "b", port: 81, targetPort: 81 },
      ],
    });
    expect(good(service({ type: "ExternalName", externalName: "db.example.com." }))).toMatchObject({
      externalName: "db.example.com",
    });
  });
  test.each([
    [
      { ports: [{ port: 80 }, { port: 81, name: "a" }] },
      "HED1105 spec.ports[0].name: must have names of their own, since the service has several ports; this one has none",
    ],
    [
      {
        ports: [
          { port: 80, name: "a" },
          { port: 81, name: "a" },
        ],
      },
      "HED1105 spec.ports[1].name",
    ],
    [
      {
        ports: [
          { port: 80, name: "a" },
          { port: 80, name: "b" },
        ],
      },
      "HED1105 spec.ports[1].port: must not repeat another port's number",
    ],
    [{ ports: [{ port: 0 }] }, "HED1104 spec.ports[0].port: must be at least 1, not 0"],
    [
      { ports: [{ port: 80, targetPort: {} }] },
      "HED1104 spec.ports[0].targetPort: must be a number, or a string, not an object",
    ],
    [{ type: "ExternalName" }, "HED1105 spec.externalName: must be a DNS name"],
    [{ type: "ExternalName", externalName: "a..b" }, "HED1105 spec.externalName"],
    [{ clusterIP: "10.0.0.300" }, "HED1104 spec.clusterIP"],
  ])("%j", (spec, words) => {
    expect(mistakes(service(spec)).join("\n")).toContain(words);
  });
  test("one number may be TCP and UDP", () => {
    const ports = [
      { name: "a", port: 53 },
      { name: "b", port: 53, protocol: "UDP" },
    ];
    expect(good(service({ ports }))).toMatchObject({ ports: [{ protocol: "TCP" }, { protocol: "UDP" }] });
  });
});

describe("EndpointSlice", () => {
  test.each([
    [undefined, { ready: true, serving: true, terminating: false }],
    [{ ready: null }, { ready: true, serving: true }],
    [{ ready: false }, { ready: false, serving: false }],
    [
      { ready: false, serving: true, terminating: true },
      { ready: false, serving: true, terminating: true },
    ],
  ])("conditions %j", (conditions, expected) => {
    expect(good(slice({ endpoints: [{ addresses: ["10.0.0.1", "10.0.0.2"], conditions }] }))).toMatchObject({
      endpoints: [{ address: "10.0.0.1", ...expected }],
    });
  });
  test("only a Pod is a pod", () => {
    const endpoints = [
      { addresses: ["10.0.0.1"], targetRef: { kind: "Pod", name: "p" } },
      { addresses: ["10.0.0.2"], targetRef: { kind: "VM", name: "p" } },
    ];
    expect(good(slice({ endpoints }))).toMatchObject({ endpoints: [{ pod: "p" }, { pod: "" }] });
  });
  test("addresses fit the address type", () => {
    expect(mistakes(slice({ endpoints: [{ addresses: ["a.example"] }] }))[0]).toBe(
      'HED1104 endpoints[0].addresses[0]: must be an IP address, since addressType is IPv4, not "a.example"',
    );
    expect(good(slice({ addressType: "FQDN", endpoints: [{ addresses: ["a.example"] }] }))).toMatchObject({
      addressType: "FQDN",
    });
  });
});

describe("Pod", () => {
  test("addresses, ports and readiness", () => {
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "a" },
      spec: {
        containers: [{ ports: [{ name: "web", containerPort: 8080 }] }, {}],
        initContainers: [
          { restartPolicy: "Always", ports: [{ name: "sidecar", containerPort: 9000 }] },
          { ports: [{ name: "gone", containerPort: 9001 }] },
        ],
      },
      status: {
        podIP: "10.0.0.1",
        podIPs: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }],
        conditions: [{ type: "Ready", status: "False" }],
      },
    };
    expect(good(pod)).toMatchObject({
      addresses: ["10.0.0.1", "fd00::1"],
      ports: [
        { name: "web", port: 8080 },
        { name: "sidecar", port: 9000 },
      ],
      serviceAccount: "default",
      ready: false,
      finished: false,
    });
    expect(good({ ...pod, status: { phase: "Succeeded" } })).toMatchObject({
      ready: true,
      finished: true,
      addresses: [],
    });
  });
});
