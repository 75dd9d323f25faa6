/** What the xDS server reports, as metrics and log lines. */
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { type Action, shortType, type XdsEvent } from "../xds/index.ts";
import type { Convergence } from "./convergence.ts";

/** @param open streams whose client has said who it is; kept from one event to the next */
export function recordEvent(
  event: XdsEvent,
  open: Set<number>,
  { metrics, logger, convergence }: { metrics: Metrics; logger: Logger; convergence: Convergence },
): void {
  const { node, stream } = event;
  switch (event.kind) {
    case "connect":
      metrics.streams.set(open.add(stream).size);
      logger.info({ proxy: node.id, envoy: node.version, stream }, "proxy connected");
      break;
    case "disconnect":
      convergence.forget(stream);
      if (!open.delete(stream)) break;
      metrics.streams.set(open.size);
      logger.info({ proxy: node.id, stream }, "proxy disconnected");
      break;
    case "refused-stream":
      metrics.refusedStreams.inc();
      logger.warn({ stream }, "stream refused: too many are open");
      break;
    case "unauthenticated":
      metrics.unauthenticated.inc({ reason: event.reason });
      logger.debug({ stream, reason: event.reason }, "stream refused: the caller is not who it should be");
      break;
    case "refused-connection":
      metrics.refusedConnections.inc({ reason: event.reason });
      logger.debug({ reason: event.reason }, "connection refused");
      break;
    case "action":
      recordAction(event.action);
      break;
    default:
      event satisfies never;
  }

  function recordAction(action: Action): void {
    switch (action.kind) {
      case "send": {
        const { typeUrl, nonce, resources, removed } = action.response;
        const type = shortType(typeUrl);
        metrics.responses.inc({ type });
        metrics.resources.inc({ type }, resources.length + removed.length);
        metrics.bytes.inc({ type }, event.kind === "action" ? event.bytes : 0);
        convergence.sent(stream, type, nonce);
        logger.debug({ proxy: node.id, type, nonce, resources: resources.length, removed: removed.length }, "sent");
        break;
      }
      case "ack":
      case "nack": {
        const type = shortType(action.typeUrl);
        convergence.answered(stream, type, action.nonce);
        if (action.kind === "ack") metrics.acks.inc({ type });
        else {
          metrics.nacks.inc({ type });
          logger.warn(
            { proxy: node.id, type, resources: action.culprits, reason: action.reason },
            "proxy refused configuration; it keeps the last good version",
          );
        }
        break;
      }
      case "stale":
        metrics.stale.inc({ type: shortType(action.typeUrl) });
        break;
      case "cure":
        metrics.cures.inc({ reason: action.reason });
        logger.warn(
          { proxy: node.id, reason: action.reason, clusters: action.names },
          "proxy had gone silent; clusters sent again",
        );
        break;
      case "close":
        logger.warn({ proxy: node.id, code: action.code, reason: action.message }, "stream ended");
        break;
      case "asked":
      case "wake":
        break;
      default:
        action satisfies never;
    }
  }
}
