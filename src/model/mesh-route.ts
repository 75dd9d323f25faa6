/** Routes as they are translated: those of a policy as they stand, those of the Gateway API in the same terms. */
import type { Route, Split } from "../api/traffic-policy.ts";

/** Where a share of the requests goes. A Gateway API route can say two things more of it than a policy. */
export interface RouteShare extends Split {
  /** Edits for this share alone. */
  readonly headers?: Route["headers"];
  /** It leads nowhere: its share of the requests is answered with 500. */
  readonly unresolved?: true;
}

export interface MeshRoute extends Omit<Route, "split"> {
  readonly split?: readonly RouteShare[] | undefined;
}
