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

/** Where the pod is in what makes it. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  Deployment: ["spec", "template"],
  StatefulSet: ["spec", "template"],
  DaemonSet: ["spec", "template"],
  ReplicaSet: ["spec", "template"],
  Job: ["spec", "template"],
  CronJob: ["spec", "jobTemplate", "spec", "template"],
};

export type ManifestOutcome =
  | { readonly outcome: "injected"; readonly ref: ObjectRef; readonly object: unknown }
  | { readonly outcome: "skipped"; readonly ref: ObjectRef; readonly reason: Reason }
  | { readonly outcome: "refused"; readonly ref: ObjectRef; readonly diagnostics: readonly Diagnostic[] }
  /** Makes no pods. */
  | { readonly outcome: "other" };

/**
 * The object with sidecars in its pods. Whoever asks for it asks for all: only what a pod itself refuses is left out.
 */
export function injectManifest(value: unknown, settings: InjectorSettings): ManifestOutcome {
  const kind = at(value, ["kind"]);
  const path = typeof kind === "string" && Object.hasOwn(TEMPLATES, kind) ? TEMPLATES[kind] : undefined;
  const pod = path && asPod(at(value, path)).pod;
  if (!pod) return { outcome: "other" };
  const ref = refOf(String(kind), value);
  const decision = decide(pod, { [INJECT_LABEL]: "enabled" });
  if (!decision.inject) return { outcome: "skipped", ref, reason: decision.reason };
  const own = overridden(settings, pod.metadata?.annotations ?? {}, ref);
  if (own.diagnostics.length > 0) {
    const prefix = path.map((step) => `${step}.`).join("");
    return {
      outcome: "refused",
      ref,
      diagnostics: own.diagnostics.map((diagnostic) => ({ ...diagnostic, path: `${prefix}${diagnostic.path}` })),
    };
  }
  return {
    outcome: "injected",
    ref,
    object: put(value, path, injectPod(pod, own.settings, templateHash(settings))),
  };
}

function refOf(kind: string, value: unknown): ObjectRef {
  const text = (field: string): string => {
    const found = at(value, ["metadata", field]);
    return typeof found === "string" ? found : "";
  };
  return { kind, namespace: text("namespace"), name: text("name") };
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
