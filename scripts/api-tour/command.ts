import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a command line in the checkout. @returns its exit code, and what it wrote to both outputs */
export async function runCommand(text: string): Promise<{ readonly code: number; readonly output: string }> {
  const child = spawn('sh', ['-c', text], {
    env: { ...process.env, NO_COLOR: '1', npm_config_update_notifier: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}
