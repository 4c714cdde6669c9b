/** A program and its arguments. */
export interface ChildProgram {
  readonly command: string;
  readonly args: readonly string[];
}

/** A module as a Node process of its own. */
export const nodeProgram = (
  modulePath: string,
  {
    args = [],
    execArgv = [],
  }: { readonly args?: readonly string[]; readonly execArgv?: readonly string[] } = {},
): ChildProgram => ({ command: process.execPath, args: [...execArgv, modulePath, ...args] });
