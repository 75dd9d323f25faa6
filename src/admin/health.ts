/** What the kubelet and Prometheus ask: the part of the admin interface that may be seen from other machines. */
import { Hono } from "hono";
import type { Registry } from "prom-client";

export interface HealthView {
  readonly metrics: Registry;
  /** Reasons not to be ready; none when ready. */
  notReady(): readonly string[];
}

export function createHealthApp(view: HealthView): Hono {
  const app = new Hono();
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", (c) => {
    const reasons = view.notReady();
    return reasons.length === 0 ? c.text("ok\n") : c.text(`${reasons.join("\n")}\n`, 503);
  });
  app.get("/metrics", async (c) =>
    c.body(await view.metrics.metrics(), 200, { "content-type": view.metrics.contentType }),
  );
  return app;
}
