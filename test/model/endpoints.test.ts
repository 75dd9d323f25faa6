import { describe, expect, test } from "vitest";
import type { Endpoint } from "../../src/model/snapshot.ts";
import { buildSnapshot } from "../../src/model/build.ts";
import { objectsOf, snapshotOf } from "../support/manifests.ts";

const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: a, namespace: shop }
spec: { selector: { app: a }, ports: [{ name: http, port: 80, targetPort: web }, { name: admin, port: 81, targetPort: 9000 }] }
---`;

function slice(name: string, endpoints: string, extra = ""): string {
  return `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, namespace: shop, labels: { kubernetes.io/service-name: a } }
ports: [{ name: http, port: 8080 }]
endpoints: [${endpoints}]
${extra}
---`;
}

function pod(name: string, fields: string): string {
  return `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: a, version: v1 } }
${fields}
---`;
}

function endpointsOf(...documents: string[]): readonly Endpoint[] {
  return snapshotOf(SERVICE + documents.join("")).services.get("shop/a")!.endpoints;
}

function codesOf(...documents: string[]): readonly string[] {
  return snapshotOf(SERVICE + documents.join("")).diagnostics.map((d) => `${d.code} ${d.message}`);
}

describe("from slices", () => {
  test("slices merge, sorted by address, one entry an address", () => {
    const found = endpointsOf(
      slice("a-2", "{ addresses: [10.0.0.3] }, { addresses: [10.0.0.2] }"),
      slice("a-1", "{ addresses: [10.0.0.2] }, { addresses: [10.0.0.1] }"),
    );
    expect(found.map((e) => e.address)).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
  });

  test.each([["a-1"], ["a-9"]])("where slices disagree the ready one wins, whichever comes first (%s)", (other) => {
    const found = endpointsOf(
      slice(other, "{ addresses: [10.0.0.1], zone: old, conditions: { ready: false } }"),
      slice("a-5", "{ addresses: [10.0.0.1], zone: new }"),
    );
    expect(found).toMatchObject([{ ready: true, zone: "new" }]);
  });

  test("ports are matched by name, and those of several slices add up", () => {
    const admin = slice("a-2", "{ addresses: [10.0.0.1] }").replace(
      "{ name: http, port: 8080 }",
      "{ name: admin, port: 9000 }, { name: other, port: 1 }",
    );
    const [endpoint] = endpointsOf(slice("a-1", "{ addresses: [10.0.0.1] }"), admin);
    expect(endpoint!.ports).toEqual({ http: 8080, admin: 9000 });
  });

  test("the port record inherits nothing", () => {
    const [endpoint] = endpointsOf(slice("a-1", "{ addresses: [10.0.0.1] }"));
    expect(endpoint!.ports["constructor"]).toBeUndefined();
  });

  test("what neither takes nor finishes requests is left out", () => {
    const found = endpointsOf(
      slice(
        "a-1",
        `{ addresses: [10.0.0.1], conditions: { ready: false, serving: false, terminating: true } },
         { addresses: [10.0.0.2], conditions: { ready: false, serving: true, terminating: true } },
         { addresses: [10.0.0.3], conditions: { ready: false } }`,
      ),
    );
    expect(found.map(({ address, ready, serving, terminating }) => ({ address, ready, serving, terminating }))).toEqual(
      [
        { address: "10.0.0.2", ready: false, serving: true, terminating: true },
        { address: "10.0.0.3", ready: false, serving: false, terminating: false },
      ],
    );
  });

  test("labels come from the pod named, else from the pod that has the address", () => {
    const found = endpointsOf(
      slice(
        "a-1",
        "{ addresses: [10.0.0.1], targetRef: { kind: Pod, name: p1 } }, { addresses: [10.0.0.2] }, { addresses: [10.0.0.9] }",
      ),
      pod("p1", ""),
      pod("p2", "status: { podIP: 10.0.0.2 }"),
      pod("host", "spec: { hostNetwork: true }\nstatus: { podIP: 10.0.0.9 }"),
    );
    expect(found.map((e) => [e.workload, e.labels["version"]])).toEqual([
      ["shop/p1", "v1"],
      ["shop/p2", "v1"],
      ["", undefined],
    ]);
  });

  test("the address of a finished pod tells nothing", () => {
    const found = endpointsOf(
      slice("a-1", "{ addresses: [10.0.0.2] }"),
      pod("p2", "status: { podIP: 10.0.0.2, phase: Failed }"),
    );
    expect(found).toMatchObject([{ workload: "" }]);
  });

  test("locality: the slice's zone, then the node's, then the pod's own labels", () => {
    const node = `
