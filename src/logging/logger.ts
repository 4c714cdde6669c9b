import { EventEmitter } from 'node:events';
import path from 'node:path';
import winston from 'winston';
import DailyRotateFile from 'winston-daily-rotate-file';
import { escapeHidden } from '../domain/hidden-characters.js';
import { oncePerOutage, type OutageState } from './database-outage.js';
import { logContext } from './log-context.js';
import { redact, redactText } from './redact.js';

/** Fields of a log line; errors go into `err`, never into the message. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Levels: error = a person must act, warn = degraded or recovered by itself, info = lifecycle events and one line per
 * job, debug = everything else.
 */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to all lines. */
  child(fields: LogFields): Logger;
}

/** The logger of a process; `close` waits until its files are written. */
export interface ProcessLogger extends Logger {
  close(): Promise<void>;
}

/** Log destinations and format of a process. */
export interface LoggerOptions {
  /** Name of the process, used in file names: `api`, `worker`. */
  readonly process: string;
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  /** Folder of the daily files; without it no files are written. */
  readonly directory?: string;
  /** `text` for humans, `json` for log collectors, `none` for no output. */
  readonly console: 'text' | 'json' | 'none';
  /** Port of Redis when it is the queue backend, to distinguish its outages from those of the database. */
  readonly redisPort?: number;
  /** Days for which files are kept; by default 14, and 30 for those of jobs. */
  readonly keptDays?: number;
  /** Delay in milliseconds before a file that could not be written is reopened; default 10 000. */
  readonly reopenMs?: number;
}

/** Property in which winston formats store the final line. */
const LINE = Symbol.for('message');
const APP_LOG_DAYS = 14;
const JOB_LOG_DAYS = 30;
const MAX_FILE_SIZE = '50m';
const REOPEN_MS = 10_000;

/** Adds the context of the current request or job and redacts secrets; message and level stay separate. */
const prepared = winston.format((info) => {
  const { level, message, ...fields } = info;
  const safe = redact({ ...logContext(), ...fields });
  return Object.assign(info, safe, { level, message: redactText(String(message)) });
});

const jobLinesOnly = winston.format((info) => (info.jobId === undefined ? false : info));

/**
 * Escapes hidden characters: text from clients, files or programs must not control a terminal or change text direction.
 * In JSON the escape denotes the same character.
 */
const withoutHidden = winston.format((info) =>
  Object.assign(info, { [LINE]: escapeHidden(String(info[LINE])) }),
);
const asJson = winston.format.combine(winston.format.json(), withoutHidden());

const printed = winston.format.printf(({ level, message, timestamp, component, err, ...fields }) => {
  const clock = String(timestamp).slice(11, 19);
  const facts = Object.keys(fields).length > 0 ? ` ${JSON.stringify(fields)}` : '';
  const stack =
    typeof err === 'object' && err !== null && 'stack' in err ? `\n${indented(String(err.stack))}` : '';
  return `${clock} ${level.padEnd(5)} ${component === undefined ? '' : `${String(component)}: `}${oneLine(String(message))}${facts}${stack}`;
});
const asText = winston.format.combine(printed, withoutHidden());

/** Indents continuation lines, so that a line of a stack cannot pass for a log line. */
function indented(stack: string): string {
  return stack.replaceAll(/\n(?! )/g, '\n    ');
}

/** Escapes line ends in messages to prevent log injection. */
function oneLine(sentence: string): string {
  return sentence.replaceAll('\n', '\\n');
}

function dailyFile(options: LoggerOptions, kind: 'app' | 'jobs'): DailyRotateFile {
  const directory = options.directory ?? '.';
  const name = kind === 'app' ? options.process : `${options.process}-jobs`;
  return new DailyRotateFile({
    dirname: directory,
    filename: `${name}-%DATE%.log`,
    datePattern: 'YYYY-MM-DD',
    maxFiles: `${options.keptDays ?? (kind === 'app' ? APP_LOG_DAYS : JOB_LOG_DAYS)}d`,
    maxSize: MAX_FILE_SIZE,
    auditFile: path.join(directory, `.${name}-audit.json`),
    format: kind === 'app' ? asJson : winston.format.combine(jobLinesOnly(), asJson),
  });
}

/**
 * Adds a daily file. A stream is unusable after a write error, so it is replaced; otherwise a disk that was full for a
 * moment would end the log file for the rest of the day.
 */
function addDailyFile(logger: winston.Logger, options: LoggerOptions, kind: 'app' | 'jobs'): void {
  const file = dailyFile(options, kind);
  const stream: unknown = Reflect.get(file, 'logStream');
  let failed = false;
  const onError = (): void => {
    if (failed) return;
    failed = true;
    logger.remove(file);
    reopenLater(logger, options, kind);
  };
  if (stream instanceof EventEmitter) stream.on('error', onError);
  logger.add(file);
}

function reopenLater(logger: winston.Logger, options: LoggerOptions, kind: 'app' | 'jobs'): void {
  const reopen = (): void => {
    if (!logger.writable) return;
    try {
      addDailyFile(logger, options, kind);
    } catch {
      // The folder is missing or not writable; the console still receives the lines.
      reopenLater(logger, options, kind);
    }
  };
  setTimeout(reopen, options.reopenMs ?? REOPEN_MS).unref();
}

function consoleOf(options: LoggerOptions): winston.transport {
  return new winston.transports.Console({
    silent: options.console === 'none',
    stderrLevels: ['error', 'warn', 'info', 'debug'],
    format: options.console === 'json' ? asJson : asText,
  });
}

function wrap(logger: winston.Logger): Logger {
  // Winston would format lines below the level before discarding them.
  const at = (level: LoggerOptions['level']) => (message: string, fields?: LogFields) => {
    if (logger.isLevelEnabled(level)) logger.log(level, message, fields);
  };
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: (fields) => wrap(logger.child(fields)),
  };
}

/**
 * Creates the logger of a process: JSON lines in daily files (kept 14 days, job lines 30 days) and the console on
 * stderr.
 */
export function createLogger(options: LoggerOptions): ProcessLogger {
  const logger = winston.createLogger({
    level: options.level,
    format: winston.format.combine(
      oncePerOutage({ state: { loggedAt: new Map(), redisPort: options.redisPort } satisfies OutageState }),
      winston.format.timestamp(),
      prepared(),
    ),
    transports: [consoleOf(options)],
  });
  if (options.directory !== undefined) {
    addDailyFile(logger, options, 'app');
    addDailyFile(logger, options, 'jobs');
  }
  // A full disk or a removed log folder must not end the process; the console still receives the line.
  logger.on('error', () => undefined);
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      logger.once('finish', () => resolve());
      logger.end();
    });
  return { ...wrap(logger), close };
}

/** A logger that writes nothing, for tests and tools. */
export const silentLogger: Logger = {
  error: () => {},
  warn: () => {},
  info: () => {},
  debug: () => {},
  child: () => silentLogger,
};

const FLUSH_MS = 1_000;

/**
 * Returns an exit function that waits until the log files are written, at most a second; a second call exits
 * immediately.
 */
export function exitWithLogs(log: ProcessLogger): (code: number) => void {
  let exiting = false;
  return (code) => {
    if (exiting) process.exit(code);
    exiting = true;
    setTimeout(() => process.exit(code), FLUSH_MS);
    void log.close().then(() => process.exit(code));
  };
}
