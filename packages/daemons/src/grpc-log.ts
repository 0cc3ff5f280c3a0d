import { setLogger } from "@grpc/grpc-js";

/** Where the lines of grpc-js go: the process's logger. */
export interface GrpcLogSink {
  readonly error: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly debug: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** What grpc-js writes when the daemon sent GOAWAY "too_many_pings"; it waits twice as long from then on. */
const TOO_MANY_PINGS = "rejected by server because of excess pings";

/** grpc-js writes to the console by itself. Once per process. */
export function routeGrpcLog(sink: GrpcLogSink): void {
  const write =
    (level: keyof GrpcLogSink) =>
    (...parts: unknown[]) => {
      const text = parts.map(String).join(" ");
      if (text.includes(TOO_MANY_PINGS)) {
        sink.error("a daemon drops our connection because of too many pings; raise GRPC_KEEPALIVE_SECONDS", {
          grpc: text,
        });
      } else sink[level]("grpc", { grpc: text });
    };
  setLogger({ error: write("error"), info: write("debug"), debug: write("debug") });
}
