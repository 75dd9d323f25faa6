/** What routes of the Gateway API refer to: parents that they are attached to, and backends that requests go to. */
import { z } from "zod";
import { dnsLabel } from "./object-meta.ts";
import { withRules, type Rule } from "./rule.ts";

export const GATEWAY_GROUP = "gateway.networking.k8s.io";
export const GATEWAY_API_VERSION = `${GATEWAY_GROUP}/v1`;

const group = z.string().max(253);
const kind = z.string().min(1).max(63);
const name = z.string().min(1).max(253);
const port = z.int().min(1).max(65535);

/** Kept as it is given: a status repeats it. */
export const parentRef = z.object({
  group: group.optional(),
  kind: kind.optional(),
  namespace: dnsLabel.optional(),
  name,
  sectionName: z.string().min(1).max(253).optional(),
  port: port.optional(),
});

interface BackendShape {
  readonly group?: string | undefined;
  readonly kind?: string | undefined;
  readonly port?: number | undefined;
}

const servicePort: Rule<BackendShape> = {
  code: "HED1202",
  message: "must have a port, since it is a Service",
  check: (ref) => (isService(ref) && ref.port === undefined ? [{ path: ["port"] }] : []),
};

const backend = {
  group: group.optional(),
  kind: kind.optional(),
  namespace: dnsLabel.optional(),
  name,
  port: port.optional(),
};

export const backendObjectRef = withRules(z.object(backend), [servicePort]);

/** A backend of a rule; `filters` are those of the route's own kind. */
export function backendRef<F extends z.ZodType>(filters: F) {
  return withRules(z.object({ ...backend, weight: z.int().min(0).max(1_000_000).default(1), filters }), [servicePort]);
}

/** A backend is a Service unless it says otherwise. */
export function isService({ group: given = "", kind: is = "Service" }: BackendShape): boolean {
  return given === "" && is === "Service";
}

/** A parent is a Gateway unless it says otherwise: those that are not Services are not Heddle's. */
export function isServiceParent({ group: given = GATEWAY_GROUP, kind: is = "Gateway" }: ParentRef): boolean {
  return given === "" && is === "Service";
}

export type ParentRef = z.output<typeof parentRef>;
export type BackendObjectRef = z.output<typeof backendObjectRef>;
