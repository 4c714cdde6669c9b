import { copyFile, link } from 'node:fs/promises';

/** Gives a file a second name, or copies it where that is not possible, such as on another file system. */
export async function linkOrCopy(source: string, target: string): Promise<void> {
  await link(source, target).catch(() => copyFile(source, target));
}
