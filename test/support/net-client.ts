/**
 * One call from inside a network namespace: `node net-client.ts '{"kind":"http","address":"10.96.0.1","port":80,"host":"checkout"}'`.
 * Prints `{status, body}` of HTTP, `{text}` of TCP and UDP, or `{error}`.
 */
import { createSocket } from "node:dgram";
import { request } from "node:http";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";

export interface Call {
  readonly kind: "http" | "tcp" | "tls" | "udp";
  readonly address: string;
  readonly port: number;
  /** Of TLS the name that is asked for; whose certificate comes is not looked at. */
  readonly host?: string;
  readonly path?: string;
  /** TCP: what to send; left out, the server is to speak first. */
  readonly send?: string;
}

export interface Answer {
  readonly status?: number;
  readonly body?: string;
  readonly text?: string;
  readonly error?: string;
}

const LIMIT = 5000;

function call({ kind, address, port, host, path, send }: Call): Promise<Answer> {
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve({ error: error.message });
    if (kind === "http") {
      const headers = host === undefined ? {} : { host };
      const sent = request({ host: address, port, path, headers, timeout: LIMIT, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      });
      sent.on("timeout", () => sent.destroy(new Error("timed out")));
      sent.on("error", failed);
      sent.end();
      return;
    }
    if (kind === "udp") {
      const socket = createSocket("udp4").on("error", failed);
      const answered = (answer: Answer): void => {
        clearTimeout(timer);
        socket.close();
        resolve(answer);
      };
      const timer = setTimeout(() => answered({ error: "timed out" }), LIMIT);
      socket.on("message", (data) => answered({ text: data.toString() }));
      socket.send(send ?? "", port, address);
      return;
    }
    const socket =
      kind === "tls"
        ? connectTls({ host: address, port, servername: host, rejectUnauthorized: false })
        : connect({ host: address, port });
    socket.setTimeout(LIMIT, () => socket.destroy(new Error("timed out")));
    socket.on("error", failed);
    socket.on("close", () => resolve({ error: "closed without an answer" }));
    socket.on("connect", () => {
      if (send !== undefined) socket.write(send);
    });
    socket.on("data", (data: Buffer) => {
      resolve({ text: data.toString() });
      socket.destroy();
    });
  });
}

if (import.meta.main) {
  const answer = await call(JSON.parse(process.argv[2] ?? "{}") as Call);
  process.stdout.write(JSON.stringify(answer));
}
