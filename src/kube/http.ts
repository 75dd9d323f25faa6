/** One HTTP exchange with the API server. Every wait has a limit, and every failure is a `KubeError`. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { messageOf } from "../base/errors.ts";
import { KubeError } from "./errors.ts";

export interface Exchange {
  readonly url: URL;
  /** TLS, credentials and agent. */
  readonly options: RequestOptions;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Longest silence on the socket, in milliseconds, before the answer and within it. */
  readonly idle: number;
  readonly signal: AbortSignal | undefined;
}

/** Bytes of an answer that is no stream. A page of 500 large objects stays below. */
const MAX_ANSWER = 256 * 1024 * 1024;
/** Half-open connections are noticed by the kernel after this time without traffic and ten probes, a second each. */
const KEEPALIVE_DELAY = 15_000;

/**
 * Sends a request and resolves with the answer's head, when it is a success.
 *
 * @throws KubeError with what the API server said, or with status 0 when no answer came
 */
export function exchange({ url, options, method, headers, body, idle, signal }: Exchange): Promise<IncomingMessage> {
  const send = url.protocol === "http:" ? httpRequest : httpsRequest;
  const about = `${method} ${url.pathname}`;
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => {
      reject(new KubeError(`${about}: the API server does not answer: ${messageOf(cause)}`, { cause }));
    };
    let head: IncomingMessage | undefined;
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const request = send(
      url,
      {
        ...options,
        method,
        headers: { ...options.headers, ...headers, ...length },
        // As an option it counts while connecting, too: `setTimeout` would begin only after it.
        timeout: idle,
        ...(signal && { signal }),
      },
      (response) => {
        head = response;
        response.on("error", () => {});
        const { statusCode = 0 } = response;
        if (statusCode >= 200 && statusCode < 300) return resolve(response);
        refusal(about, response).then(reject, fail);
      },
    );
    // The reader of an answer learns why it broke off only from the answer itself.
    request.on("timeout", () => (head ?? request).destroy(new Error(`nothing was received for ${idle} ms`)));
    request.on("socket", (socket) => socket.setKeepAlive(true, KEEPALIVE_DELAY));
    request.on("error", fail);
    request.end(body);
  });
}

/** The whole answer as text. @throws KubeError */
export async function readAll(about: string, response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_ANSWER) throw new Error(`the answer is larger than ${MAX_ANSWER} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new KubeError(`${about}: the answer broke off: ${messageOf(cause)}`, { cause });
  }
  return Buffer.concat(chunks).toString();
}

async function refusal(about: string, response: IncomingMessage): Promise<KubeError> {
  const status = response.statusCode ?? 0;
  const text = await readAll(about, response);
  const { message, reason } = statusOf(text);
  const seconds = Number(response.headers["retry-after"]);
  const retryAfter = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
  return new KubeError(`${about}: ${status} ${message || response.statusMessage || "refused"}`, {
    status,
    reason,
    retryAfter,
  });
}

/** What a Status object says; empty where the text is none. */
export function statusOf(text: string): { readonly message: string; readonly reason: string } {
  try {
    const value: unknown = JSON.parse(text);
    const { message, reason } = (value ?? {}) as { message?: unknown; reason?: unknown };
    return {
      message: typeof message === "string" ? message : "",
      reason: typeof reason === "string" ? reason : "",
    };
  } catch {
    return { message: "", reason: "" };
  }
}
