/** AdmissionReview (admission.k8s.io/v1) in, AdmissionReview out. */
import { z } from "zod";
import { formatDiagnostic } from "../base/diagnostic.ts";
import { HeddleError } from "../base/errors.ts";
import { decide, type Reason } from "./decision.ts";
import { overridden } from "./overrides.ts";
import { diff } from "./patch.ts";
import { injectPod } from "./pod.ts";
import { asPod } from "./pod-json.ts";
import type { InjectorSettings } from "./settings.ts";
import { templateHash } from "./template-hash.ts";

export interface Admitted {
  /** For the API server. */
  readonly review: unknown;
  readonly outcome: "injected" | "refused" | Reason;
  readonly namespace: string;
  /** Nothing is to be kept of it. */
  readonly dryRun: boolean;
}

const reviewJson = z.object({
  apiVersion: z.literal("admission.k8s.io/v1"),
  kind: z.literal("AdmissionReview"),
  request: z.object({
    uid: z.string(),
    namespace: z.string().default("default"),
    dryRun: z.boolean().default(false),
    object: z.unknown(),
  }),
});

/** Why a pod that was asked about gets no sidecar, for its author. */
const WARNINGS: Partial<Readonly<Record<Reason, string>>> = {
  "host-network": "no sidecar was injected: the pod uses the host's network",
};

/**
 * Judges a pod. Whatever it is, it is allowed; only one with annotations of Heddle's that mean nothing is refused, with what would
 * be right.
 *
 * @param labelsOf labels of a namespace, as far as they are known
 * @throws HeddleError ADMISSION_REVIEW when it is no review of a pod
 */
export function admit(
  value: unknown,
  settings: InjectorSettings,
  labelsOf: (namespace: string) => Readonly<Record<string, string>>,
): Admitted {
  const parsed = reviewJson.safeParse(value);
  if (!parsed.success)
    throw new HeddleError("ADMISSION_REVIEW", `no admission.k8s.io/v1 review: ${z.prettifyError(parsed.error)}`);
  const { uid, namespace, dryRun, object } = parsed.data.request;
  const read = asPod(object, { kind: "Pod", namespace, name: "" });
  if (!read.pod) {
    const faults = read.diagnostics.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`));
    throw new HeddleError("ADMISSION_REVIEW", `the object is no pod: ${faults.join("; ")}`);
  }
  const { pod } = read;
  const answer = (outcome: Admitted["outcome"], response: object): Admitted => ({
    review: { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid, ...response } },
    outcome,
    namespace,
    dryRun,
  });
  const decision = decide(pod, labelsOf(namespace));
  if (!decision.inject) {
    const warning = WARNINGS[decision.reason];
    return answer(decision.reason, { allowed: true, ...(warning && { warnings: [warning] }) });
  }
  const { name, generateName, annotations } = pod.metadata ?? {};
  const own = overridden(settings, annotations ?? {}, { kind: "Pod", namespace, name: name ?? generateName ?? "" });
  if (own.diagnostics.length > 0) {
    const message = own.diagnostics.map(formatDiagnostic).join("; ");
    return answer("refused", { allowed: false, status: { code: 422, reason: "Invalid", message } });
  }
  const injected = injectPod(pod, own.settings, templateHash(settings));
  const patch = Buffer.from(JSON.stringify(diff(object, injected))).toString("base64");
  return answer("injected", { allowed: true, patchType: "JSONPatch", patch });
}
