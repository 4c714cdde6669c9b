/** A folder that is empty, and its removal with everything in it. */
export interface UploadFolder {
  readonly path: string;
  remove(): Promise<void>;
}
