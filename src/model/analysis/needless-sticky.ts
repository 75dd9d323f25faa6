import type { Diagnostic } from "../../base/diagnostic.ts";
import { finding, ofRoutes } from "./subject.ts";

/** Stickiness where there are no sides to stay on. A side with the weight 0 is one: it may get a share later. */
export const needlessSticky = ofRoutes((policy, { split = [], sticky }, path): readonly Diagnostic[] => {
  if (!sticky || split.length > 1) return [];
  const message = `has no effect: ${split.length === 0 ? "there is no split" : "the split has one entry only"}; loadBalancing.affinity keeps a session on one endpoint`;
  return [finding(policy, "HED1358", `${path}.sticky`, message)];
});
