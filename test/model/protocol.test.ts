import { expect, test } from "vitest";
import { portProtocol } from "../../src/model/protocol.ts";

const port = { name: "", port: 9000, targetPort: 9000, protocol: "TCP", appProtocol: "" } as const;

test.each([
  [{ protocol: "UDP", appProtocol: "http" }, "UDP"],
  [{ appProtocol: "http", name: "tcp-x" }, "HTTP"],
  [{ appProtocol: "HTTP" }, "HTTP"],
  [{ appProtocol: "https" }, "TLS"],
  [{ appProtocol: "tls" }, "TLS"],
  [{ appProtocol: "tcp" }, "TCP"],
  [{ appProtocol: "grpc" }, "GRPC"],
  [{ appProtocol: "http2" }, "HTTP2"],
  [{ appProtocol: "kubernetes.io/h2c" }, "HTTP2"],
  [{ appProtocol: "kubernetes.io/ws" }, "HTTP"],
  [{ appProtocol: "kubernetes.io/wss" }, "TLS"],
  [{ appProtocol: "mysql" }, "TCP"],
  [{ appProtocol: "example.com/own", name: "http" }, "Auto"],
  [{ appProtocol: "constructor" }, "Auto"],
  [{ name: "http" }, "HTTP"],
  [{ name: "http-web" }, "HTTP"],
  [{ name: "https-web" }, "TLS"],
  [{ name: "grpc" }, "GRPC"],
  [{ name: "grpc-web" }, "HTTP"],
  [{ name: "grpc-web-ui" }, "HTTP"],
  [{ name: "grpc-webhook" }, "GRPC"],
  [{ name: "tcp-db" }, "TCP"],
  [{ name: "httpx" }, "Auto"],
  [{ name: "web" }, "Auto"],
  [{ port: 25 }, "TCP"],
  [{ port: 53 }, "TCP"],
  [{ port: 3306 }, "TCP"],
  [{ port: 27017 }, "TCP"],
  [{ port: 3306, name: "http" }, "HTTP"],
  [{ port: 80 }, "Auto"],
] as const)("%j is %s", (fields, protocol) => {
  expect(portProtocol({ ...port, ...fields })).toBe(protocol);
});
