/** Whether an Envoy did what was said. */
import type { Explanation, Outcome } from "../../src/explain/explain.ts";
import type { SentRequest } from "../../src/explain/request.ts";
import type { Answer } from "./sidecar.ts";

/** What differs, in words; undefined where nothing does. */
export function disagreement(said: Explanation, got: Answer, request: SentRequest): string | undefined {
  const { outcome } = said;
  const status = (expected: number) => differs("status", expected, got.status);
  switch (outcome.kind) {
    case "refused":
      return status(outcome.status);
    case "answered":
      return status(outcome.status) ?? answered(outcome, said, got, request);
    case "redirected":
      return (
        status(outcome.status) ??
        otherRoute(said, got) ??
        differs("location", outcome.location, got.headers["location"])
      );
    case "forwarded":
      return forwarded(outcome, got) ?? (got.headers["x-at"] === undefined ? undefined : otherRoute(said, got));
    case "direct":
      return "it came to the sidecar";
  }
}

/** Routes of policies tell their name in a header of the answer; those that Heddle adds do not. */
function otherRoute({ routing }: Explanation, got: Answer): string | undefined {
  const name = routing?.route?.name ?? "";
  return differs("route", /^r\d+$/.test(name) ? name : undefined, got.headers["x-route"]);
}

function answered(
  { by, body }: Outcome & { readonly kind: "answered" },
  said: Explanation,
  got: Answer,
  { method }: SentRequest,
): string | undefined {
  const route = by.includes("CORS") ? undefined : otherRoute(said, got);
  return route ?? differs("body", method === "HEAD" ? "" : body, got.body);
}

function differs(what: string, expected: unknown, actual: unknown): string | undefined {
  return expected === actual ? undefined : `${what} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`;
}

function forwarded(outcome: Outcome & { readonly kind: "forwarded" }, got: Answer): string | undefined {
  const groups = outcome.destinations.map(({ endpoints }) => endpoints.filter(({ ready }) => ready));
  const places = groups.flat().map(({ address }) => address);
  const at = got.headers["x-at"];
  if (at === undefined) {
    const nobody = groups.some((ready) => ready.length === 0);
    return nobody && [503, 0].includes(got.status) ? undefined : `status is ${got.status}, expected ${places.join()}`;
  }
  if (!places.includes(at)) return `it went to ${at}, not ${places.join()}`;
  if (!outcome.sentOn) return undefined;
  return differs("seen", outcome.sentOn.authority + outcome.sentOn.path, got.headers["x-seen"]);
}
