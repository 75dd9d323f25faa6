/** The TrafficPolicy of the quickstart, as text: each step of the demo saves another version of it over the file. */

/** `spec` below `targetRefs` and `subsets`, indented by two. */
export function policy(spec: string): string {
  return `apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata:
  name: checkout
  namespace: shop
spec:
  targetRefs: [{ kind: Service, name: checkout }]
  subsets:
    - { name: stable, labels: { version: v1 } }
    - { name: canary, labels: { version: v2 } }
${spec}`;
}

/** Splits all traffic; a user who asks for it by header gets the canary. */
export function split(stable: number, canary: number): string {
  return policy(`  routes:
    - name: everyone
      split:
        - { subset: stable, weight: ${stable} }
        - { subset: canary, weight: ${canary} }
`);
}

export const abTest = policy(`  routes:
    - name: beta-users
      match: [{ headers: [{ name: x-beta, exact: "true" }] }]
      split: [{ subset: canary }]
    - name: everyone
      split: [{ subset: stable }]
`);

export function mirrored(percent: number): string {
  return policy(`  routes:
    - name: everyone
      split: [{ subset: stable }]
      mirror: [{ subset: canary, percent: ${percent} }]
`);
}

export const outlierDetection = policy(`  routes:
    - name: everyone
      split: [{ subset: stable }]
  outlierDetection:
    consecutive5xx: 5
    interval: 500ms
    baseEjectionTime: 2s
    maxEjectionPercent: 50
`);

export function retries(attempts: number): string {
  return policy(`  routes:
    - name: everyone
      split: [{ subset: stable }]
      retries: { attempts: ${attempts}, conditions: [connect-failure], backoff: { base: 5ms, max: 50ms } }
`);
}
