import type { Diagnostic } from "../../base/diagnostic.ts";
import { finding, ofRoutes } from "./subject.ts";

/** Copies that go to the only place that the requests themselves go to. */
export const mirrorsToItself = ofRoutes((policy, { split = [], mirror = [] }, path): readonly Diagnostic[] => {
  const [only, ...others] = split;
  if (!only || others.length > 0) return [];
  return mirror.flatMap(({ subset, service, port }, index) => {
    if (subset !== only.subset || service !== only.service || port !== only.port) return [];
    const message = `is where the requests themselves go: it gets them twice`;
    return [finding(policy, "HED1357", `${path}.mirror[${index}]`, message)];
  });
});
