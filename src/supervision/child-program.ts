/** A program and its arguments. */
export interface ChildProgram {
  readonly command: string;
  readonly args: readonly string[];
}

/** A module as a separate Node process. */
export const nodeProgram = (
  modulePath: string,
  {
    args = [],
    execArgv = [],
  }: { readonly args?: readonly string[]; readonly execArgv?: readonly string[] } = {},
): ChildProgram => ({ command: process.execPath, args: [...execArgv, modulePath, ...args] });
