import { createLogger, type Logger, type LoggerOptions } from "./logger";
import type { Life } from "./process";

/** LOG_LEVEL, LOG_FORMAT and LOG_DIR as the configuration gives them. */
export interface LogSettings {
  readonly logLevel: LoggerOptions["level"];
  readonly logFormat: LoggerOptions["format"];
  readonly logDirectory: LoggerOptions["directory"];
}

/** The log of a process, closed by its life. `service` stands in every line as `logger`. */
export function openProcessLogger(service: string, settings: LogSettings, life: Pick<Life, "onStop">): Logger {
  const { logLevel: level, logFormat: format, logDirectory: directory } = settings;
  const logger = createLogger({
    service,
    ...(level !== undefined && { level }),
    ...(format !== undefined && { format }),
    directory,
  });
  life.onStop("log", () => logger.close());
  return logger;
}
