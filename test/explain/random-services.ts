/** Services with a policy each, whose every endpoint has a loopback address of its own. */
import fc from "fast-check";
import type { SentRequest } from "../../src/explain/request.ts";
import type { Service } from "../../src/model/snapshot.ts";
import { hostsOf } from "../../src/translate/domains.ts";
import { aimedAt } from "./aimed-request.ts";
import { arbitraryRequest } from "./arbitrary-calls.ts";

/** Namespace of the caller, and of most services. */
export const NAMESPACE = "shop";

/**
 * Service `s0` has the first spec, and so on. Some are headless, some in another namespace, and of some the pod of version 2 is not
 * ready.
 *
 * @param ports of every service: HTTP, undeclared, and HTTP or TCP
 * @param caller annotations of the pod `web`
 */
export function manifestsOf(
  specs: readonly object[],
  ports: readonly number[],
  targetPort: number,
  caller: Readonly<Record<string, string>>,
): readonly object[] {
  const web = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: NAMESPACE, labels: { team: "a" }, annotations: caller },
    status: { podIP: "127.9.0.1" },
  };
  return [web, ...specs.flatMap((spec, index) => serviceOf(spec, index, ports, targetPort))];
}

function serviceOf(spec: object, index: number, ports: readonly number[], targetPort: number): readonly object[] {
  const [app, place] = [`s${index}`, `${index >> 8}.${index & 255}`];
  const metadata = { name: app, namespace: index % 4 === 1 ? "other" : NAMESPACE };
  const names = ["http", "auto", index % 3 === 0 ? "tcp" : "http-b"];
  const pod = (version: string, podIP: string, ready: boolean): object => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...metadata, name: `${app}-${version}`, labels: { app, version } },
    status: { podIP, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
  });
  return [
    pod("v1", `127.1.${place}`, true),
    pod("v2", `127.2.${place}`, index % 5 !== 0),
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: {
        clusterIP: index % 7 === 3 ? "None" : `127.3.${place}`,
        selector: { app },
        ports: ports.map((port, i) => ({ name: names[i], port, targetPort })),
      },
    },
    {
      apiVersion: "heddle.dev/v1alpha1",
      kind: "TrafficPolicy",
      metadata,
      spec: { targetRefs: [{ kind: "Service", name: app }], ...spec },
    },
  ];
}

/** What an application does, in terms of a mesh that is not known yet. */
export interface RandomCall {
  /** Index of the service, to be taken modulo. */
  readonly service: number;
  readonly port: number;
  readonly tcp: boolean;
  /** To an address that is none of the mesh's. */
  readonly elsewhere: boolean;
  readonly host: {
    readonly name: number;
    readonly upper: boolean;
    readonly port: "none" | "own" | "other";
    readonly stranger: string;
  };
  readonly request: Omit<SentRequest, "authority">;
  /** The route that the request is changed to meet, if any. */
  readonly aim: { readonly route: number; readonly alternative: number; readonly first: boolean } | undefined;
}

/**
 * Whether older Envoys take it as 1.40 does: these compare the values of a header that stands several times as one, joined by commas,
 * and see a name in `..;x`.
 */
export function isOfOldMeaning({ path, headers }: Omit<SentRequest, "authority">): boolean {
  const names = headers.map(([name]) => name.toLowerCase());
  return new Set(names).size === names.length && !path.includes(";x");
}

/** What a client sends to a service. */
export function requestTo({ policy }: Service, { request, aim }: RandomCall): Omit<SentRequest, "authority"> {
  const routes = (policy?.spec.routes ?? []).filter(({ match }) => match);
  const matches = routes[(aim?.route ?? 0) % routes.length]?.match;
  return aim && matches ? aimedAt(matches[aim.alternative % matches.length]!, request, aim.first) : request;
}

/** True about once in so many. */
function seldom(many: number): fc.Arbitrary<boolean> {
  return fc.nat(many - 1).map((n) => n === 0);
}

export const arbitraryCall: fc.Arbitrary<RandomCall> = fc.record({
  service: fc.nat(),
  port: fc.nat(2),
  tcp: seldom(12),
  elsewhere: seldom(12),
  host: fc.record({
    name: fc.nat(),
    upper: seldom(4),
    port: fc.constantFrom("none", "own", "own", "own", "own", "other"),
    stranger: fc.oneof(
      { arbitrary: fc.constant(""), weight: 12 },
      { arbitrary: fc.constantFrom("unknown.example", "s0.nowhere", "pod.s3.shop", "s3.shop.", ".s3.shop"), weight: 1 },
    ),
  }),
  request: arbitraryRequest,
  aim: fc.option(fc.record({ route: fc.nat(), alternative: fc.nat(), first: fc.boolean() }), {
    nil: undefined,
    freq: 3,
  }),
});

/** How a client writes the host: mostly a name of the service, now and then in upper case, with and without a port or a dot at its end. */
export function authorityOf(
  service: Service,
  port: number,
  { name, upper, port: which, stranger }: RandomCall["host"],
): string {
  const names = [...hostsOf(service, NAMESPACE), `${service.hostname}.`];
  const host = stranger === "" ? names[name % names.length]! : stranger;
  const cased = upper ? host.toUpperCase() : host;
  return which === "none" ? cased : `${cased}:${which === "own" ? port : 9}`;
}
