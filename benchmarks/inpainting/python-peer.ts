import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';

/** Root of the checkout. */
export const ROOT = path.resolve(import.meta.dirname, '..', '..', '..');

/** Passes `job` as JSON to a Python script of the checkout and returns the JSON that it prints. */
export async function askPython(python: string, script: string, job: object): Promise<unknown> {
  const file = path.join(ROOT, script);
  const child = spawn(python, [file], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(job));
  const answer = await text(child.stdout);
  if (answer === '') throw new Error(`${script} gave no answer; is opencv-python-headless installed?`);
  return JSON.parse(answer);
}
