import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { buildSnapshot, createModel } from "../../src/model/build.ts";
import { objectSet, type ObjectSet } from "../../src/model/objects.ts";
import type { MeshSnapshot } from "../../src/model/snapshot.ts";
import { arbitraryManifests, parsedObjects } from "../support/arbitrary-manifests.ts";
import { snapshotOf, snapshots } from "../support/manifests.ts";

const PARTS = ["services", "catalog", "serving", "workloads", "namespaces", "policies", "diagnostics"] as const;

const MESH = `
apiVersion: v1
kind: Service
metadata: { name: a, namespace: shop, creationTimestamp: 2026-01-01T00:00:00Z }
spec: { clusterIP: 10.96.0.1, selector: { app: a }, ports: [{ name: http, port: 80 }, { name: sctp, port: 81, protocol: SCTP }] }
---
apiVersion: v1
kind: Service
metadata: { name: b, namespace: shop }
spec: { clusterIP: None, selector: { app: b }, ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: c, namespace: outside }
spec: { type: ExternalName, externalName: c.example.com, ports: [{ port: 443 }] }
---
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: a } }
---
apiVersion: v1
kind: Pod
metadata: { name: a-1, namespace: shop, labels: { app: a }, annotations: { note: x } }
spec: { nodeName: n1, serviceAccountName: sa, containers: [{ ports: [{ containerPort: 80 }] }] }
status: { podIP: 10.0.0.1 }
---
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: p, namespace: shop, generation: 3 }
spec: { targetRefs: [{ kind: Service, name: a }] }
---`;

describe("the snapshot", () => {
  test("services", () => {
    const { services } = snapshotOf(MESH);
    expect([...services.keys()]).toEqual(["outside/c", "shop/a", "shop/b"]);
    expect(services.get("shop/a")).toMatchObject({
      ref: { kind: "Service", namespace: "shop", name: "a" },
      hostname: "a.shop.svc.cluster.local",
      type: "ClusterIP",
      clusterIPs: ["10.96.0.1"],
      ports: [{ name: "http", port: 80, targetPort: 80, protocol: "HTTP" }],
      selector: { app: "a" },
      createdAt: Date.UTC(2026, 0, 1),
      policy: { name: "p", generation: 3 },
    });
    expect(services.get("shop/b")).toMatchObject({ type: "Headless", clusterIPs: [] });
    expect(services.get("outside/c")).toMatchObject({
      type: "ExternalName",
      externalName: "c.example.com",
      endpoints: [],
    });
  });

  test("workloads and namespaces", () => {
    const { workloads, namespaces } = snapshotOf(MESH);
    expect(workloads.get("shop/a-1")).toEqual({
      ref: { kind: "Pod", namespace: "shop", name: "a-1" },
      key: "shop/a-1",
      namespace: "shop",
      name: "a-1",
      addresses: ["10.0.0.1"],
      labels: { app: "a" },
      annotations: { note: "x" },
      serviceAccount: "sa",
      ready: true,
      node: "n1",
      region: "",
      zone: "",
      containerPorts: [{ name: "", port: 80, protocol: "TCP" }],
    });
    expect([...namespaces.values()]).toEqual([
      { name: "outside", labels: {}, annotations: {} },
      { name: "shop", labels: { team: "a" }, annotations: {} },
    ]);
  });

  test("an unchanged mesh is the same snapshot, part by part", () => {
    const next = snapshots();
    const before = next(MESH);
    const after = next(MESH);
    for (const part of PARTS) {
      expect(after[part]).toBe(before[part]);
    }
  });

  test("only what changed is a new object", () => {
    const next = snapshots();
    const before = next(MESH);
    const after = next(MESH.replace("podIP: 10.0.0.1", "podIP: 10.0.0.2"));
    expect(after.services.get("shop/a")).not.toBe(before.services.get("shop/a"));
    expect(after.services.get("shop/a")!.policy).toBe(before.services.get("shop/a")!.policy);
    expect(after.services.get("shop/b")).toBe(before.services.get("shop/b"));
    expect(after.workloads.get("shop/a-1")).not.toBe(before.workloads.get("shop/a-1"));
    expect(after.policies).toBe(before.policies);
  });

  test("a policy that changes makes its service new, and no other", () => {
    const next = snapshots();
    const before = next(MESH);
    const after = next(MESH.replace("spec: { targetRefs", "spec: { connection: { connectTimeout: 1s }, targetRefs"));
    expect(after.services.get("shop/a")!.policy!.spec.connection).toEqual({ connectTimeout: 1000 });
    expect(after.services.get("shop/b")).toBe(before.services.get("shop/b"));
  });
});

describe("whatever the manifests", () => {
  const options = { clusterDomain: "cluster.local" };
  const build = (objects: ObjectSet): MeshSnapshot => buildSnapshot(objects, options);
  const deepFreeze = (value: unknown): void => {
    if (value === null || typeof value !== "object" || Object.isFrozen(value)) return;
    Object.freeze(value);
    const parts = value instanceof Map ? [...value.values()] : Object.values(value);
    for (const part of parts) deepFreeze(part);
  };

  test("building never throws, and touches nothing it is given", () => {
    fc.assert(
      fc.property(arbitraryManifests(), (manifests) => {
        const objects = objectSet(parsedObjects(manifests));
        deepFreeze(objects);
        const model = createModel(options);
        const snapshot = model(objects);
        deepFreeze(snapshot);
        const again = model(objectSet(parsedObjects(manifests)));
        for (const part of PARTS) expect(again[part]).toBe(snapshot[part]);
      }),
      { numRuns: 300 },
    );
  });

  test("the order of the objects makes no difference", () => {
    fc.assert(
      fc.property(
        arbitraryManifests(),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (manifests, random) => {
          const distinct = [
            ...new Map(
              parsedObjects(manifests).map((s) => [
                `${s.object.kind}/${s.object.meta.namespace}/${s.object.meta.name}`,
                s,
              ]),
            ).values(),
          ];
          const shuffled = distinct
            .map((s) => ({ s, at: random.next().value }))
            .sort((a, b) => a.at - b.at)
            .map(({ s }) => s);
          const [first, second] = [build(objectSet(distinct)), build(objectSet(shuffled))];
          expect(second).toEqual(first);
          for (const part of ["services", "workloads", "namespaces", "policies"] as const)
            expect([...second[part].keys()]).toEqual([...first[part].keys()]);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("at most one policy is in force for a service, and its losers are told", () => {
    fc.assert(
      fc.property(arbitraryManifests(), (manifests) => {
        const snapshot = build(objectSet(parsedObjects(manifests)));
        for (const policy of snapshot.policies.values()) {
          for (const { name } of policy.spec.targetRefs) {
            const target = snapshot.services.get(`${policy.namespace}/${name}`);
            const told = snapshot.diagnostics.some(
              (d) =>
                d.ref?.name === policy.name &&
                d.ref.namespace === policy.namespace &&
                (d.code === "HED1301" || d.code === "HED1302"),
            );
            expect(target?.policy === policy || told).toBe(true);
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
