/**
 * The application of the cluster tests: a server that says who it is, and a client that calls others. It knows nothing of the mesh.
 * Port 8080 serves, port 9000 is for the test alone.
 */
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { hostname } from "node:os";

const VERSION = process.env["VERSION"] ?? "v1";
const me = `${VERSION} ${hostname()}`;

let failing = false;
const served = new Map<string, number>();

/** Answers `<version> <pod>`; 503 while it is told to fail. */
const app = createServer((incoming, response) => {
  const host = incoming.headers.host ?? "";
  served.set(host, (served.get(host) ?? 0) + 1);
  incoming.resume();
  response.writeHead(failing ? 503 : 200, { "content-type": "text/plain" });
  response.end(me);
});

interface Outcome {
  sent: number;
  /** By the first word of the body, or by what went wrong. */
  readonly answers: Record<string, number>;
  readonly bodies: Record<string, number>;
  readonly milliseconds: number[];
}

interface Target {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One request on a connection of its own or a kept one; resolves whatever happens. */
function call({ url, headers = {} }: Target, outcome: Outcome): Promise<void> {
  const start = performance.now();
  outcome.sent++;
  return new Promise((resolve) => {
    const done = (answer: string, body = answer): void => {
      outcome.answers[answer] = (outcome.answers[answer] ?? 0) + 1;
      outcome.bodies[body] = (outcome.bodies[body] ?? 0) + 1;
      if (outcome.milliseconds.length < 100_000) outcome.milliseconds.push(performance.now() - start);
      resolve();
    };
    const sent = request(url, { headers, timeout: 10_000 }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("error", (error) => done(`error ${error.message}`));
      response.on("end", () => {
        const { statusCode = 0 } = response;
        if (statusCode === 200) done(text.split(" ")[0] ?? "", text);
        else done(String(statusCode), `${statusCode} ${text.slice(0, 100)}`);
      });
    });
    sent.on("timeout", () => sent.destroy(new Error("timeout")));
    sent.on("error", (error: NodeJS.ErrnoException) => done(`error ${error.code ?? error.message}`));
    sent.end();
  });
}

function outcome(): Outcome {
  return { sent: 0, answers: {}, bodies: {}, milliseconds: [] };
}

async function callMany(target: Target & { readonly count: number; readonly parallel: number }): Promise<Outcome> {
  const result = outcome();
  const worker = async (): Promise<void> => {
    while (result.sent < target.count) await call(target, result);
  };
  await Promise.all(Array.from({ length: target.parallel }, worker));
  return result;
}

let load: { readonly result: Outcome; readonly stop: () => Promise<void> } | undefined;

/** Calls at an even rate until it is stopped. */
function startLoad(target: Target & { readonly rps: number }): void {
  const result = outcome();
  const open = new Set<Promise<void>>();
  const start = performance.now();
  const timer = setInterval(() => {
    const due = ((performance.now() - start) / 1000) * target.rps;
    while (result.sent < due) {
      const one = call(target, result);
      open.add(one);
      void one.then(() => open.delete(one));
    }
  }, 5);
  load = {
    result,
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
    },
  };
}

const controls: Readonly<Record<string, (body: never) => unknown>> = {
  "/fail": (body: { readonly failing: boolean }) => (failing = body.failing),
  "/served": () => Object.fromEntries(served),
  "/forget": () => served.clear(),
  "/call": callMany,
  "/load": startLoad,
  "/stop": async () => {
    const stopped = load;
    await stopped?.stop();
    return stopped?.result;
  },
  "/progress": () => load && { sent: load.result.sent, answers: load.result.answers },
};

const control = createServer((incoming, response) => {
  respond(incoming, response).catch((error: unknown) => {
    response.writeHead(500);
    response.end(String(error));
  });
});

async function respond(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = "";
  for await (const chunk of incoming as AsyncIterable<Buffer>) text += chunk.toString();
  const found = controls[incoming.url ?? ""];
  const answer = await found?.(JSON.parse(text || "{}") as never);
  response.writeHead(found ? 200 : 404, { "content-type": "application/json" });
  response.end(JSON.stringify(answer ?? null));
}

app.listen(8080);
control.listen(9000);

/** In order: what is open is answered, and what is idle is closed. */
function end(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

process.on("SIGTERM", () => {
  setTimeout(() => process.exit(0), 5000).unref();
  void end(app).then(() => process.exit(0));
});

// A job: call once, and end.
const once = process.env["CALL_ONCE"];
if (once !== undefined) {
  const result = await callMany({ url: once, count: 1, parallel: 1 });
  console.log(JSON.stringify(result.answers));
  process.exit("200" in result.answers || Object.keys(result.answers).some((answer) => answer.startsWith("v")) ? 0 : 1);
}
