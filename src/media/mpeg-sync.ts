/** Sizes of packets: plain, with a time stamp of four bytes before them (M2TS), and with error correction after them. */
const PACKET_BYTES = [188, 192, 204] as const;
const SYNC_BYTE = 0x47;
/** Fewer packets in a row may be a coincidence. */
const MIN_PACKETS = 5;

/**
 * Whether a file begins within a transport stream (ISO/IEC 13818-1): recorders that follow a broadcast begin and end
 * anywhere, also in the middle of a packet.
 */
export function isTransportStream(head: Buffer): boolean {
  return PACKET_BYTES.some((bytes) =>
    Array.from({ length: bytes }, (_, first) => first).some((first) => isInStep(head, first, bytes)),
  );
}

function isInStep(head: Buffer, first: number, bytes: number): boolean {
  if (head.length < first + MIN_PACKETS * bytes) return false;
  for (let at = first; at < head.length; at += bytes) if (head[at] !== SYNC_BYTE) return false;
  return true;
}

const START_CODE = Buffer.from([0, 0, 1]);
/** Start codes of packs, and the first one of packets with their length, such as E0 for video. */
const [PACK, FIRST_PACKET] = [0xba, 0xbb];
/** Bytes of a pack header of MPEG-1, and of MPEG-2 before its stuffing. */
const PACK_BYTES = { mpeg1: 12, mpeg2: 14 } as const;
const PACKET_HEADER_BYTES = 6;

/**
 * Whether a program stream (ISO/IEC 13818-1) begins somewhere in the head of a file, as in a piece cut from a
 * recording: a pack or packet with the next one directly behind it.
 */
export function hasProgramStream(head: Buffer): boolean {
  for (let at = head.indexOf(START_CODE); at >= 0; at = head.indexOf(START_CODE, at + 1)) {
    const next = isUnit(head, at) ? at + unitBytes(head, at) : at;
    if (next > at && isUnit(head, next)) return true;
  }
  return false;
}

/** Whether a pack or a packet begins at `at`; start codes below are of the video itself. */
const isUnit = (head: Buffer, at: number): boolean =>
  at + PACK_BYTES.mpeg2 <= head.length && head.readUIntBE(at, 3) === 1 && head[at + 3] >= PACK;

/** Bytes of a pack header or packet; 0 when it is none. */
function unitBytes(head: Buffer, at: number): number {
  if (head[at + 3] >= FIRST_PACKET) return PACKET_HEADER_BYTES + head.readUInt16BE(at + 4);
  if (head[at + 4] >> 4 === 0b0010) return PACK_BYTES.mpeg1;
  const stuffing = head[at + PACK_BYTES.mpeg2 - 1] & 0b111;
  return head[at + 4] >> 6 === 0b01 ? PACK_BYTES.mpeg2 + stuffing : 0;
}
