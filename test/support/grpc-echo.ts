/** A gRPC service of one unary and one streaming method under several names, without a schema: messages are texts. */
import {
  Client,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
} from "@grpc/grpc-js";

const SERVICES = ["shop.v1.Checkout", "shop.v1.CheckoutAdmin", "shop.v2.Checkout"];

const serialize = (text: string): Buffer => Buffer.from(text);
const deserialize = (bytes: Buffer): string => bytes.toString();

function method(service: string, name: string, stream: boolean): MethodDefinition<string, string> {
  return {
    path: `/${service}/${name}`,
    requestStream: stream,
    responseStream: stream,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  };
}

export interface GrpcEcho {
  readonly port: number;
  close(): void;
}

/** Answers `Pay`, `Refund` and each message of `Watch` with the name. */
export async function startGrpcEcho(name: string, address: string): Promise<GrpcEcho> {
  const server = new Server();
  for (const service of SERVICES) {
    server.addService(
      {
        Pay: method(service, "Pay", false),
        Refund: method(service, "Refund", false),
        Watch: method(service, "Watch", true),
      },
      {
        Pay: (_: unknown, done: (error: null, value: string) => void) => done(null, name),
        Refund: (_: unknown, done: (error: null, value: string) => void) => done(null, name),
        Watch(stream: ServerDuplexStream<string, string>) {
          stream.on("data", () => stream.write(name));
          stream.on("end", () => stream.end());
          stream.on("error", () => stream.destroy());
        },
      },
    );
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${address}:0`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, close: () => server.forceShutdown() };
}

export interface GrpcClient {
  /** Calls `package.Service/Method`. Rejects with the status that the caller got. */
  call(path: string): Promise<string>;
  /** Opens a stream of `package.Service/Watch`. */
  watch(service: string): GrpcStream;
  close(): void;
}

export interface GrpcStream {
  /** Sends a message and resolves to who answered it. */
  ask(): Promise<string>;
  end(): void;
}

/** @param authority the service that is meant; the connection goes to `port` of loopback */
export function grpcClient(port: number, authority: string): GrpcClient {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { "grpc.default_authority": authority });
  const deadline = (): { deadline: number } => ({ deadline: Date.now() + 10_000 });
  return {
    call: (path) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          `/${path}`,
          serialize,
          deserialize,
          "please",
          new Metadata(),
          deadline(),
          (error, value) => (error ? reject(error) : resolve(value ?? "")),
        );
      }),
    watch(service) {
      const stream = client.makeBidiStreamRequest(`/${service}/Watch`, serialize, deserialize);
      const answers: string[] = [];
      let failed: Error | undefined;
      let wake: (() => void) | undefined;
      stream.on("data", (text: string) => {
        answers.push(text);
        wake?.();
      });
      stream.on("error", (error) => {
        failed = error;
        wake?.();
      });
      return {
        async ask() {
          const woken = new Promise<void>((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error("no answer on the stream")), 10_000);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
          if (!failed) {
            stream.write("ping");
            await woken;
          }
          const answer = answers.shift();
          if (answer === undefined) throw failed ?? new Error("the stream ended");
          return answer;
        },
        end: () => stream.end(),
      };
    },
    close: () => client.close(),
  };
}
