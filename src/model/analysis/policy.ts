/** What is valid in itself but will not do what its author meant. */
import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Policy } from "../snapshot.ts";
import { bodilessAnswers } from "./bodiless-answer.ts";
import { coveredPlaces } from "./covered-place.ts";
import { deafPorts } from "./deaf-port.ts";
import { emptySubsets } from "./empty-subset.ts";
import { grpcOverHttp1 } from "./grpc-match.ts";
import { headerEdits } from "./header-edits.ts";
import { ineffectiveBursts } from "./ineffective-burst.ts";
import { boundToNode, emptyPlaces } from "./locality.ts";
import { mirrorsToItself } from "./mirror-to-itself.ts";
import { missingBackends } from "./missing-backend.ts";
import { needlessSticky } from "./needless-sticky.ts";
import { neverMatching } from "./never-matching.ts";
import { noRequests } from "./no-requests.ts";
import { strangeOrigins } from "./origin.ts";
import { idleDetection, powerlessDetection } from "./outlier-detection.ts";
import { overlappingSubsets } from "./overlapping-subsets.ts";
import { missedPreflights } from "./preflight.ts";
import { probeLoads } from "./probe-load.ts";
import { redirectLoops } from "./redirect-loop.ts";
import { retriedSuccesses } from "./retried-success.ts";
import { rewrittenPaths } from "./rewritten-path.ts";
import { sameSubsets } from "./same-subset.ts";
import { sharedCookies } from "./shared-cookie.ts";
import { silentPolicies } from "./silent-policy.ts";
import { slowConnects } from "./slow-connect.ts";
import { slowTries } from "./slow-try.ts";
import type { MeshCheck, PolicyCheck, Subject } from "./subject.ts";
import { tcpSplits } from "./tcp-split.ts";
import { totalFaults } from "./total-fault.ts";
import { unreachableRoutes } from "./unreachable-route.ts";
import { unreadyBackends } from "./unready-backend.ts";
import { zeroLimits } from "./zero-limit.ts";

const OF_POLICIES: readonly PolicyCheck[] = [
  bodilessAnswers,
  coveredPlaces,
  headerEdits,
  idleDetection,
  ineffectiveBursts,
  mirrorsToItself,
  missedPreflights,
  needlessSticky,
  neverMatching,
  redirectLoops,
  retriedSuccesses,
  rewrittenPaths,
  sameSubsets,
  sharedCookies,
  silentPolicies,
  slowConnects,
  slowTries,
  strangeOrigins,
  totalFaults,
  unreachableRoutes,
  zeroLimits,
];

const IN_MESH: readonly MeshCheck[] = [
  boundToNode,
  deafPorts,
  emptyPlaces,
  emptySubsets,
  grpcOverHttp1,
  missingBackends,
  noRequests,
  overlappingSubsets,
  powerlessDetection,
  probeLoads,
  tcpSplits,
  unreadyBackends,
];

/** What a policy alone is enough to see. */
export function diagnosePolicy(policy: Policy): readonly Diagnostic[] {
  return OF_POLICIES.flatMap((check) => check(policy));
}

/** What only shows beside the services that the policy is for, and those that it names. */
export function diagnoseInMesh(subject: Subject): readonly Diagnostic[] {
  return IN_MESH.flatMap((check) => check(subject));
}
