import type { IncomingMessage } from "node:http";

import { AppError } from "@arkrelay/core/errors";
import { requireStorableJson } from "@arkrelay/core/http/storable-json";

const EMPTY = Buffer.alloc(0);

/** A stalled upload would hold its buffers for ever. */
const BODY_READ_MS_MAX = 30_000;

/**
 * The raw bytes of a body: NIP-98 signs exactly these, so they are kept before anything parses them.
 * Throws `payload_too_large`, and `unsupported_media_type` for a compressed body (a small one could unpack to gigabytes).
 */
export async function readBody(req: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const declared = req.headers["content-length"];
  if (declared === undefined && req.headers["transfer-encoding"] === undefined) return EMPTY;
  if (declared !== undefined && Number(declared) > bytesMax) throw tooLarge(bytesMax);
  const encoding = req.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    throw new AppError("unsupported_media_type", { message: "Content-Encoding must be identity." });
  }
  return collect(req, bytesMax);
}

function collect(req: IncomingMessage, bytesMax: number): Promise<Buffer> {
  let timer: NodeJS.Timeout | undefined;
  const body = new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    timer = setTimeout(() => {
      reject(new AppError("invalid_request", { message: "The body did not arrive in time." }));
    }, BODY_READ_MS_MAX);
    req.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bytesMax) chunks.push(chunk);
      else reject(tooLarge(bytesMax));
    });
    let isRead = false;
    req.on("end", () => {
      isRead = true;
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    // Also of a caller that went away: nobody is left to answer, but the pipeline has to end.
    req.on("close", () => {
      // Every request closes, and an error that nobody sees costs its stack trace.
      if (!isRead) reject(new AppError("invalid_request", { message: "The body ended early." }));
    });
    req.on("error", reject);
  });
  return body.finally(() => {
    clearTimeout(timer);
  });
}

function tooLarge(bytesMax: number): AppError {
  return new AppError("payload_too_large", { message: `The body may have at most ${String(bytesMax)} bytes.` });
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** JSON value of a body; no body at all means `{}`, so that schemas name the fields that are missing. */
export function parseJsonBody(raw: Buffer, contentType: string | undefined): unknown {
  if (raw.length === 0) return {};
  if (!isJson(contentType)) {
    throw new AppError("unsupported_media_type", { message: "Content-Type must be application/json." });
  }
  const value = parseText(raw);
  requireStorableJson(value);
  return value;
}

function parseText(raw: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(raw));
  } catch (error) {
    throw new AppError("invalid_json", { cause: error });
  }
}

function isJson(contentType: string | undefined): boolean {
  const [mediaType, ...parameters] = (contentType ?? "").toLowerCase().split(";");
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith("charset="));
  return mediaType?.trim() === "application/json" && (charset === undefined || /^charset="?utf-?8"?$/.test(charset));
}
