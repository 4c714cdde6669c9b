/** Pattern of LIKE for texts that contain `part` as it is. */
export function containing(part: string): string {
  return `%${part.replaceAll(/[\\%_]/g, '\\$&')}%`;
}
