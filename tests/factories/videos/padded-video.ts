/** An MP4 of exactly `bytes` bytes: the video, then a box that players skip, filled with bytes of the given value. */
export function paddedVideo(video: Uint8Array, bytes: number, fill = 0): Buffer {
  const padding = Buffer.alloc(bytes - video.length, fill);
  padding.writeUInt32BE(padding.length, 0);
  padding.write('free', 4, 'latin1');
  return Buffer.concat([video, padding]);
}
