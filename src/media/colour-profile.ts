/** Offset of the tag table in an ICC profile. */
const TAG_TABLE = 128;

/**
 * Description of an ICC profile, such as `Display P3`.
 * @returns null when it has none that can be read
 */
export function profileName(icc: Buffer): string | null {
  try {
    const count = Math.min(icc.readUInt32BE(TAG_TABLE), 100);
    for (let entry = TAG_TABLE + 4; entry < TAG_TABLE + 4 + 12 * count; entry += 12) {
      if (icc.toString('latin1', entry, entry + 4) !== 'desc') continue;
      const at = icc.readUInt32BE(entry + 4);
      return printable(textOf(icc.subarray(at, at + icc.readUInt32BE(entry + 8))));
    }
  } catch {
    // A broken profile has no description; colour management reports what is wrong with it.
  }
  return null;
}

/**
 * Profiles of version 2 store the text as ASCII, those of version 4 as UTF-16 in several languages, of which
 * the first is used.
 */
function textOf(tag: Buffer): string {
  if (tag.toString('latin1', 0, 4) !== 'mluc') return tag.toString('latin1', 12, 12 + tag.readUInt32BE(8));
  const [bytes, at] = [tag.readUInt32BE(20), tag.readUInt32BE(24)];
  return Buffer.from(tag.subarray(at, at + bytes))
    .swap16()
    .toString('utf16le');
}

function printable(text: string): string | null {
  const shown = text.replaceAll(/[^\x20-\x7e]/g, '').trim();
  return shown === '' ? null : shown.slice(0, 60);
}
