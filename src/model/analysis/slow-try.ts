import type { Diagnostic } from "../../base/diagnostic.ts";
import { finding, ofRoutes } from "./subject.ts";

/** Tries for which the route's timeout leaves no time. */
export const slowTries = ofRoutes((policy, { timeout, retries }, path): readonly Diagnostic[] => {
  const perTry = retries?.perTryTimeout;
  if (!timeout || !perTry) return [];
  const at = `${path}.retries.perTryTimeout`;
  if (perTry > timeout) {
    const message = `is ${perTry}ms, longer than the route's timeout of ${timeout}ms, which ends the request first`;
    return [finding(policy, "HED1308", at, message)];
  }
  const { attempts } = retries;
  if (attempts === 0 || attempts * perTry < timeout) return [];
  const message =
    `is ${perTry}ms: where ${attempts === 1 ? "the first try takes" : `the first ${attempts} tries take`} that long, the route's timeout ` +
    `of ${timeout}ms is over before the last try of ${attempts + 1} begins`;
  return [finding(policy, "HED1349", at, message)];
});
