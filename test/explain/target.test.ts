import { expect, test } from "vitest";
import { targetOf } from "../../src/explain/target.ts";
import { snapshotOf } from "../support/manifests.ts";

const SNAPSHOT = snapshotOf(`
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { clusterIP: 10.0.0.1, ports: [{ name: dns, protocol: UDP, port: 53 }, { name: admin, port: 81 }, { name: http, port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: shop }
spec: { clusterIP: None, selector: { app: db }, ports: [{ name: tcp, port: 5432 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db-0, namespace: shop, labels: { app: db } }
status: { podIP: 10.0.1.1 }
---
apiVersion: v1
kind: Service
metadata: { name: empty, namespace: shop }
spec: { clusterIP: None, selector: { app: nobody }, ports: [{ name: http, port: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: far, namespace: shop }
spec: { type: ExternalName, externalName: far.example, ports: [{ name: http, port: 80 }] }
`);

test.each([
  ["web", undefined, "10.0.0.1", 80, "the cluster IP of Service shop/web"],
  ["WEB.shop", 81, "10.0.0.1", 81, "the cluster IP of Service shop/web"],
  ["10.0.0.1", undefined, "10.0.0.1", 80, "an address of Service shop/web"],
  ["db", undefined, "10.0.1.1", 5432, "one of the pods of the headless Service shop/db"],
  ["db-0.db", 5432, "10.0.1.1", 5432, "Pod shop/db-0 of the headless Service shop/db"],
  ["empty", undefined, undefined, 8080, "nothing: the headless Service shop/empty has no endpoint that is ready"],
  ["far", undefined, undefined, 80, "an alias of far.example, which DNS resolves"],
  ["web.shop.svc.cluster.local.", 80, "10.0.0.1", 80, "the cluster IP of Service shop/web"],
  ["db-0.db.shop.svc.cluster.local.", 5432, "10.0.1.1", 5432, "Pod shop/db-0 of the headless Service shop/db"],
  ["web.shop.", undefined, undefined, 80, "a name that is none of the mesh's"],
  ["example.com", undefined, undefined, 80, "a name that is none of the mesh's"],
  ["192.0.2.1", 443, "192.0.2.1", 443, "an address"],
])("%s port %s", (host, port, address, called, what) => {
  expect(targetOf(SNAPSHOT, "shop", host, port)).toMatchObject({ host, address, port: called, what });
});

test("short names are of the caller's namespace", () => {
  expect(targetOf(SNAPSHOT, "other", "web").service).toBeUndefined();
  expect(targetOf(SNAPSHOT, "other", "web.shop").service?.key).toBe("shop/web");
});
