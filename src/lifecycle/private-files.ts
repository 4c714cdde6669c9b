/** Nothing for the group, nothing for others: folders are 0700 and files 0600. */
const OWNER_ONLY = 0o077;

/** Makes everything that this process and its children create from now on (logs, media, keys, temporary files) private. */
export function createPrivateFiles(): void {
  process.umask(OWNER_ONLY);
}
