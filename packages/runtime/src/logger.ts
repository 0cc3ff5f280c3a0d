import { accessSync, constants, mkdirSync } from "node:fs";

import winston from "winston";

import { currentLogContext } from "./log-context";
import { redact, redactText } from "./redact";

export type LogFields = Readonly<Record<string, unknown>>;

/** Messages are constant texts; what varies goes into fields. An `error` field may hold the thrown thing itself. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with another `module`. */
  forModule(module: string): Logger;
  /** Resolves when everything written so far has left the process. */
  close(): Promise<void>;
}

export interface LoggerOptions {
  /** Name of the process, in every line as `logger`. */
  readonly service: string;
  readonly level?: "debug" | "info" | "warn" | "error";
  readonly format?: "json" | "pretty";
  /** Folder for `arkrelay.log` and `arkrelay_errors.log`, rotated; undefined = stdout only. */
  readonly directory?: string | undefined;
  /** Instead of stdout, for tests. */
  readonly stream?: NodeJS.WritableStream;
}

const FILE_BYTES_MAX = 50 * 1024 * 1024;
const FILES_MAX = 10;

/** JSON lines {timestamp, level, logger, message, module, request_id?, job_id?, session_id?, trace_id?, error?, …} with secrets redacted. */
export function createLogger(options: LoggerOptions): Logger {
  const line = options.format === "pretty" ? prettyLine : jsonLine;
  const transports: winston.transport[] = [
    options.stream === undefined
      ? new winston.transports.Console({ format: line })
      : new winston.transports.Stream({ stream: options.stream, format: line }),
  ];
  const fileProblem = addFiles(transports, options.directory);
  const base = winston.createLogger({ level: options.level ?? "info", transports, exitOnError: false });
  const logger = wrap({ base, isClosed: false }, options.service, "main");
  if (fileProblem !== undefined)
    logger.warn("no log files are written", { directory: options.directory, reason: fileProblem });
  return logger;
}

interface Sink {
  readonly base: winston.Logger;
  /** Known by ourselves, because winston's streams (readable-stream 3) do not tell that they have ended. */
  isClosed: boolean;
}

function wrap(sink: Sink, service: string, module: string): Logger {
  const write = (level: string, message: string, fields: LogFields | undefined): void => {
    // Redacting is the dear part: not for lines nobody will see.
    if (!sink.base.isLevelEnabled(level)) return;
    const line = { level, message: redactText(message), ...entry(service, module, fields) };
    // The life cycle's last lines come after everything it closed, this log too; winston would throw "write after end".
    if (sink.isClosed) process.stdout.write(`${toJsonLine(line)}\n`);
    else sink.base.log(line);
  };
  return {
    debug: (message, fields) => write("debug", message, fields),
    info: (message, fields) => write("info", message, fields),
    warn: (message, fields) => write("warn", message, fields),
    error: (message, fields) => write("error", message, fields),
    forModule: (name) => wrap(sink, service, name),
    close: () => closeLogger(sink),
  };
}

function entry(service: string, module: string, fields: LogFields | undefined): Record<string, unknown> {
  const { requestId, jobId, sessionId, traceId } = currentLogContext();
  return {
    ...(fields === undefined ? {} : (redact(fields) as object)),
    timestamp: new Date().toISOString(),
    logger: service,
    module,
    ...(requestId === undefined ? {} : { request_id: requestId }),
    ...(jobId === undefined ? {} : { job_id: jobId }),
    ...(sessionId === undefined ? {} : { session_id: sessionId }),
    ...(traceId === undefined ? {} : { trace_id: traceId }),
  };
}

function closeLogger(sink: Sink): Promise<void> {
  if (sink.isClosed) return Promise.resolve();
  sink.isClosed = true;
  const { base } = sink;
  return new Promise((resolve) => {
    base.once("finish", () => resolve());
    base.end();
  });
}

/** A folder that cannot be written is no reason not to start: stdout has everything. Returns why there are no files. */
function addFiles(transports: winston.transport[], directory: string | undefined): string | undefined {
  if (directory === undefined) return undefined;
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const rotation = {
    dirname: directory,
    maxsize: FILE_BYTES_MAX,
    maxFiles: FILES_MAX,
    tailable: true,
    format: jsonLine,
  };
  transports.push(new winston.transports.File({ ...rotation, filename: "arkrelay.log" }));
  transports.push(new winston.transports.File({ ...rotation, filename: "arkrelay_errors.log", level: "error" }));
  return undefined;
}

type Line = Record<string, unknown> & { readonly level: string; readonly message: unknown };

function toJsonLine(line: Line): string {
  const { timestamp, level, logger, message, module, ...rest } = line;
  return JSON.stringify({ timestamp, level, logger, message, module, ...rest });
}

const jsonLine = winston.format.printf((info: Line) => toJsonLine(info));

/** In a file or a pipe the codes would only stand between the reader and the words. */
const COLOURS: Readonly<Record<string, string>> = process.stdout.isTTY
  ? { debug: "\u001b[90m", info: "\u001b[36m", warn: "\u001b[33m", error: "\u001b[31m" }
  : {};
const COLOUR_END = process.stdout.isTTY ? "\u001b[0m" : "";

const prettyLine = winston.format.printf((info: Line) => {
  const { timestamp, level, logger, message, module, ...rest } = info;
  const { stack, ...error } = (typeof rest["error"] === "object" ? rest["error"] : {}) as { stack?: string };
  const fields = {
    ...rest,
    ...(rest["error"] === undefined ? {} : { error: stack === undefined ? rest["error"] : error }),
  };
  const details = Object.keys(fields).length === 0 ? "" : ` ${JSON.stringify(fields)}`;
  const colour = COLOURS[level] ?? "";
  const time = String(timestamp).slice(11, 23);
  return `${time} ${colour}${level.padEnd(5)}${COLOUR_END} ${String(logger)}/${String(module)} ${String(message)}${details}${stack === undefined ? "" : `\n${stack}`}`;
});
