/** Injection into manifests, before they reach a cluster: pods, and what makes pods. */
import type { Diagnostic, ObjectRef } from "../base/diagnostic.ts";
import { decide, type Reason } from "./decision.ts";
import { INJECT_LABEL } from "./names.ts";
import { overridden } from "./overrides.ts";
import { injectPod } from "./pod.ts";
import { asPod } from "./pod-json.ts";
import type { InjectorSettings } from "./settings.ts";
import { templateHash } from "./template-hash.ts";

type Json = Readonly<Record<string, unknown>>;

const TEMPLATE = ["spec", "template"];

/** Where the pod is in what makes it, by API group and kind. */
const PODS: ReadonlyMap<string, readonly string[]> = new Map([
  ["Pod", []],
  ["apps/Deployment", TEMPLATE],
  ["apps/StatefulSet", TEMPLATE],
  ["apps/DaemonSet", TEMPLATE],
  ["apps/ReplicaSet", TEMPLATE],
  ["batch/Job", TEMPLATE],
  ["batch/CronJob", ["spec", "jobTemplate", ...TEMPLATE]],
]);

export type ManifestOutcome =
  | { readonly outcome: "injected"; readonly ref: ObjectRef; readonly object: unknown }
  | { readonly outcome: "skipped"; readonly ref: ObjectRef; readonly reason: Reason }
  | { readonly outcome: "refused"; readonly ref: ObjectRef; readonly diagnostics: readonly Diagnostic[] }
  /** Makes no pods. */
  | { readonly outcome: "other" };

/**
 * The object with sidecars in its pods. Whoever asks for it asks for all: only what a pod itself refuses is left out. What is no
 * pod, or asks for what is not possible, is refused with what would be right.
 */
export function injectManifest(value: unknown, settings: InjectorSettings): ManifestOutcome {
  const kind = text(value, ["kind"]);
  const path = PODS.get(`${text(value, ["apiVersion"]).replace(/[^/]*$/, "")}${kind}`);
  if (!path) return { outcome: "other" };
  const ref = { kind, namespace: text(value, ["metadata", "namespace"]), name: text(value, ["metadata", "name"]) };
  const refused = (diagnostics: readonly Diagnostic[]): ManifestOutcome => {
    const prefix = path.map((step) => `${step}.`).join("");
    return { outcome: "refused", ref, diagnostics: diagnostics.map((d) => ({ ...d, path: `${prefix}${d.path}` })) };
  };
  const read = asPod(at(value, path) ?? {}, ref);
  if (!read.pod) return refused(read.diagnostics);
  const { pod } = read;
  const decision = decide(pod, { [INJECT_LABEL]: "enabled" });
  if (!decision.inject) return { outcome: "skipped", ref, reason: decision.reason };
  const own = overridden(settings, pod.metadata?.annotations ?? {}, ref);
  if (own.diagnostics.length > 0) return refused(own.diagnostics);
  return {
    outcome: "injected",
    ref,
    object: put(value, path, injectPod(pod, own.settings, templateHash(settings))),
  };
}

function text(value: unknown, path: readonly string[]): string {
  const found = at(value, path);
  return typeof found === "string" ? found : "";
}

function at(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const step of path) {
    if (found === null || typeof found !== "object") return undefined;
    found = (found as Json)[step];
  }
  return found;
}

function put(value: unknown, [step, ...rest]: readonly string[], leaf: unknown): unknown {
  if (step === undefined) return leaf;
  const object = value as Json;
  return { ...object, [step]: put(object[step], rest, leaf) };
}
