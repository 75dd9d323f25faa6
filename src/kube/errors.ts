import { HeddleError } from "../base/errors.ts";

/** Why a request to the API server failed: it refused (`KUBE_API`), or no answer came (`KUBE_UNREACHABLE`). */
export class KubeError extends HeddleError {
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** The `reason` of the API server's Status object, such as `NotFound` or `Expired`; "" where it gave none. */
  readonly reason: string;
  /** Milliseconds to wait before the next try, where the API server asked for it. */
  readonly retryAfter: number | undefined;

  constructor(
    message: string,
    {
      status = 0,
      reason = "",
      retryAfter,
      cause,
    }: Partial<Pick<KubeError, "status" | "reason" | "retryAfter" | "cause">>,
  ) {
    super(status === 0 ? "KUBE_UNREACHABLE" : "KUBE_API", message, cause === undefined ? {} : { cause });
    this.name = "KubeError";
    this.status = status;
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

/** The object exists already, or it changed since it was read. */
export function isConflict(error: unknown): boolean {
  return error instanceof KubeError && error.status === 409;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof KubeError && error.status === 404;
}

/** The resource version, or the place in a paged list, is too old for the API server to go on from. */
export function isExpired(error: unknown): boolean {
  return error instanceof KubeError && error.status === 410;
}
