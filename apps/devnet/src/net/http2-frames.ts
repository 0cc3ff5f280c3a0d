/** Frame types and the one flag that matters here (RFC 9113, section 6). */
export const FRAME = { data: 0, headers: 1, rstStream: 3, ping: 6, goaway: 7 } as const;
export const FLAG = { endStream: 0x1, ack: 0x1 } as const;

export interface FrameHeader {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
}

const HEADER_BYTES = 9;

/** Finds the frame headers in one direction of an HTTP/2 connection, however its bytes are cut up. */
export class Http2FrameScanner {
  #header = Buffer.alloc(0);
  /** Bytes that are no header: first the client's preface, then each frame's payload. */
  #skip: number;

  constructor(
    prefaceBytes: number,
    private readonly onFrame: (frame: FrameHeader) => void,
  ) {
    this.#skip = prefaceBytes;
  }

  get isBetweenFrames(): boolean {
    return this.#skip === 0 && this.#header.length === 0;
  }

  scan(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      const part = chunk.subarray(at, at + HEADER_BYTES - this.#header.length);
      this.#header = Buffer.concat([this.#header, part]);
      at += part.length;
      if (this.#header.length === HEADER_BYTES) this.#take(this.#header);
    }
  }

  #take(header: Buffer): void {
    this.#header = Buffer.alloc(0);
    this.#skip = header.readUIntBE(0, 3);
    this.onFrame({
      type: header.readUInt8(3),
      flags: header.readUInt8(4),
      streamId: header.readUInt32BE(5) & 0x7fffffff,
    });
  }
}

/** RFC 9113, 7: "the endpoint detected that its peer is exhibiting a behavior that might be generating excessive load". */
const ENHANCE_YOUR_CALM = 0xb;

export function encodeGoaway(lastStreamId: number, debugText: string): Buffer {
  const debug = Buffer.from(debugText);
  const frame = Buffer.alloc(HEADER_BYTES + 8);
  frame.writeUIntBE(8 + debug.length, 0, 3);
  frame.writeUInt8(FRAME.goaway, 3);
  frame.writeUInt32BE(lastStreamId, HEADER_BYTES);
  frame.writeUInt32BE(ENHANCE_YOUR_CALM, HEADER_BYTES + 4);
  return Buffer.concat([frame, debug]);
}
