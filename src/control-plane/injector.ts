/** The webhook that gives pods their sidecar. */
import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import { HeddleError, messageOf } from "../base/errors.ts";
import { admit } from "../inject/admission.ts";
import { injectorSettings, type InjectorSettings } from "../inject/settings.ts";
import { templateHash } from "../inject/template-hash.ts";
import { createWebhookServer } from "../kube/webhook-server.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Config } from "./config.ts";
import type { Identity } from "./identity.ts";
import type { Pipeline } from "./pipeline.ts";
import type { SidecarConfigs } from "./sidecar-config.ts";

export interface Injector {
  /** Hash of what new sidecars are made from. */
  readonly template: string;
  close(): Promise<void>;
}

export interface InjectorDeps {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly pipeline: Pipeline;
  readonly identity: Identity;
  readonly configs: SidecarConfigs;
}

/** Undefined where the configuration asks for none. @throws HeddleError INJECTOR_CONFIG, WEBHOOK_LISTEN */
export async function startInjector(config: Config, deps: InjectorDeps): Promise<Injector | undefined> {
  const { logger, metrics, pipeline, identity, configs } = deps;
  if (config.injectorConfig === undefined) return undefined;
  const settings = await readSettings(config.injectorConfig);
  const server = createWebhookServer({
    certificate: identity.current().serverCertificate,
    routes: {
      "/inject": async (review) => {
        const namespaces = pipeline.mesh?.namespaces;
        const admission = admit(review, settings, (namespace) => namespaces?.get(namespace)?.labels ?? {});
        metrics.injections.inc({ outcome: admission.outcome });
        // Before the pod exists: the kubelet waits for the files, but not gladly.
        if (admission.outcome === "injected" && !admission.dryRun) await configs.ensure(admission.namespace);
        return admission.review;
      },
    },
    onError: (err) => logger.error({ err }, "a pod could not be judged"),
  });
  identity.onChange(({ serverCertificate }) => server.setCertificate(serverCertificate));
  await server.listen(config.webhookAddress);
  return { template: templateHash(settings), close: () => server.close() };
}

async function readSettings(file: string): Promise<InjectorSettings> {
  let value: unknown;
  try {
    value = parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw new HeddleError("INJECTOR_CONFIG", `cannot read the injector's settings: ${messageOf(cause)}`, { cause });
  }
  const parsed = injectorSettings.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new HeddleError("INJECTOR_CONFIG", `${file}: ${issues.join("; ")}`);
}
