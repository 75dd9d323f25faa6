import { expect, test } from "vitest";
import { withheldFrom } from "../../src/explain/withheld.ts";
import { snapshotOf } from "../support/manifests.ts";

const SNAPSHOT = snapshotOf(`
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { team: a } }
status: { podIP: 10.0.0.9 }
---
apiVersion: v1
kind: Service
metadata: { name: s, namespace: shop }
spec: { clusterIP: 10.0.0.1, ports: [{ name: http, port: 80 }] }
---
apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: s, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: s }]
  routes:
    - { name: mine, match: [{ from: { namespaces: [shop, x] } }, { from: { namespaces: [ops, x] } }] }
    - match: [{ from: { serviceAccounts: [admin] } }]
    - { name: team, match: [{ from: { namespaces: [shop], labels: { team: b } } }, { from: { labels: { tier: t } } }] }
    - { name: all }
`);
const WEB = SNAPSHOT.workloads.get("shop/web")!;

test("names the first thing that the caller is not", () => {
  expect(withheldFrom(SNAPSHOT, "s.shop:80", WEB)).toEqual([
    { name: "mine", why: "the caller must be in namespace ops or x; it is in shop" },
    { name: "routes[1]", why: "the caller must run as service account admin; it runs as default" },
    { name: "team", why: "the caller must have label team=b; it has team=a" },
    { name: "team", why: "the caller must have label tier=t; it has no such label" },
  ]);
});

test("hosts that are no service's have no policy", () => {
  expect(withheldFrom(SNAPSHOT, "block_all", WEB)).toEqual([]);
});
