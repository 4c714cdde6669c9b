/** `npm run docs:commands`: writes scripts/README.md from the table of commands. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { commands, groups, plainCommands } from './commands.mjs';

const rows = [
  ...Object.entries(commands).map(([name, { group, summary }]) => ({ name, group, summary })),
  ...Object.entries(plainCommands).map(([name, [group, summary]]) => ({ name, group, summary })),
];
const command = (name) => (['start', 'test'].includes(name) ? `npm ${name}` : `npm run ${name}`);
const tables = Object.entries(groups).map(([group, title]) => {
  const own = rows.filter((row) => row.group === group).sort((a, b) => (a.name < b.name ? -1 : 1));
  const lines = own.map(({ name, summary }) => `| \`${command(name)}\` | ${summary} |`);
  return `## ${title}\n\n| command | what it does |\n|---|---|\n${lines.join('\n')}\n`;
});

/** The whole page. */
export const page = `# Commands

Written by \`npm run docs:commands\` from [commands.mjs](commands.mjs) and [tool-commands.mjs](tool-commands.mjs); a test compares it and
package.json with them. Arguments follow \`--\`, and \`-- --help\` lists them.

${tables.join('\n')}
## Other files here

| file | used by |
|---|---|
| \`run.mjs\`, \`setup.mjs\`, \`usage.mjs\`, \`transpile.mjs\` | the commands: set-up of the checkout, arguments, compilation |
| \`check-tour.mjs\` | \`.ci/run\`: runs the commands of the README's tour and compares what they print |
| \`container-entry.sh\`, \`healthcheck.mjs\` | the container image |
| \`render/\` | the renderer of the sample clips, also used by tests, benchmarks and evaluation |
`;

if (process.argv[1] === import.meta.filename)
  writeFileSync(path.join(import.meta.dirname, 'README.md'), page);
