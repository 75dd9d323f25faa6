/** What is wrong in a mesh, kept by what it was found in: only what changed is looked at again. */
import { compareDiagnostics, type Diagnostic } from "../base/diagnostic.ts";
import { diagnoseHosts } from "./host-conflicts.ts";
import { type ObjectSet, withPlace } from "./objects.ts";
import { createPolicyFindings, type PolicyFindings } from "./policy-findings.ts";
import { diagnoseRateLimits } from "./rate-limit-service.ts";
import { share } from "./share.ts";
import type { Key, ServiceDefinition } from "./snapshot.ts";

type Found = readonly Diagnostic[];

export interface Findings {
  /** What reading a service and merging its slices brought to light. */
  service(key: Key, found: Found): void;
  /** What attaching all policies brought to light. */
  attachment(found: Found): void;
  /** What attaching all routes of the Gateway API brought to light. */
  gateway(found: Found): void;
  /** Looks at the policies that a change concerns. */
  readonly policies: PolicyFindings["update"];
  /** Looks at what services have in common. */
  catalog(catalog: readonly ServiceDefinition[]): void;
  /** Everything, each with its place, sorted; the same array for as long as nothing in it changes. */
  all(objects: ObjectSet): Found;
}

export function createFindings(): Findings {
  const ofServices = new Map<Key, Found>();
  let ofAttachment: Found = [];
  let ofGateway: Found = [];
  const ofPolicies = createPolicyFindings();
  let ofCatalog: Found = [];
  let looked: readonly ServiceDefinition[] | undefined;
  let last: Found = [];

  return {
    service(key, found) {
      if (found.length === 0) ofServices.delete(key);
      else ofServices.set(key, found);
    },
    attachment(found) {
      ofAttachment = found;
    },
    gateway(found) {
      ofGateway = found;
    },
    policies: ofPolicies.update,
    catalog(catalog) {
      if (catalog !== looked) ofCatalog = [...diagnoseRateLimits(catalog), ...diagnoseHosts(catalog)];
      looked = catalog;
    },
    all(objects) {
      const ofEach = [...ofServices.values()].flat();
      const found = [...ofEach, ...ofAttachment, ...ofGateway, ...ofCatalog, ...ofPolicies.all()];
      last = share(last, found.map((d) => withPlace(objects, d)).sort(compareDiagnostics));
      return last;
    },
  };
}
