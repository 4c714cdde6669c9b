import { isRetryable, AppError } from '../../src/errors/app-error.js';
import type { ErrorCode } from '../../src/errors/codes.js';
import { FILE_CODES } from '../../src/errors/codes/files.js';
import { INTERNAL_CODES } from '../../src/errors/codes/internal.js';
import { ISSUE_CODES } from '../../src/errors/codes/issues.js';
import { JOB_CODES } from '../../src/errors/codes/jobs.js';
import { NETWORK_CODES } from '../../src/errors/codes/networks.js';
import { REQUEST_CODES } from '../../src/errors/codes/requests.js';
import { STARTUP_CODES } from '../../src/errors/codes/startup.js';
import type { ErrorMeaning } from '../../src/errors/error-kind.js';
import { STATUS_OF_KIND } from '../../src/middlewares/problem.js';

type Codes = Readonly<Partial<Record<ErrorCode, ErrorMeaning>>>;

/** The page's sections: heading, what its codes have in common, and the codes. */
const SECTIONS: readonly (readonly [heading: string, about: string, codes: Codes])[] = [
  ['Requests', 'Requests of all kinds, accounts, credits and connections.', REQUEST_CODES],
  [
    'Files',
    'Uploaded videos, images, masks and archives. A file that is refused is not stored and costs nothing.',
    FILE_CODES,
  ],
  ['Networks', 'Networks, the classification of images, and the Open Inference protocol.', NETWORK_CODES],
  [
    'Jobs',
    'Creating jobs, jobs that have failed (`error.code`), and results. The hold of a failed job is released: it costs nothing.',
    JOB_CODES,
  ],
  [
    'Our mistakes',
    'These answer 500, with a message that says nothing, or fail a job. Please report them with the `requestId`.',
    INTERNAL_CODES,
  ],
];

const rowsOf = (codes: Codes): (readonly [string, ErrorMeaning])[] => Object.entries(codes);

/** The code with the anchor that `type` of an error leads to. */
const anchored = (code: string): string => `<a id="${code}"></a>\`${code}\``;

function retried(code: string): string {
  return isRetryable(new AppError(code as ErrorCode, { message: '' })) ? 'yes' : 'no';
}

const section = ([heading, about, codes]: (typeof SECTIONS)[number]): string => `## ${heading}

${about}

| code | status | title | what to do | retried |
|---|---|---|---|---|
${rowsOf(codes)
  .map(
    ([code, { kind, title, hint }]) =>
      `| ${anchored(code)} | ${String(STATUS_OF_KIND[kind])} | ${title} | ${hint} | ${retried(code)} |`,
  )
  .join('\n')}
`;

/** `docs/errors.md`, from the tables in `src/errors/codes`. */
export function errorsPage(): string {
  return `# Errors

Made by \`npm run docs:errors\` from the tables in \`src/errors/codes\`: change those, not this page. A test fails when the page is out of date.

Every error has a \`code\` with one meaning, wherever it comes from. [How errors look](api.md#errors) is described with the API; \`type\` of an
error leads to its row in \`/api/docs\`, which is the same as here. \`retried\` says whether a job that fails with the code is tried again, up to
three attempts.

${SECTIONS.map(section).join('\n')}
## Starting and commands

Printed by \`npm start\`, the api, the worker and the scripts, which end with exit status 1.

| code | title | what to do |
|---|---|---|
${rowsOf(STARTUP_CODES)
  .map(([code, { title, hint }]) => `| ${anchored(code)} | ${title} | ${hint} |`)
  .join('\n')}

## Inside of answers

\`errors\` of an answer names every problem with the input, and \`files\` of an upload every file that was left out, by one of the codes above
or one of these.

| code | meaning |
|---|---|
${Object.entries(ISSUE_CODES)
  .map(([code, meaning]) => `| \`${code}\` | ${meaning} |`)
  .join('\n')}
`;
}
