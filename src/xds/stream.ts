/**
 * Joins one gRPC stream to a session: reads requests, runs what the session asks for, tells it of snapshots, back-pressure
 * and time. Reading never waits for writing, so that a slow reader cannot deadlock its own ACKs.
 */
import { status as Code } from "@grpc/grpc-js";
import { messageOf } from "../base/errors.ts";
import { createAlarm } from "../base/alarm.ts";
import type { Clock } from "../base/clock.ts";
import { asAdmitted } from "./admission.ts";
import type { SnapshotCache } from "./cache.ts";
import { RequestTooLarge } from "./decode.ts";
import type { Fanout } from "./fanout.ts";
import type { NodeInfo } from "./node.ts";
import type { Action } from "./session-state.ts";
import type { RequestHead, Session } from "./session.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Response } from "./type-state.ts";
import { type Framed, HEADER_BYTES } from "./frame.ts";
import { createWire, type RawCall } from "./wire.ts";

/** How one protocol's messages are read and written. */
export interface Codec<Request extends RequestHead> {
  decode(bytes: Uint8Array, maxNames: number): Request;
  encode(response: Response): Framed;
}

export interface StreamDeps {
  readonly cache: SnapshotCache;
  readonly clock: Clock;
  readonly fanout: Fanout;
  readonly maxNames: number;
  /** Of a request. */
  readonly maxBytes: number;
  /** The only type of a per-type service; undefined on the aggregated one. */
  readonly typeUrl: string | undefined;
  /** The node's id, whatever the client says; undefined where its word is taken. */
  readonly node: string | undefined;
  /** When the stream is to end, by the clock; undefined for never. */
  readonly until: number | undefined;
  /** Told of each action after it was carried out, with the bytes that it put on the wire. */
  readonly onAction: (action: Action, bytes: number) => void;
  readonly onNode: (node: NodeInfo) => void;
  readonly onClose: () => void;
}

/** Serves `call` until either side ends it. Never throws; whatever the client sends ends at most its own stream. */
export function serveStream<Request extends RequestHead>(
  call: RawCall,
  session: Session<Request>,
  codec: Codec<Request>,
  deps: StreamDeps,
): void {
  const { clock, fanout } = deps;
  let unwatch: (() => void) | undefined;
  const alarm = createAlarm(clock, tick);
  let pending: Snapshot | undefined;
  let open = true;

  function run(actions: readonly Action[]): void {
    for (const action of actions) {
      if (!open) return;
      let written = 0;
      if (action.kind === "send") {
        const message = codec.encode(action.response);
        written = message.length - HEADER_BYTES;
        if (!wire.write(message) && session.state.writable) {
          run(session.step({ kind: "writable", writable: false }, clock.now()));
        }
      } else if (action.kind === "wake") {
        alarm.set(action.at);
        continue;
      }
      deps.onAction(action, written);
      if (action.kind === "close") end(Code[action.code], action.message);
    }
  }

  function tick(): void {
    if (open) run(session.step({ kind: "tick" }, clock.now()));
  }

  function onDrain(): void {
    if (open) run(session.step({ kind: "writable", writable: true }, clock.now()));
  }

  function takeSnapshot(): void {
    const snapshot = pending;
    pending = undefined;
    if (open && snapshot) run(session.step({ kind: "snapshot", snapshot }, clock.now()));
  }

  function onRequest(bytes: Buffer): void {
    if (!open) return;
    let request: Request;
    try {
      request = codec.decode(bytes, deps.maxNames);
    } catch (error) {
      const code = error instanceof RequestTooLarge ? Code.RESOURCE_EXHAUSTED : Code.INVALID_ARGUMENT;
      return end(code, `the request cannot be read: ${messageOf(error)}`);
    }
    if (deps.typeUrl !== undefined) {
      if (request.typeUrl !== "" && request.typeUrl !== deps.typeUrl) {
        return end(Code.INVALID_ARGUMENT, `this service serves ${deps.typeUrl}, not ${request.typeUrl}`);
      }
      request = { ...request, typeUrl: deps.typeUrl };
    }
    if (deps.node !== undefined) request = asAdmitted(request, deps.node, !unwatch);
    run(session.step({ kind: "request", request }, clock.now()));
    if (!unwatch && open) watch(session.state.node);
  }

  function watch(node: NodeInfo): void {
    deps.onNode(node);
    let first = true;
    unwatch = deps.cache.watch(node, (snapshot) => {
      pending = snapshot;
      // The first one answers the request at hand; later ones come to many streams at once.
      if (first) takeSnapshot();
      else fanout.schedule(takeSnapshot);
    });
    first = false;
  }

  function end(code: Code, message: string): void {
    if (!open) return;
    call.emit("error", { code, details: message });
    close();
  }

  /** In good order: the client opens another stream. */
  function finish(): void {
    if (open) call.end();
    close();
  }

  function close(): void {
    if (!open) return;
    open = false;
    unwatch?.();
    alarm.cancel();
    cancelUntil?.();
    fanout.cancel(takeSnapshot);
    deps.onClose();
  }

  const { until } = deps;
  const cancelUntil = until === undefined ? undefined : clock.after(Math.max(0, until - clock.now()), finish);
  call.on("cancelled", close);
  call.on("close", close);
  call.on("error", close);
  const wire = createWire(call, deps.maxBytes, { onMessage: onRequest, onEnd: finish, onDrain });
}
