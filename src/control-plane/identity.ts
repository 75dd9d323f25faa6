/** The certificate that the control plane serves with: from a mounted Secret, or from a CA of its own that all replicas share. */
import type { Clock } from "../base/clock.ts";
import { createAuthority } from "../identity/authority-store.ts";
import { watchCertificateFiles } from "../identity/certificate-files.ts";
import type { Identity, IdentityEvent } from "../identity/identity.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Config } from "./config.ts";

export type { Identity };

/** @throws HeddleError when there is no certificate to begin with */
export async function openIdentity(
  { tlsDir, namespace, service, clusterDomain }: Config,
  { client, clock, logger }: { readonly client: KubeClient; readonly clock: Clock; readonly logger: Logger },
): Promise<Identity> {
  const dnsNames = [`${service}.${namespace}.svc`, `${service}.${namespace}.svc.${clusterDomain}`];
  const onEvent = (event: IdentityEvent): void => {
    const { kind, detail } = event;
    if (kind === "failed") logger.warn({ kind }, `the control plane's certificate: ${detail}`);
    else logger.info({ kind }, `the control plane's certificate: ${detail}`);
  };
  const identity =
    tlsDir === undefined
      ? createAuthority({ client, clock, namespace, secretName: `${service}-ca`, dnsNames, onEvent })
      : watchCertificateFiles({ directory: tlsDir, clock, onEvent });
  await identity.start();
  return identity;
}
