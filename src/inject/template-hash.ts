import { contentHash } from "../base/hash.ts";
import { injectPod } from "./pod.ts";
import type { InjectorSettings } from "./settings.ts";

/**
 * A hash of what the settings make of a pod: sidecars with another one are outdated. Pods' own annotations do not count, so that
 * the injector's hash can be compared with every pod's.
 */
export function templateHash(settings: InjectorSettings): string {
  const empty = { metadata: {}, spec: { containers: [{ name: "app" }] } };
  return contentHash(JSON.stringify(injectPod(empty, settings, "")));
}
