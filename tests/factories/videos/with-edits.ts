/** A piece of a track that is played: seconds of it from a time on, or of a pause before the next one. */
export interface Edit {
  readonly seconds: number;
  /** Null for a pause. */
  readonly from: number | null;
}

/** Units per second of the movie and of the track in a clip of FFmpeg at 25 frames per second. */
const MOVIE_UNITS = 1000;
const TRACK_UNITS = 12_800;
/** Boxes of boxes down to the edit list. */
const PARENTS: ReadonlySet<string> = new Set(['moov', 'trak', 'edts']);

/** An MP4 of one track, with its index at the end, that plays these pieces in turn (ISO/IEC 14496-12, section 8.6.6). */
export function withEdits(mp4: Buffer, edits: readonly Edit[]): Buffer {
  const boxes: Buffer[] = [];
  for (let at = 0; at < mp4.length; at += mp4.readUInt32BE(at)) {
    const type = mp4.toString('latin1', at + 4, at + 8);
    const content = mp4.subarray(at + 8, at + mp4.readUInt32BE(at));
    if (type === 'elst') boxes.push(box(type, listOf(edits)));
    else boxes.push(box(type, PARENTS.has(type) ? withEdits(content, edits) : content));
  }
  return Buffer.concat(boxes);
}

function box(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + content.length, 0);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, content]);
}

function listOf(edits: readonly Edit[]): Buffer {
  const list = Buffer.alloc(8 + 12 * edits.length);
  list.writeUInt32BE(edits.length, 4);
  edits.forEach(({ seconds, from }, index) => {
    const at = 8 + 12 * index;
    list.writeUInt32BE(Math.round(seconds * MOVIE_UNITS), at);
    list.writeInt32BE(from === null ? -1 : Math.round(from * TRACK_UNITS), at + 4);
    // Normal speed.
    list.writeUInt32BE(0x1_00_00, at + 8);
  });
  return list;
}
