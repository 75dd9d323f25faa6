import { referencesOf } from "./references.ts";
import type { Snapshot } from "./snapshot.ts";
import { shortType } from "./type-url.ts";

/** A reference that leads nowhere. */
export interface Inconsistency {
  readonly from: { readonly typeUrl: string; readonly name: string };
  readonly to: { readonly typeUrl: string; readonly name: string };
  readonly message: string;
}

/**
 * Endpoints and route tables that clusters and listeners of a snapshot name and that are not in it. The cache does not
 * ask for consistency: call this where it is wanted, e.g. before `setSnapshot`.
 */
export function checkConsistency(snapshot: Snapshot): readonly Inconsistency[] {
  const found: Inconsistency[] = [];
  for (const { resources } of snapshot.types.values()) {
    for (const resource of resources.values()) {
      for (const to of referencesOf(resource)) {
        if (snapshot.types.get(to.typeUrl)?.resources.has(to.name)) continue;
        const message =
          `${shortType(resource.typeUrl)} ${resource.name} refers to ${shortType(to.typeUrl)} ${to.name}, ` +
          "which is not in the snapshot";
        found.push({ from: { typeUrl: resource.typeUrl, name: resource.name }, to, message });
      }
    }
  }
  return found;
}
