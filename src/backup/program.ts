import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { AppError } from '../errors/app-error.js';

/** A program to run. */
export interface ProgramRun {
  readonly command: string;
  /** Never secrets: other accounts of the machine can read them. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Receives each line of the output instead of having it collected. */
  readonly onLine?: (line: string) => void;
  /** How to install the program. */
  readonly remedy: string;
}

/** How a program ended. */
export interface ProgramEnd {
  /** Exit status; null when a signal ended it. */
  readonly status: number | null;
  readonly output: string;
  /** End of its messages. */
  readonly messages: string;
}

const MAX_MESSAGES_LENGTH = 16_384;
/** A manifest or a list of snapshots; longer outputs are read line by line. */
const MAX_OUTPUT_LENGTH = 64 * 2 ** 20;

/**
 * Runs a program to its end.
 * @throws AppError BACKUP_PROGRAM_MISSING with the remedy
 */
export async function runProgram({ command, args, env, onLine, remedy }: ProgramRun): Promise<ProgramEnd> {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let messages = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    messages = (messages + text).slice(-MAX_MESSAGES_LENGTH);
  });
  if (onLine) createInterface({ input: child.stdout }).on('line', onLine);
  else {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > MAX_OUTPUT_LENGTH) child.kill('SIGKILL');
    });
  }
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) => {
      const message = `${command} could not be run (${'code' in cause ? String(cause.code) : cause.message}). ${remedy}`;
      reject(new AppError('BACKUP_PROGRAM_MISSING', { message, details: { command }, cause }));
    });
    child.once('close', resolve);
  });
  return { status, output, messages: messages.trim() };
}

/** The last lines of a program's messages, in one line. */
export const lastMessages = ({ messages, status }: ProgramEnd): string =>
  messages.split('\n').slice(-4).join(' ').trim() || `exit status ${String(status)}`;
