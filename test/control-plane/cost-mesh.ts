/** The mesh in which costs are counted: twenty services in two zones, and four sidecars that see different parts of it. */
export const SIDECARS = ["web-a.shop", "web-b.shop", "reporting.other", "listed.shop"] as const;

export const NODES = ["zone-a", "zone-b"]
  .map(
    (zone) => `apiVersion: v1
kind: Node
metadata: { name: ${zone}, labels: { topology.kubernetes.io/region: r, topology.kubernetes.io/zone: ${zone} } }
---
`,
  )
  .join("");

export const PODS = [
  podOf("web-a", "shop", "zone-a"),
  podOf("web-b", "shop", "zone-b"),
  podOf("reporting", "other", "zone-a"),
  podOf("listed", "shop", "zone-a", 'heddle.dev/dependencies: "svc-3"'),
].join("---\n");

export function podOf(name: string, namespace: string, zone: string, annotation = "note: none"): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: { app: ${name} }, annotations: { ${annotation} } }
spec: { nodeName: ${zone}, containers: [{ name: app }] }
status: { podIP: 10.1.0.${name.length} }
`;
}

export function serviceOf(name: string, annotations = "{}"): string {
  return `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop, annotations: ${annotations} }
spec: { clusterIP: 10.96.0.${100 + Number(name.slice(4))}, ports: [{ name: http, port: 80 }] }
`;
}

/** One endpoint in each zone, and more of them in the first. */
export function slicesOf(name: string, { ready = true, more = 0 } = {}): string {
  const number = name.slice(4);
  const endpoint = (index: number, zone: string, isReady: boolean): string =>
    `  - { addresses: [10.2.${number}.${index}], nodeName: ${zone}, zone: ${zone}, conditions: { ready: ${isReady} } }`;
  const endpoints = [endpoint(1, "zone-a", ready), endpoint(2, "zone-b", true)];
  for (let i = 0; i < more; i++) endpoints.push(endpoint(3 + i, "zone-a", true));
  return `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}, namespace: shop, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
ports: [{ name: http, port: 8080 }]
endpoints:
${endpoints.join("\n")}
`;
}

export function policyOf(service: string, spec: string): string {
  return `apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: ${service}, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: ${service} }]
${spec}`;
}
