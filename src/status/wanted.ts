/** What the status of an object is to say; the times of transitions come when it is written. */
import type { ObjectRef } from "../base/diagnostic.ts";
import type { Judgement } from "./condition.ts";
import type { ProxyCounts } from "./policy-status.ts";
import type { Rejection } from "./report.ts";
import type { JudgedParent } from "./route-status.ts";

export interface WantedPolicy {
  readonly ref: ObjectRef;
  /** Tells an object from another of the same name. */
  readonly createdAt: number;
  readonly generation: number;
  readonly judgements: readonly Judgement[];
  readonly proxies: ProxyCounts;
  readonly rejections: readonly Rejection[];
}

export interface WantedRoute {
  readonly ref: ObjectRef & { readonly kind: "HTTPRoute" | "GRPCRoute" };
  readonly createdAt: number;
  /** Those that are Heddle's; entries of Heddle's for others are taken out. */
  readonly parents: readonly JudgedParent[];
}

export type WantedStatus = WantedPolicy | WantedRoute;

export function isRoute(want: WantedStatus): want is WantedRoute {
  return "parents" in want;
}
