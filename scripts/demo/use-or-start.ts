import type { Settings } from '../../src/config/settings.js';
import { folderHolder } from '../../src/lifecycle/folder-lock.js';
import { startStack, type Stack } from '../../src/stack.js';

/** Uses the server already running on the data folder, which is left running, or starts one for the demo. */
export async function useOrStart(
  settings: Settings,
  { say, signal }: { readonly say: (line: string) => void; readonly signal: AbortSignal },
): Promise<Pick<Stack, 'url' | 'stop'> & { readonly own: boolean }> {
  const holder = folderHolder(settings.folders.data);
  if (holder?.url) {
    say(`using the server that runs on ${settings.folders.data} already (process ${holder.pid})`);
    return { url: holder.url, own: false, stop: async () => undefined };
  }
  const stack = await startStack(settings, { say, signal });
  return { url: stack.url, own: true, stop: () => stack.stop() };
}
