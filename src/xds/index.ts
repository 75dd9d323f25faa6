/**
 * `heddle/xds`: an xDS server library. It knows Envoy's discovery protocol, State-of-the-World and Delta, and nothing of
 * Kubernetes or meshes.
 */
export type { Admission, Authenticate, Caller } from "./admission.ts";
export { checkConsistency, type Inconsistency } from "./consistency.ts";
export type { ClientStatus, SyncState, TypeStatus } from "./client-status.ts";
export { createRefusals, type Refusal, type Refusals } from "./refusals.ts";
export { createResource, encodeResource, type Resource } from "./resource.ts";
export { createSnapshotCache, type SnapshotCache, type SnapshotCacheOptions } from "./cache.ts";
export { createXdsServer, type ServerLimits, type XdsEvent, type XdsServer, type XdsServerOptions } from "./server.ts";
export { type Action, type Missing, type Timing, typeSnapshot } from "./session-state.ts";
export type { NodeInfo } from "./node.ts";
export type { Response } from "./type-state.ts";
export {
  buildSnapshot,
  createTypeSnapshot,
  type Snapshot,
  type SnapshotInput,
  type TypeSnapshot,
  type Versions,
} from "./snapshot.ts";
export type { ServerCertificate, TlsRefusal } from "./tls-listener.ts";
export { CLUSTER, ENDPOINT, EXTENSION, LISTENER, ROUTE, SECRET, shortType, VIRTUAL_HOST } from "./type-url.ts";
export { envoyRegistry } from "./registry.ts";
export { validateMessage, validateResource } from "./validate.ts";
export type { Violation } from "./validate-findings.ts";
export { type ResourceSet, type SetViolation, validateSet } from "./validate-set.ts";
