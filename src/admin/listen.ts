import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { HeddleError } from "../base/errors.ts";

/** An HTTP interface that can be opened on one address. */
export interface HttpInterface {
  /** @returns the port. @throws HeddleError ADMIN_LISTEN */
  listen(address: { readonly host: string; readonly port: number }): Promise<number>;
  close(): Promise<void>;
}

export function httpInterface(app: Hono): HttpInterface {
  const server = createAdaptorServer({ fetch: app.fetch });
  return {
    listen: ({ host, port }) =>
      new Promise((resolve, reject) => {
        server.once("error", (error) => {
          reject(
            new HeddleError("ADMIN_LISTEN", `cannot listen on ${host}:${port}: ${error.message}`, { cause: error }),
          );
        });
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}
