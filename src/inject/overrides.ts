/** What a pod says of its own sidecar, by annotations. */
import { z } from "zod";
import { diagnostic } from "../base/diagnostic-codes.ts";
import type { Diagnostic, ObjectRef } from "../base/diagnostic.ts";
import { CAPTURE } from "./names.ts";
import { exceeds, quantity } from "./quantity.ts";
import { cidr, type InjectorSettings, LOG_LEVELS, port } from "./settings.ts";

type Change = (settings: InjectorSettings) => InjectorSettings;

/** Reads one annotation; undefined when it is not understood. */
interface Override {
  readonly right: string;
  read(text: string): Change | undefined;
}

function override<T>(right: string, schema: z.ZodType<T, string>, change: (value: T) => Change): Override {
  return {
    right,
    read(text) {
      const parsed = schema.safeParse(text.trim());
      return parsed.success ? change(parsed.data) : undefined;
    },
  };
}

const number = (schema: z.ZodType<number, number>) =>
  z
    .string()
    .regex(/^[0-9]{1,9}$/)
    .transform(Number)
    .pipe(schema);
const list = <T>(item: z.ZodType<T, string>) =>
  z
    .string()
    .transform((text) => (text === "" ? [] : text.split(",").map((part) => part.trim())))
    .pipe(z.array(item).max(100));

const image = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^\s]+$/);
const portList = list(number(port));

type Requests = InjectorSettings["proxy"]["resources"]["requests"];

const withProxy = (change: Partial<InjectorSettings["proxy"]>): Change => {
  return (settings) => ({ ...settings, proxy: { ...settings.proxy, ...change } });
};
const withCapture = (change: Partial<InjectorSettings["capture"]>): Change => {
  return (settings) => ({ ...settings, capture: { ...settings.capture, ...change } });
};
const withResources = (kind: "requests" | "limits", change: Requests): Change => {
  return (settings) => {
    const { resources } = settings.proxy;
    return withProxy({ resources: { ...resources, [kind]: { ...resources[kind], ...change } } })(settings);
  };
};

const QUANTITY = "a quantity such as 100m or 64Mi";
const PORTS = "ports such as 8080,9090";
const CIDRS = "IPv4 blocks such as 10.0.0.0/8,192.168.1.1/32";

const OVERRIDES: Readonly<Record<string, Override>> = {
  "heddle.dev/proxy-image": override("an image", image, (value) => withProxy({ image: value })),
  "heddle.dev/proxy-cpu": override(QUANTITY, quantity, (cpu) => withResources("requests", { cpu })),
  "heddle.dev/proxy-memory": override(QUANTITY, quantity, (memory) => withResources("requests", { memory })),
  "heddle.dev/proxy-cpu-limit": override(QUANTITY, quantity, (cpu) => withResources("limits", { cpu })),
  "heddle.dev/proxy-memory-limit": override(QUANTITY, quantity, (memory) => withResources("limits", { memory })),
  "heddle.dev/concurrency": override("a number from 1 to 64", number(z.int().min(1).max(64)), (concurrency) =>
    withProxy({ concurrency }),
  ),
  "heddle.dev/log-level": override(`one of ${LOG_LEVELS.join(", ")}`, z.enum(LOG_LEVELS), (logLevel) =>
    withProxy({ logLevel }),
  ),
  [CAPTURE]: override("transparent or explicit", z.enum(["transparent", "explicit"]), (mode) => withCapture({ mode })),
  "heddle.dev/include-inbound-ports": override(PORTS, portList, (includeInboundPorts) =>
    withCapture({ includeInboundPorts }),
  ),
  "heddle.dev/exclude-inbound-ports": override(PORTS, portList, (excludeInboundPorts) =>
    withCapture({ excludeInboundPorts }),
  ),
  "heddle.dev/include-outbound-cidrs": override(CIDRS, list(cidr), (includeOutboundCidrs) =>
    withCapture({ includeOutboundCidrs }),
  ),
  "heddle.dev/exclude-outbound-ports": override(PORTS, portList, (excludeOutboundPorts) =>
    withCapture({ excludeOutboundPorts }),
  ),
  "heddle.dev/exclude-outbound-cidrs": override(CIDRS, list(cidr), (excludeOutboundCidrs) =>
    withCapture({ excludeOutboundCidrs }),
  ),
  "heddle.dev/startup": override("whenReady or always", z.enum(["whenReady", "always"]), (startup) => {
    return (settings) => ({ ...settings, startup });
  }),
  "heddle.dev/drain-seconds": override("seconds from 0 to 600", number(z.int().min(0).max(600)), (drainSeconds) => {
    return (settings) => ({ ...settings, drainSeconds });
  }),
};

export interface Overridden {
  readonly settings: InjectorSettings;
  /** Annotations that are not understood. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The settings for one pod.
 *
 * @param ref the pod, or what makes it, as diagnostics name it
 */
export function overridden(
  settings: InjectorSettings,
  annotations: Readonly<Record<string, string>>,
  ref: ObjectRef,
): Overridden {
  const diagnostics: Diagnostic[] = [];
  let result = settings;
  for (const [name, { right, read }] of Object.entries(OVERRIDES)) {
    const text = annotations[name];
    if (text === undefined) continue;
    const change = read(text);
    if (change) result = change(result);
    else diagnostics.push(wrong(ref, name, `${show(text)} is not understood: it must be ${right}`));
  }
  return { settings: result, diagnostics: [...diagnostics, ...tooMuch(result, annotations, ref)] };
}

/** Requests that the pod raised above their limit, or limits that it set below. */
function tooMuch(
  { proxy }: InjectorSettings,
  annotations: Readonly<Record<string, string>>,
  ref: ObjectRef,
): readonly Diagnostic[] {
  const { requests, limits } = proxy.resources;
  return (["cpu", "memory"] as const).flatMap((resource) => {
    const [request, limit] = [requests[resource], limits[resource]];
    const names = [`heddle.dev/proxy-${resource}`, `heddle.dev/proxy-${resource}-limit`] as const;
    const given = names.find((name) => annotations[name] !== undefined);
    if (given === undefined || !exceeds(request, limit)) return [];
    const message = `the sidecar would ask for ${request} and be allowed ${limit}: give ${names.join(" and ")} so that the first is no more than the second`;
    return [wrong(ref, given, message)];
  });
}

function wrong(ref: ObjectRef, name: string, message: string): Diagnostic {
  return diagnostic("HED2101", { ref, path: `metadata.annotations["${name}"]`, message });
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
