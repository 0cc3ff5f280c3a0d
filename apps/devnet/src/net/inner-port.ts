import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Duplex, pipeline } from "node:stream";

export interface InnerPort {
  /** Carries a connection on to the server, until either side ends. */
  carry(connection: Duplex): void;
  close(): Promise<void>;
}

/**
 * A way to an HTTP/2 server of this process over a real socket. Node's HTTP/2 over a stream made in JavaScript stops in the middle of
 * large replies (seen with 20.20), so such a stream is carried over one.
 */
export async function openInnerPort(onConnection: (socket: Socket) => void): Promise<InnerPort> {
  const folder = await mkdtemp(path.join(tmpdir(), "devnet-"));
  const file = path.join(folder, "inner");
  const server = createServer(onConnection);
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(file, resolve));
  return {
    carry(connection) {
      const socket = connect(file);
      // Either end takes the other along; an end by force is an ordinary end here.
      pipeline(connection, socket, connection, () => socket.destroy());
    },
    async close() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(folder, { recursive: true });
    },
  };
}
