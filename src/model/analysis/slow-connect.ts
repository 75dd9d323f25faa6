import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Policy } from "../snapshot.ts";
import { finding } from "./subject.ts";

/** Requests that end before it is known that an endpoint cannot be reached: no other one is tried. */
export function slowConnects(policy: Policy): readonly Diagnostic[] {
  const { routes = [], connection } = policy.spec;
  const connect = connection?.connectTimeout;
  if (connect === undefined) return [];
  const index = routes.findIndex(({ timeout }) => timeout && timeout <= connect);
  if (index < 0) return [];
  const message =
    `is ${connect}ms, and spec.routes[${index}] ends a request after ${routes[index]!.timeout}ms: where an endpoint does not answer, ` +
    "no other one is tried in time";
  return [finding(policy, "HED1353", "spec.connection.connectTimeout", message)];
}
