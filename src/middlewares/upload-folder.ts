/** An empty temporary folder that can be removed with all its content. */
export interface UploadFolder {
  readonly path: string;
  remove(): Promise<void>;
}
