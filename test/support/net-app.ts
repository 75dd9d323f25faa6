/**
 * An application inside a network namespace: `node net-app.ts NAME http:8080 echo:5432 greet:3306 udp:7000 tls:443`. HTTP answers its
 * name and who called; echo and udp send back what they get, behind the name; greet speaks first, as MySQL does; tls says which name it
 * was asked for.
 */
import { createSocket } from "node:dgram";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { CERTIFICATE, PRIVATE_KEY } from "./test-certificate.ts";

const [name = "app", ...services] = process.argv.slice(2);

for (const service of services) {
  const [kind, port = "0"] = service.split(":");
  if (kind === "http") {
    createHttpServer((request, response) => {
      const { host } = request.headers;
      response.end(JSON.stringify({ app: name, host, from: request.socket.remoteAddress, path: request.url }));
    }).listen(Number(port), "0.0.0.0");
  } else if (kind === "tls") {
    createTlsServer({ cert: CERTIFICATE, key: PRIVATE_KEY }, (socket) => {
      socket.on("error", () => socket.destroy());
      socket.end(`${name}: ${String(socket.servername)}`);
    }).listen(Number(port), "0.0.0.0");
  } else if (kind === "udp") {
    const socket = createSocket("udp4");
    socket.on("message", (data, from) => socket.send(`${name}: ${data.toString()}`, from.port, from.address));
    socket.bind(Number(port));
  } else {
    createServer((socket: Socket) => {
      socket.on("error", () => socket.destroy());
      if (kind === "greet") socket.write(`${name} greets\n`);
      socket.on("data", (data: Buffer) => socket.write(`${name}: ${data.toString()}`));
    }).listen(Number(port), "0.0.0.0");
  }
}
