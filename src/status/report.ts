/**
 * What one replica of the control plane knows of its sidecars, for the one that writes status. It names proxies only where
 * they refuse something: its size grows with the policies, not with the sidecars.
 */
import { z } from "zod";

/** A sidecar that refuses what a policy became. */
export interface Rejection {
  readonly proxy: string;
  /** Envoy's words, redacted. */
  readonly reason: string;
}

export interface PolicyReport {
  /** The generation that the counts speak of. */
  readonly generation: number;
  /** Sidecars that run it. */
  readonly synced: number;
  readonly rejected: number;
  /** A few of the latter. */
  readonly samples: readonly Rejection[];
}

export interface ReplicaReport {
  /** Sidecars with an open stream to the replica. */
  readonly connected: number;
  /** By `namespace/name`. */
  readonly policies: ReadonlyMap<string, PolicyReport>;
}

/** Samples that a report and a status hold of each policy. */
export const MAX_SAMPLES = 5;
/** Policies in a report; an object in Kubernetes holds 1 MiB. Status of further ones says that it is not known. */
const MAX_POLICIES = 5000;
const MAX_REASON = 500;

const count = z.int().min(0);

const wire = z.object({
  connected: count,
  policies: z.record(
    z.string(),
    z.tuple([count, count, count, z.array(z.tuple([z.string(), z.string()])).max(MAX_SAMPLES)]),
  ),
});

export function serializeReport({ connected, policies }: ReplicaReport): string {
  const entries = [...policies]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, MAX_POLICIES)
    .map(([key, { generation, synced, rejected, samples }]) => {
      const shown = samples.slice(0, MAX_SAMPLES).map(({ proxy, reason }) => [proxy, reason.slice(0, MAX_REASON)]);
      return [key, [generation, synced, rejected, shown]];
    });
  return JSON.stringify({ connected, policies: Object.fromEntries(entries) });
}

/** Undefined where the text is no report, such as that of another version. */
export function parseReport(text: string): ReplicaReport | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = wire.safeParse(value);
  if (!parsed.success) return undefined;
  const policies = Object.entries(parsed.data.policies).map(([key, [generation, synced, rejected, samples]]) => {
    return [
      key,
      { generation, synced, rejected, samples: samples.map(([proxy, reason]) => ({ proxy, reason })) },
    ] as const;
  });
  return { connected: parsed.data.connected, policies: new Map(policies) };
}
