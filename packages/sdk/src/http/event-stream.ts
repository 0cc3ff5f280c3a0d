import { GatewayClientError, UnavailableError } from "../errors.js";
import { delay } from "../retry.js";
import type { CallAs, HttpTransport } from "./http-transport.js";

/** One server-sent event of the gateway. */
export interface StreamEvent {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: unknown;
}

const RESUME_DELAY_MS = 1_000;

/**
 * Reads an SSE route with fetch and the normal headers, and resumes after a broken connection from the last event id.
 * Ends after `done`, when the signal aborts, or with the refusal of the gateway.
 */
export async function* readEventStream(
  transport: HttpTransport,
  path: string,
  signal: AbortSignal,
  as?: CallAs,
): AsyncGenerator<StreamEvent, void, undefined> {
  let lastId: string | undefined;
  while (!signal.aborted) {
    try {
      const resume: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
      const response = await transport.open(path, { accept: "text/event-stream", ...resume }, signal, as);
      for await (const event of parseEvents(response, signal)) {
        lastId = event.id ?? lastId;
        yield event;
        if (event.event === "done") return;
      }
    } catch (error) {
      if (signal.aborted) return;
      // A refusal stays one; a gateway that is restarting or a cut connection is a reason to come back.
      if (error instanceof GatewayClientError && !(error instanceof UnavailableError)) throw error;
    }
    await delay(RESUME_DELAY_MS, signal).catch(() => undefined);
  }
}

async function* parseEvents(response: Response, signal: AbortSignal): AsyncGenerator<StreamEvent, void, undefined> {
  if (response.body === null) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  try {
    while (!signal.aborted) {
      const { value, done } = await reader.read();
      if (done) return;
      buffer += value.replaceAll("\r\n", "\n");
      const blocks = buffer.split("\n\n");
      buffer = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parseBlock(block);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function parseBlock(block: string): StreamEvent | undefined {
  const fields = new Map<string, string[]>();
  for (const line of block.split("\n")) {
    if (line === "" || line.startsWith(":")) continue;
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    fields.set(name, [...(fields.get(name) ?? []), value]);
  }
  const data = fields.get("data")?.join("\n");
  if (data === undefined) return undefined;
  return { id: fields.get("id")?.at(-1), event: fields.get("event")?.at(-1) ?? "message", data: parseJson(data) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
