/** One HTTP request of a test, on a connection of its own. */
import { type IncomingHttpHeaders, request, type RequestOptions } from "node:http";

export interface Response {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

export function httpSend(port: number, options: RequestOptions = {}): Promise<Response> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, timeout: 10_000, agent: false, ...options }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    call.on("timeout", () => call.destroy(new Error("timed out")));
    call.on("error", reject);
    call.end();
  });
}

/** How many answers had each status. */
export function statusCounts(answers: readonly { readonly status: number }[]): Readonly<Record<number, number>> {
  const groups = Map.groupBy(answers, ({ status }) => status);
  return Object.fromEntries([...groups].map(([status, found]) => [status, found.length]));
}
