/**
 * TLS in front of a gRPC server. The handshake is Heddle's own, so that a certificate can be replaced without closing a
 * connection, and so that whoever fails at the door is counted.
 */
import { createServer, type TLSSocket } from "node:tls";
import type { AddressInfo, Socket } from "node:net";
import { HeddleError, messageOf } from "../base/errors.ts";

export interface ServerCertificate {
  /** PEM, the leaf first. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

/**
 * - `plaintext`: the client speaks no TLS
 * - `untrusted`: the client does not trust the server's certificate
 * - `alpn`: the client does not offer HTTP/2
 * - `handshake`: anything else
 */
export type TlsRefusal = "plaintext" | "untrusted" | "alpn" | "handshake";

export interface TlsListener {
  readonly port: number;
  /** New connections see the new certificate; open ones live on. */
  setCertificate(certificate: ServerCertificate): void;
  close(): void;
}

export interface TlsListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly certificate: ServerCertificate;
  /** Connections at once, handshakes included; further ones wait in the kernel. */
  readonly maxConnections: number;
  readonly onConnection: (socket: TLSSocket) => void;
  readonly onRefused: (reason: TlsRefusal) => void;
}

/** Longest time for a handshake, in milliseconds. */
const HANDSHAKE_LIMIT = 10_000;

/** @throws HeddleError XDS_LISTEN */
export function listenTls(options: TlsListenerOptions): Promise<TlsListener> {
  const { host, port, certificate, maxConnections, onConnection, onRefused } = options;
  const server = createServer(
    { ...contextOf(certificate), ALPNProtocols: ["h2"], handshakeTimeout: HANDSHAKE_LIMIT },
    (socket) => {
      if (socket.alpnProtocol === "h2") return onConnection(socket);
      onRefused("alpn");
      socket.destroy();
    },
  );
  server.maxConnections = maxConnections;
  server.on("tlsClientError", (error, socket: Socket) => {
    onRefused(refusalOf(error));
    socket.destroy();
  });
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new HeddleError("XDS_LISTEN", `cannot listen on ${host}:${port}: ${messageOf(cause)}`, { cause }));
    });
    server.listen(port, host, () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        setCertificate: (next) => server.setSecureContext(contextOf(next)),
        close: () => void server.close(),
      }),
    );
  });
}

function contextOf({ certificate, key }: ServerCertificate) {
  return { cert: certificate, key, minVersion: "TLSv1.2" as const };
}

/** OpenSSL's reasons, as Node reports them. */
function refusalOf(error: Error): TlsRefusal {
  if (/http request|wrong version number|unknown protocol|packet length too long/i.test(error.message))
    return "plaintext";
  if (/unknown ca|bad certificate|certificate unknown/i.test(error.message)) return "untrusted";
  return "handshake";
}