apiVersion: v1
kind: Node
metadata: { name: n1, labels: { topology.kubernetes.io/zone: z1, topology.kubernetes.io/region: r1 } }
---`;
    const labelled = pod("p3", "").replace(
      "version: v1",
      "topology.kubernetes.io/zone: z3, topology.kubernetes.io/region: r3",
    );
    const found = endpointsOf(
      node,
      labelled,
      slice(
        "a-1",
        "{ addresses: [10.0.0.1], zone: z9, nodeName: n1 }, { addresses: [10.0.0.2], nodeName: n1 }, { addresses: [10.0.0.3], targetRef: { kind: Pod, name: p3 } }",
      ),
    );
    expect(found.map(({ region, zone, node: on }) => `${region}/${zone}@${on}`)).toEqual([
      "r1/z9@n1",
      "r1/z1@n1",
      "r3/z3@",
    ]);
  });

  test("a dual-stack pod is one endpoint, of the service's first family", () => {
    const both = [
      slice("a-4", "{ addresses: [10.0.0.1] }"),
      slice("a-6", "{ addresses: [fd00::1] }", "addressType: IPv6"),
    ];
    const v6First = SERVICE.replace("spec: {", "spec: { ipFamilies: [IPv6, IPv4],");
    const v4First = SERVICE.replace("spec: {", "spec: { clusterIP: 10.96.0.1,");
    const addresses = (service: string): string[] =>
      snapshotOf(service + both.join(""))
        .services.get("shop/a")!
        .endpoints.map((e) => e.address);
    expect(addresses(v6First)).toEqual(["fd00::1"]);
    expect(addresses(v4First)).toEqual(["10.0.0.1"]);
    expect(addresses(SERVICE)).toEqual(["10.0.0.1", "fd00::1"]);
  });

  test("mistakes in slices are told", () => {
    expect(codesOf(slice("a-1", "{ addresses: [10.0.0.1] }").replace("name: http", "name: web"))).toEqual([
      "HED1309 no port is named as one of Service shop/a: the slice has web, the service has http, admin",
    ]);
    expect(codesOf(slice("a-1", "{ addresses: [a.example] }", "addressType: FQDN"))[0]).toMatch(/^HED1310/);
    const second = slice("a-2", "{ addresses: [10.0.0.1] }").replace("8080", "8081");
    expect(codesOf(slice("a-1", "{ addresses: [10.0.0.1] }"), second)).toEqual([
      'HED1311 10.0.0.1 is given with two numbers for port "http"; only one of them is used',
      "HED1377 port 81 leads nowhere: the only endpoint has no port of its name",
    ]);
    const both = slice("a-1", "{ addresses: [10.0.0.1] }").replace("8080 }", "8080 }, { name: admin, port: 9000 }");
    expect(codesOf(both)).toEqual([]);
  });

  test("a slice of another namespace or another service is not taken", () => {
    const found = endpointsOf(
      slice("a-1", "{ addresses: [10.0.0.1] }").replace("namespace: shop", "namespace: other"),
      slice("a-2", "{ addresses: [10.0.0.2] }").replace("service-name: a ", "service-name: b "),
    );
    expect(found).toEqual([]);
  });
});

describe("from pods, where a service has no slice", () => {
  const running =
    "spec: { containers: [{ ports: [{ name: web, containerPort: 8080 }] }] }\nstatus: { podIP: 10.0.0.1 }";

  test("ports resolve by number and by name", () => {
    const [endpoint] = endpointsOf(pod("p1", running));
    expect(endpoint).toMatchObject({
      address: "10.0.0.1",
      ready: true,
      workload: "shop/p1",
      labels: { version: "v1" },
    });
    expect(endpoint!.ports).toEqual({ http: 8080, admin: 9000 });
  });

  test("a pod without the named port lacks that port only", () => {
    expect(endpointsOf(pod("p1", "status: { podIP: 10.0.0.1 }"))[0]!.ports).toEqual({ admin: 9000 });
  });

  test("readiness is the pod's condition, unless the service publishes unready addresses", () => {
    const unready = running.replace(
      "podIP: 10.0.0.1",
      "podIP: 10.0.0.1, conditions: [{ type: Ready, status: 'False' }]",
    );
    expect(endpointsOf(pod("p1", unready))).toMatchObject([{ ready: false }]);
    const publishing = SERVICE.replace("spec: {", "spec: { publishNotReadyAddresses: true,");
    expect(snapshotOf(publishing + pod("p1", unready)).services.get("shop/a")!.endpoints).toMatchObject([
      { ready: true },
    ]);
  });

  test("not selected: other labels, another namespace, no address, finished", () => {
    const others = [
      pod("p1", running).replace("app: a", "app: b"),
      pod("p2", running).replace("namespace: shop", "namespace: other"),
      pod("p3", ""),
      pod("p4", running.replace("podIP:", "phase: Succeeded, podIP:")),
    ];
    expect(endpointsOf(...others)).toEqual([]);
  });

  test("a service without selector selects nothing", () => {
    const snapshot = snapshotOf(SERVICE.replace("selector: { app: a }, ", "") + pod("p1", running));
    expect(snapshot.services.get("shop/a")!.endpoints).toEqual([]);
  });

  test("one slice, even an empty one, takes precedence", () => {
    expect(endpointsOf(pod("p1", running), slice("a-1", ""))).toEqual([]);
  });

  test("a terminating pod takes no new requests", () => {
    const deleting = pod("p1", running).replace("name: p1,", "name: p1, deletionTimestamp: '2026-01-01T00:00:00Z',");
    expect(endpointsOf(deleting)).toMatchObject([{ ready: false, serving: true, terminating: true }]);
  });
});

describe("in a cluster, an endpoint and its pod come in any order", () => {
  const awaiting = (...documents: string[]): readonly string[] => {
    const options = { clusterDomain: "cluster.local", awaitPods: true };
    const { services } = buildSnapshot(objectsOf(SERVICE + documents.join("")), options);
    return services.get("shop/a")!.endpoints.map(({ address, labels }) => `${address} ${labels["version"]}`);
  };
  const one = slice("one", "{ addresses: [10.0.0.1], targetRef: { kind: Pod, name: a-1, namespace: shop } }");

  test("it waits for its pod, or it would be in no subset", () => {
    expect(awaiting(one)).toEqual([]);
    expect(awaiting(one, pod("a-1", "status: { podIP: 10.0.0.1 }"))).toEqual(["10.0.0.1 v1"]);
    // A folder may leave pods out for good.
    expect(endpointsOf(one)).toHaveLength(1);
  });

  test("a pod of the same name that has not this address yet is another one, or the one before it", () => {
    expect(awaiting(one, pod("a-1", ""))).toEqual([]);
    expect(awaiting(one, pod("a-1", "status: { podIP: 10.0.0.9 }"))).toEqual([]);
  });

  test("what names no pod waits for none", () => {
    expect(awaiting(slice("ext", "{ addresses: [192.0.2.1] }"))).toEqual(["192.0.2.1 undefined"]);
  });
});
