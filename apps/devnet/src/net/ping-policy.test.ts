import { Duplex } from "node:stream";

import { FLAG, FRAME } from "./http2-frames";
import { enforcePingPolicy } from "./ping-policy";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

function frame(type: number, streamId: number, flags = 0, payload = Buffer.alloc(type === FRAME.ping ? 8 : 0)): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

/** One connection: what the client sends, and what it gets. */
class Connection {
  nowMs = 0;
  readonly #toClient: Buffer[] = [];
  readonly #policed: Duplex;
  readonly #socket: Duplex;

  constructor(isAllowedWithoutCalls = false) {
    this.#socket = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        this.#toClient.push(chunk);
        done();
      },
    });
    this.#policed = enforcePingPolicy(this.#socket, {
      minIntervalMs: 5_000,
      isAllowedWithoutCalls,
      nowMs: () => this.nowMs,
    });
    this.#policed.on("error", () => undefined);
    this.#policed.resume();
    this.receive(PREFACE);
  }

  receive(bytes: Buffer): void {
    this.#socket.emit("data", bytes);
  }

  ping(count: number, everyMs: number): void {
    for (let index = 0; index < count; index += 1) {
      this.receive(frame(FRAME.ping, 0));
      this.nowMs += everyMs;
    }
  }

  answer(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => this.#policed.write(bytes, () => resolve()));
  }

  get isRefused(): boolean {
    return Buffer.concat(this.#toClient).includes("too_many_pings");
  }
}

describe("the ping policy of grpc-go", () => {
  it("bears the pings of a client that keeps the interval while it has a call", () => {
    const connection = new Connection();
    connection.receive(frame(FRAME.headers, 1));
    connection.ping(10, 5_000);
    expect(connection.isRefused).toBe(false);
  });

  it("refuses the third ping in excess, however the bytes are cut up", () => {
    const connection = new Connection();
    connection.receive(frame(FRAME.headers, 1));
    for (const byte of Buffer.concat([1, 2, 3, 4].map(() => frame(FRAME.ping, 0)))) connection.receive(Buffer.of(byte));
    expect(connection.isRefused).toBe(true);
  });

  it("counts every ping without a call as one too many, unless those are allowed", () => {
    const [strict, lenient] = [new Connection(), new Connection(true)];
    for (const connection of [strict, lenient]) connection.ping(4, 30_000);
    expect([strict.isRefused, lenient.isRefused]).toEqual([true, false]);
  });

  it("takes a call for over when its answer has ended", async () => {
    const connection = new Connection();
    connection.receive(frame(FRAME.headers, 1));
    await connection.answer(frame(FRAME.headers, 1, FLAG.endStream));
    connection.ping(5, 30_000);
    expect(connection.isRefused).toBe(true);
  });

  it("forgives what came before it last sent something of a call", async () => {
    const connection = new Connection();
    connection.receive(frame(FRAME.headers, 1));
    for (let count = 0; count < 5; count += 1) {
      connection.ping(3, 0);
      await connection.answer(frame(FRAME.data, 1));
    }
    expect(connection.isRefused).toBe(false);
  });

  it("does not count the client's answers to pings of the server", () => {
    const connection = new Connection();
    for (let count = 0; count < 10; count += 1) connection.receive(frame(FRAME.ping, 0, FLAG.ack));
    expect(connection.isRefused).toBe(false);
  });
});
