const TO_MP4 = 'ffmpeg -i input.EXT -c:v libx264 -crf 18 -pix_fmt yuv420p -c:a aac output.mp4';
const AS_ZIP = 'unpack it and make a ZIP of what is inside';

/** Unsupported types of videos and archives by their usual extension. */
const NAMES: Readonly<Record<string, readonly [name: string, target: 'mp4' | 'zip']>> = {
  asf: ['a Windows Media video (WMV or ASF)', 'mp4'],
  wmv: ['a Windows Media video (WMV or ASF)', 'mp4'],
  flv: ['a Flash video (FLV)', 'mp4'],
  swf: ['a Flash film (SWF)', 'mp4'],
  ogv: ['an Ogg video', 'mp4'],
  ogx: ['an Ogg file', 'mp4'],
  ogm: ['an Ogg video', 'mp4'],
  rm: ['a RealMedia video', 'mp4'],
  mxf: ['an MXF video', 'mp4'],
  ivf: ['a raw VP8, VP9 or AV1 stream (IVF)', 'mp4'],
  nut: ['a NUT video', 'mp4'],
  y4m: ['a raw video (YUV4MPEG2)', 'mp4'],
  h264: ['a raw H.264 or HEVC stream without a container', 'mp4'],
  m2v: ['a raw MPEG-1 or MPEG-2 stream without a container', 'mp4'],
  dv: ['a raw DV stream without a container', 'mp4'],
  '7z': ['a 7-Zip archive', 'zip'],
  rar: ['a RAR archive', 'zip'],
  tar: ['a tar archive', 'zip'],
  gz: ['a gzip archive', 'zip'],
  'tar.gz': ['a gzip archive', 'zip'],
  bz2: ['a bzip2 archive', 'zip'],
  xz: ['an XZ archive', 'zip'],
  zst: ['a Zstandard archive', 'zip'],
  lz: ['an lzip archive', 'zip'],
  lz4: ['an LZ4 archive', 'zip'],
  Z: ['a compress archive', 'zip'],
  cab: ['a Windows cabinet', 'zip'],
  ace: ['an ACE archive', 'zip'],
  arj: ['an ARJ archive', 'zip'],
  lzh: ['an LHA archive', 'zip'],
};

/**
 * Latin-1 text at the start of files without another signature, or with a header longer than the bytes that
 * are inspected.
 */
const STARTS: readonly (readonly [start: string, ending: string])[] = [
  ['\x30\x26\xb2\x75\x8e\x66\xcf\x11', 'wmv'],
  ['DKIF', 'ivf'],
  ['nut/multimedia container', 'nut'],
  ['YUV4MPEG2 ', 'y4m'],
  // Access unit delimiters and parameter sets of H.264 and HEVC.
  ['\0\0\0\x01\x09', 'h264'],
  ['\0\0\0\x01\x67', 'h264'],
  ['\0\0\0\x01\x27', 'h264'],
  ['\0\0\0\x01\x40\x01', 'h264'],
  ['\0\0\0\x01\x46\x01', 'h264'],
  ['\0\0\x01\xb3', 'm2v'],
  ['\x1f\x07\0', 'dv'],
];

/** The extension of an unsupported video by its first bytes; undefined for everything else. */
export function foreignVideoEnding(head: Uint8Array): string | undefined {
  const text = Buffer.from(head.subarray(0, 32)).toString('latin1');
  return STARTS.find(([start]) => text.startsWith(start))?.[1];
}

/** What an unsupported video or archive is and how to convert it; null for an unknown extension. */
export function describeForeignFile(ending: string): string | null {
  if (!Object.hasOwn(NAMES, ending)) return null;
  const [name, target] = NAMES[ending];
  const advice = target === 'mp4' ? `convert it: ${TO_MP4.replace('EXT', ending)}` : AS_ZIP;
  return `${name}, which is not supported; ${advice}`;
}
