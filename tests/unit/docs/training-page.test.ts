import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const training = path.resolve('training');
const page = readFileSync(path.join(training, 'README.md'), 'utf8');

describe('training/README.md', () => {
  it('has a row for every folder', () => {
    const folders = readdirSync(training, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(path.join(training, entry.name, '__init__.py')))
      .map(({ name }) => name);
    expect(folders.length).toBeGreaterThan(3);
    for (const folder of folders) expect(page).toContain(`| \`${folder}\` |`);
  });

  it('names modules and options that exist', () => {
    // The options that all trainers have are those of the loop that they share.
    const shared = readFileSync(path.join(training, 'training_loop.py'), 'utf8');
    const lines = [...page.matchAll(/python -m ((?!pytest|venv)\w+)\.(\w+)(.*)/g)];
    expect(lines.length).toBeGreaterThan(8);
    for (const [, folder, module, rest] of lines) {
      const source = readFileSync(path.join(training, folder, `${module}.py`), 'utf8');
      for (const [option] of rest.matchAll(/--[a-z-]+/g)) expect(source + shared).toContain(`'${option}'`);
    }
    for (const [, option] of page.matchAll(/^\| `(--[a-z-]+)/gm)) expect(shared).toContain(`'${option}'`);
  });

  it.each(['cns', 'inpainting', 'shapes', 'shapes_detection'])('has the effort of models/%s', (model) => {
    const file = path.resolve('models', model, 'training.json');
    const { updates, seconds } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
    // Digits in groups of three where there are five or more.
    const shown = (value: number) => String(value).replace(/^(\d{2,3})(\d{3})$/, '$1 $2');
    expect(page).toContain(`${shown(updates)} updates`);
    expect(page).toContain(`${shown(seconds)} s`);
  });
});
