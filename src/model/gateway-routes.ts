/** Rules of a Gateway API route as routes of one service port. */
import type { Retries } from "../api/traffic-policy.ts";
import { diagnostic } from "../base/diagnostic-codes.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import { regexProblem } from "../base/regex.ts";
import { type BackendScope, mirrorsOf, sharesOf } from "./gateway-backends.ts";
import { filtered, type Unsupported } from "./gateway-filters.ts";
import { type GatewayRule, type GatewayRouteObject, type RankedMatch, rulesOf } from "./gateway-rules.ts";
import type { MeshRoute } from "./mesh-route.ts";

export interface RankedRoute {
  readonly route: MeshRoute;
  readonly rank: RankedMatch["rank"];
}

export interface ConvertedRules {
  /** A route for each match, in the order of the rules. */
  readonly routes: readonly RankedRoute[];
  readonly supported: "all" | "some" | "none";
  readonly findings: readonly Diagnostic[];
}

/** @param port of the service that the route is attached to */
export function convertRules(object: GatewayRouteObject, port: number, scope: BackendScope): ConvertedRules {
  const rules = rulesOf(object);
  const converted = rules.map((rule) => convert(rule, port, scope));
  const whole = converted.filter(({ supported }) => supported).length;
  return {
    routes: converted.flatMap(({ routes }) => routes),
    supported: whole === rules.length ? "all" : whole === 0 ? "none" : "some",
    findings: [
      ...(object.spec.hostnames.length > 0 ? [unheeded(scope, "spec.hostnames")] : []),
      ...rules.flatMap(({ path, unheeded: fields }) => fields.map((field) => unheeded(scope, `${path}.${field}`))),
      ...converted.flatMap(({ findings }) => findings),
    ],
  };
}

function unheeded({ route }: BackendScope, path: string): Diagnostic {
  return diagnostic("HED1342", { ref: route, path, message: "has no effect on requests to a Service" });
}

/**
 * A rule with a part that is not supported answers 500: what it asks for, such as authorization, must not be skipped, and the
 * requests must not fall through to another rule.
 */
function convert(rule: GatewayRule, port: number, scope: BackendScope) {
  const findings: Diagnostic[] = [];
  let supported = true;
  const report = (finding: Diagnostic): void => void findings.push(finding);
  const unsupported: Unsupported = (path, message) => {
    supported = false;
    report(diagnostic("HED1341", { ref: scope.route, path: `${rule.path}.${path}`, message }));
  };
  const body = bodyOf(rule, port, scope, report, unsupported);
  checkPatterns(rule, unsupported);
  const name = `${scope.route.kind}/${scope.route.namespace}/${scope.route.name}/${rule.name}`;
  const refused = { directResponse: { status: 500 } };
  const routes = rule.matches.flatMap(({ match, rank }): readonly RankedRoute[] => {
    // A pattern that is none matches nothing.
    if (patternsOf(match).some((pattern) => patternProblem(pattern) !== undefined)) return [];
    return [{ route: { name, match: [match], ...(supported ? body : refused) }, rank }];
  });
  return { routes, supported, findings };
}

function bodyOf(
  rule: GatewayRule,
  port: number,
  scope: BackendScope,
  report: (finding: Diagnostic) => void,
  unsupported: Unsupported,
): MeshRoute {
  const filters = filtered(rule.filters, port, unsupported);
  const shares = sharesOf(scope, rule, report, unsupported);
  const mirror = mirrorsOf(scope, rule, report);
  const { headers, redirect, cors } = filters;
  const answering = { ...(headers && { headers }), ...(cors && { cors }) };
  if (redirect) return { ...answering, redirect };
  // As the Gateway API has it: where nothing takes a request, it is the route's fault.
  if (shares.every(({ unresolved }) => unresolved)) return { ...answering, directResponse: { status: 500 } };
  return { ...filters, split: shares, ...(mirror.length > 0 && { mirror: [...mirror] }), ...patience(rule) };
}

/** Failures after which a route that asks for retries has them, beside its status codes. */
const CONNECTION_ERRORS: NonNullable<Retries["conditions"]> = ["connect-failure", "refused-stream", "reset"];
const ATTEMPTS = 2;

function patience({ timeouts, retry }: GatewayRule): Pick<MeshRoute, "timeout" | "retries"> {
  const { request, backendRequest: perTry } = timeouts ?? {};
  // Without any retry the time for one try is that for all of it.
  const timeout = retry?.attempts === 0 && perTry ? Math.min(request || perTry, perTry) : request;
  return {
    ...(timeout !== undefined && { timeout }),
    ...((retry ?? perTry) && { retries: { ...retriesOf(retry), ...(perTry && { perTryTimeout: perTry }) } }),
  };
}

/** Without a word on retries they are tried as those of any other route, see `retry.ts` of the translation. */
function retriesOf(retry: GatewayRule["retry"]): Retries {
  if (!retry) return { attempts: ATTEMPTS };
  const { attempts = ATTEMPTS, codes = [], backoff } = retry;
  return {
    attempts,
    conditions: CONNECTION_ERRORS,
    ...(codes.length > 0 && { onStatus: codes }),
    ...(backoff && { backoff: { base: backoff } }),
  };
}

function patternsOf({ path, headers = [], query = [] }: RankedMatch["match"]): readonly string[] {
  return [path, ...headers, ...query].flatMap((part) => part?.regex ?? []);
}

function patternProblem(pattern: string): string | undefined {
  return pattern === "" ? "is empty" : regexProblem(pattern);
}

function checkPatterns({ matches }: GatewayRule, unsupported: Unsupported): void {
  for (const [index, { match }] of matches.entries()) {
    for (const pattern of patternsOf(match)) {
      const problem = patternProblem(pattern);
      if (problem !== undefined)
        unsupported(`matches[${index}]`, `${JSON.stringify(pattern)} is no RE2 pattern: it ${problem}`);
    }
  }
}
